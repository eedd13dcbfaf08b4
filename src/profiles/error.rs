//! Why there is no such profile.

use crate::rules::{Diagnostics, FileError, did_you_mean};

/// Why a profile can't be had.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// No profile has that name.
    #[error("there is no profile `{name}`; {}see `vsps profiles list`", did_you_mean(.nearest))]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// The names nearest to it, nearest first; maybe none.
        nearest: Vec<String>,
    },
    /// The file can't be used.
    #[error(transparent)]
    File(#[from] FileError),
}

impl From<Diagnostics> for ProfileError {
    fn from(faults: Diagnostics) -> Self {
        Self::File(FileError::Invalid(faults))
    }
}

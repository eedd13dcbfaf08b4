//! Errors of finding and reading profiles.

use crate::document::{Diagnostics, FileError, did_you_mean};

/// An error of finding or reading a profile.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// No profile has that name.
    #[error("there is no profile `{name}`; {}see `vsps profiles list`", did_you_mean(.nearest))]
    Unknown {
        /// The requested name.
        name: String,
        /// The most similar names, best first; may be empty.
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

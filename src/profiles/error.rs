//! Why there is no such profile.

use crate::rules::Diagnostics;
use std::{io, path::PathBuf};

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
    /// The file can't be read.
    #[error("{}: can't be read: {cause}; write the path of a profile file", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The file is no profile's size.
    #[error("{}: is larger than 1 MiB; a profile is a page of text", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The file's content is at fault.
    #[error(transparent)]
    Invalid(#[from] Diagnostics),
}

fn did_you_mean(nearest: &[String]) -> String {
    match nearest {
        [] => String::new(),
        names => {
            let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
            format!("did you mean {}? ", names.join(" or "))
        }
    }
}

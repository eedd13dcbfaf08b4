//! Errors of the local certificate authority.

use std::{io, path::PathBuf};

/// Why the local certificate authority can't be used.
#[derive(Debug, thiserror::Error)]
pub enum LocalCaError {
    /// There is no folder to keep it in.
    #[error("the local CA has no folder: set XDG_CONFIG_HOME or HOME")]
    NoFolder,
    /// A file can't be read or written.
    #[error("{path}: {cause}")]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        cause: io::Error,
    },
    /// A file does not hold what it should.
    #[error("{path}: {problem}; delete this folder, and the next start makes a new CA")]
    Invalid {
        /// The folder of the local CA.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A certificate could not be signed.
    #[error("a certificate for `{name}` could not be signed: {problem}")]
    Sign {
        /// The name.
        name: String,
        /// What is wrong.
        problem: String,
    },
}

//! Reads text files with a limit for their size.

use super::diagnostic::Diagnostics;
use crate::units::ByteSize;
use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

/// The largest text file. Limits the memory that a wrong path can cost.
const LARGEST: ByteSize = ByteSize::from_kibibytes(1024);

/// Why a file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It can't be read.
    #[error("{}: can't be read: {cause}; write the path of a TOML file", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        cause: io::Error,
    },
    /// It is larger than 1 MiB.
    #[error("{}: is larger than 1 MiB; write a text of a few pages", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// Its content is invalid.
    #[error(transparent)]
    Invalid(#[from] Diagnostics),
}

/// Reads a file of at most `largest` bytes.
///
/// # Errors
/// If it can't be read, or is larger.
pub(crate) fn read_bytes(path: &Path, largest: ByteSize) -> Result<Vec<u8>, io::Error> {
    let mut bytes = Vec::new();
    File::open(path)?.take(largest.bytes() + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > largest.bytes() {
        return Err(io::Error::other(format!("larger than {largest}")));
    }
    Ok(bytes)
}

/// Reads a text file of at most 1 MiB.
pub(crate) fn read_text(path: &Path) -> Result<String, FileError> {
    let unreadable = |cause| FileError::Unreadable { path: path.to_owned(), cause };
    let mut text = String::new();
    let file = File::open(path).map_err(unreadable)?;
    // Read one byte more than allowed, to detect a file above the limit.
    file.take(LARGEST.bytes() + 1).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > LARGEST.bytes() {
        return Err(FileError::TooLarge { path: path.to_owned() });
    }
    Ok(text)
}

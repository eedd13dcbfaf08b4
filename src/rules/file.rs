//! Files of rules or of anything else a person wrote: how they are opened, and why that fails.

use super::{diagnostic::Diagnostics, rule_file::RuleFile, rule_set::RuleSet};
use crate::units::ByteSize;
use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

/// More than anybody writes by hand; bounds what a wrong path can make us read.
const LARGEST: ByteSize = ByteSize::from_kibibytes(1024);
/// A segment of half a minute at 4 Mbit/s; bounds memory.
const LARGEST_BODY: ByteSize = ByteSize::from_kibibytes(16 << 10);

/// Why a file can't be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It can't be read.
    #[error("{}: can't be read: {cause}; write the path of a TOML file", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// It is larger than anything written by hand.
    #[error("{}: is larger than 1 MiB; write a text of a few pages", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// Its content is at fault.
    #[error(transparent)]
    Invalid(#[from] Diagnostics),
}

impl RuleSet {
    /// Reads a rule file.
    ///
    /// # Errors
    /// When it can't be read, is larger than 1 MiB, or its content is at fault.
    pub fn load(path: &Path) -> Result<Self, FileError> {
        Ok(RuleFile::load(path)?.rules)
    }
}

/// The text of a file, if it is no larger than 1 MiB.
pub(crate) fn read_text(path: &Path) -> Result<String, FileError> {
    let unreadable = |cause| FileError::Unreadable { path: path.to_owned(), cause };
    let mut text = String::new();
    let file = File::open(path).map_err(unreadable)?;
    // One byte more than allowed tells a file at the limit from one above it.
    file.take(LARGEST.bytes() + 1).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > LARGEST.bytes() {
        return Err(FileError::TooLarge { path: path.to_owned() });
    }
    Ok(text)
}

/// The bytes of a file that a rule sends, if it is no larger than 16 MiB.
pub(super) fn read_bytes(path: &Path) -> Result<Vec<u8>, io::Error> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST_BODY.bytes() + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST_BODY.bytes() {
        return Err(io::Error::other("larger than 16 MiB"));
    }
    Ok(bytes)
}

//! Opens rule files, and the files that rules send as bodies.

use super::{rule_file::RuleFile, rule_set::RuleSet};
use crate::{document::FileError, units::ByteSize};
use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
};

/// The largest body file: 30 s at 4 Mbit/s. Limits memory.
const LARGEST_BODY: ByteSize = ByteSize::from_kibibytes(16 << 10);

impl RuleSet {
    /// Reads a rule file.
    ///
    /// # Errors
    /// If it can't be read, is larger than 1 MiB, or its content is invalid.
    pub fn load(path: &Path) -> Result<Self, FileError> {
        Ok(RuleFile::load(path)?.rules)
    }
}

/// Reads a file of at most 16 MiB that a rule sends as a body.
pub(super) fn read_bytes(path: &Path) -> Result<Vec<u8>, io::Error> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST_BODY.bytes() + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST_BODY.bytes() {
        return Err(io::Error::other("larger than 16 MiB"));
    }
    Ok(bytes)
}

//! Finds the traces (and tables of values) that a profile names: embedded in the program, or next to its file.

use crate::document::{Scope, Text};
use std::{
    fs::File,
    io::{self, Cursor, Read},
    path::Path,
};

/// Opens traces for one profile.
pub(super) enum Sources<'a> {
    /// From the built-in files.
    Embedded(&'a dyn Fn(&str) -> Option<&'static [u8]>),
    /// Relative to this folder.
    Folder(&'a Path),
}

impl Sources<'_> {
    /// Opens the file that is named at `file` of `scope`; records an error if that fails.
    pub(super) fn find(&self, file: &Text, scope: &Scope<'_>) -> Option<Box<dyn Read>> {
        match self.open(file.as_str()) {
            Ok(input) => Some(input),
            Err(cause) => {
                let hint = "write a path relative to this file's folder";
                scope.at("file").fault(format!("`{file}` can't be read: {cause}"), hint);
                None
            }
        }
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn Read>> {
        match self {
            Self::Embedded(find) => match find(name) {
                Some(bytes) => Ok(Box::new(Cursor::new(bytes))),
                None => Err(io::Error::new(
                    io::ErrorKind::NotFound,
                    "there is no built-in file with this name",
                )),
            },
            Self::Folder(folder) => Ok(Box::new(File::open(folder.join(name))?)),
        }
    }
}

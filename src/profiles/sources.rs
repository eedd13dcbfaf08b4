//! Where the traces (and tables of values) that a profile names are found: inside the program, or beside its file.

use crate::rules::{Scope, Text};
use std::{
    fs::File,
    io::{self, Cursor, Read},
    path::Path,
};

/// Opens traces for one profile.
pub(super) enum Sources<'a> {
    /// From those that are built in.
    Embedded(&'a dyn Fn(&str) -> Option<&'static [u8]>),
    /// Relative to this folder.
    Folder(&'a Path),
}

impl Sources<'_> {
    /// Opens the file that is named at `file` of `scope`; a fault when it can't be.
    pub(super) fn find(&self, file: &Text, scope: &Scope<'_>) -> Option<Box<dyn Read>> {
        match self.open(file.as_str()) {
            Ok(input) => Some(input),
            Err(cause) => {
                let hint = "write a path from this file's folder";
                scope.at("file").fault(format!("`{file}` can't be read: {cause}"), hint);
                None
            }
        }
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn Read>> {
        match self {
            Self::Embedded(find) => match find(name) {
                Some(bytes) => Ok(Box::new(Cursor::new(bytes))),
                None => Err(io::Error::new(io::ErrorKind::NotFound, "no such file is built in")),
            },
            Self::Folder(folder) => Ok(Box::new(File::open(folder.join(name))?)),
        }
    }
}

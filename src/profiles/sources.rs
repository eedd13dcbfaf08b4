//! Where the traces that a profile names are found: inside the program, or beside its file.

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
    /// Opens the trace called `name`.
    pub(super) fn open(&self, name: &str) -> io::Result<Box<dyn Read>> {
        match self {
            Self::Embedded(find) => match find(name) {
                Some(bytes) => Ok(Box::new(Cursor::new(bytes))),
                None => Err(io::Error::new(io::ErrorKind::NotFound, "no such trace is built in")),
            },
            Self::Folder(folder) => Ok(Box::new(File::open(folder.join(name))?)),
        }
    }
}

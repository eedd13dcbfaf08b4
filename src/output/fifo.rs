//! A FIFO (named pipe), whose readers may come and go.

use crate::system::open_fifo;
use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
};

/// The writing end of a FIFO. It never blocks: without a reader, and while the pipe is full, writes fail with
/// [`io::ErrorKind::WouldBlock`].
#[derive(Debug)]
pub(super) struct Fifo {
    path: PathBuf,
    open: Option<File>,
}

impl Fifo {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), open: None }
    }

    /// The pipe. It can be opened only while it has a reader.
    fn pipe(&mut self) -> io::Result<&mut File> {
        if self.open.is_none() {
            self.open = Some(open_fifo(&self.path)?);
        }
        self.open.as_mut().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl Write for Fifo {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.pipe()?.write(bytes);
        if written.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
            self.open = None;
        }
        written
    }

    /// Opens the pipe if a reader waits for a writer, even if there is nothing to write.
    fn flush(&mut self) -> io::Result<()> {
        self.pipe().map(|_| ())
    }
}

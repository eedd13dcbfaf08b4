//! Destinations of output: files in append mode, and the standard streams without the locks of `std`.

use super::fifo::Fifo;
use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::{
        fd::{AsFd as _, BorrowedFd},
        unix::fs::FileTypeExt as _,
    },
    path::Path,
};

/// Opens `path` for a new log. The file is truncated, and each write appends, so that log rotation may
/// copy and truncate it. A FIFO is opened once it has a reader.
///
/// # Errors
/// If it can't be opened.
pub fn open(path: &Path) -> io::Result<Box<dyn Write + Send>> {
    let known = std::fs::metadata(path);
    if known.is_ok_and(|known| known.file_type().is_fifo()) {
        return Ok(Box::new(Fifo::new(path)));
    }
    let file = OpenOptions::new().append(true).create(true).open(path)?;
    if file.metadata()?.is_file() {
        file.set_len(0)?;
    }
    Ok(Box::new(file))
}

/// Opens `path` to add lines to it. Each write appends, so that log rotation may copy and truncate the file. A FIFO is
/// opened once it has a reader.
///
/// # Errors
/// If it can't be opened.
pub fn open_to_append(path: &Path) -> io::Result<Box<dyn Write + Send>> {
    let known = std::fs::metadata(path);
    if known.is_ok_and(|known| known.file_type().is_fifo()) {
        return Ok(Box::new(Fifo::new(path)));
    }
    Ok(Box::new(OpenOptions::new().append(true).create(true).open(path)?))
}

/// Standard error, without the process-wide lock.
///
/// # Errors
/// If no file descriptor is available.
pub fn standard_error() -> io::Result<File> {
    duplicate(io::stderr().as_fd())
}

/// Standard output, without the process-wide lock and buffer.
///
/// # Errors
/// If no file descriptor is available.
pub fn standard_output() -> io::Result<File> {
    duplicate(io::stdout().as_fd())
}

fn duplicate(stream: BorrowedFd<'_>) -> io::Result<File> {
    Ok(File::from(stream.try_clone_to_owned()?))
}

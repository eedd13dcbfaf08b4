//! Where output goes: files that are appended to, and the standard streams past the locks of `std`.

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

/// Opens `path` for a new log. What a file holds is removed, and each write goes to its end, wherever that is by
/// then: a log rotation may copy and truncate it. A FIFO is opened once somebody reads it.
///
/// # Errors
/// When it can't be opened.
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

/// Standard error, without the lock that all of the process shares.
///
/// # Errors
/// When there is no descriptor left.
pub fn standard_error() -> io::Result<File> {
    duplicate(io::stderr().as_fd())
}

/// Standard output, without the lock and the buffer that all of the process share.
///
/// # Errors
/// When there is no descriptor left.
pub fn standard_output() -> io::Result<File> {
    duplicate(io::stdout().as_fd())
}

fn duplicate(stream: BorrowedFd<'_>) -> io::Result<File> {
    Ok(File::from(stream.try_clone_to_owned()?))
}

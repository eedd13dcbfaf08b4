//! Destinations of output: files in append mode.

use super::fifo::Fifo;
use crate::system::is_fifo;
use std::{
    fs::OpenOptions,
    io::{self, Write},
    path::Path,
};

/// Opens `path` for a new log. The file is truncated, and each write appends, so that log rotation may
/// copy and truncate it. A FIFO is opened once it has a reader.
///
/// # Errors
/// If it can't be opened.
pub fn open(path: &Path) -> io::Result<Box<dyn Write + Send>> {
    let known = std::fs::metadata(path);
    if known.is_ok_and(|known| is_fifo(&known)) {
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
    if known.is_ok_and(|known| is_fifo(&known)) {
        return Ok(Box::new(Fifo::new(path)));
    }
    Ok(Box::new(OpenOptions::new().append(true).create(true).open(path)?))
}

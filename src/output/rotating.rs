//! A log file that is replaced by a new one when it has reached a size.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// The older files that are kept: `FILE.1` is the newest of them.
const KEPT: u32 = 5;

/// A file to which lines are added. When it would get larger than its limit, it is renamed to `FILE.1`, and a new one
/// begins. A line is never split.
#[derive(Debug)]
pub struct RotatingFile {
    path: PathBuf,
    file: File,
    size: u64,
    limit: u64,
    /// What was written so far ends with a whole line.
    at_line_end: bool,
}

impl RotatingFile {
    /// Opens `path` to add lines to it, up to `limit` bytes.
    ///
    /// # Errors
    /// If it can't be opened.
    pub fn open(path: &Path, limit: u64) -> io::Result<Self> {
        if fs::metadata(path).is_ok_and(|known| !known.is_file()) {
            return Err(io::Error::other(
                "is no regular file: it can't be renamed when it is full",
            ));
        }
        let file = append(path)?;
        let size = file.metadata()?.len();
        Ok(Self { path: path.to_owned(), file, size, limit, at_line_end: true })
    }

    /// If a file can't be renamed, further lines are added to the current one.
    fn rotate(&mut self) {
        for number in (1..KEPT).rev() {
            // A number that is not used yet has no file.
            let _ = fs::rename(self.older(number), self.older(number + 1));
        }
        let renamed = fs::rename(&self.path, self.older(1));
        if let Ok(file) = renamed.and_then(|()| append(&self.path)) {
            self.file = file;
        }
        self.size = 0;
    }

    fn older(&self, number: u32) -> PathBuf {
        let mut name = OsString::from(&self.path);
        name.push(format!(".{number}"));
        name.into()
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}

impl Write for RotatingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let full = self.size.saturating_add(bytes.len() as u64) > self.limit;
        if full && self.size > 0 && self.at_line_end {
            self.rotate();
        }
        let written = self.file.write(bytes)?;
        self.size += written as u64;
        self.at_line_end = bytes.get(..written).is_some_and(|bytes| bytes.ends_with(b"\n"));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_file_is_renamed_and_old_ones_go() {
        let folder = std::env::temp_dir().join(format!("vsps-rotating-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("run.log");
        let mut log = RotatingFile::open(&path, 10).unwrap();
        for number in 0..9 {
            // A line in two writes is not split.
            log.write_all(format!("{number}234").as_bytes()).unwrap();
            log.write_all(b"567\n").unwrap();
        }
        let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
        assert_eq!((read("run.log"), read("run.log.1")), ("8234567\n".into(), "7234567\n".into()));
        assert_eq!(read("run.log.5"), "3234567\n");
        assert!(!folder.join("run.log.6").exists());
        drop(log);
        // It begins with the size of the file that exists.
        RotatingFile::open(&path, 10).unwrap().write_all(b"next\n").unwrap();
        assert_eq!((read("run.log"), read("run.log.1")), ("next\n".into(), "8234567\n".into()));
        fs::remove_dir_all(&folder).unwrap();
    }
}

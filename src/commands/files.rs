//! Files that options name: errors say which option, which file, and what to write instead.

use super::Failure;
use std::{
    fmt::Display,
    fs::{self, File},
    io,
    path::Path,
};

/// Why a file cannot be used. `option` is as it is typed; empty for an argument without a name.
pub(super) fn unusable(option: &str, path: &Path, problem: &dyn Display, instead: &str) -> Failure {
    let blank = if option.is_empty() { "" } else { " " };
    Failure::usage(format_args!("{option}{blank}{}: {problem}; {instead}", path.display()))
}

/// The text of a file; `instead` says which file is to be written.
pub(super) fn read(option: &str, path: &Path, instead: &str) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| unusable(option, path, &error, instead))
}

/// The file of an option, created before anything else is done: a file that cannot be written is an error at once.
pub(super) fn create(option: &str, path: &Path) -> Result<File, Failure> {
    File::create(path).map_err(|error| unusable(option, path, &error, in_folder(&error)))
}

/// Fails if the folder of a file that is to be written later does not exist.
pub(super) fn check_folder(option: &str, path: &Path) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if folder.is_none_or(Path::is_dir) {
        return Ok(());
    }
    let missing = io::Error::from(io::ErrorKind::NotFound);
    Err(unusable(option, path, &"its folder does not exist", in_folder(&missing)))
}

/// What to write in place of a file that cannot be created.
fn in_folder(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => "write a file in a folder that exists",
        io::ErrorKind::PermissionDenied => "write a file in a folder that you may write to",
        _ => "write the name of another file",
    }
}

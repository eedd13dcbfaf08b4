//! Files that only the user can read, named pipes, and copies of the standard streams.

use std::{
    fs::{DirBuilder, File, Metadata, OpenOptions},
    io,
    path::Path,
};

/// Who may read a new file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// The user alone.
    User,
    /// Everybody.
    Everybody,
}

/// Makes a folder with all above it, for the user alone where the system has such permissions.
///
/// # Errors
/// Those of the system.
pub fn make_private_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(vsps_unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Makes a new file for `readers`, where the system has such permissions.
///
/// # Errors
/// Those of the system, also if the file exists.
#[cfg_attr(not(vsps_unix), expect(unused_variables, reason = "there are no such permissions"))]
pub fn make_file(path: &Path, readers: Readers) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(vsps_unix)]
    let mode = if readers == Readers::User { 0o600 } else { 0o644 };
    #[cfg(vsps_unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    options.open(path)
}

/// Takes the permissions of all but the user from a file or folder, where the system has such permissions. Returns whether
/// others had some.
///
/// # Errors
/// Those of the system.
#[cfg(vsps_unix)]
pub fn keep_for_user(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut permissions = std::fs::metadata(path)?.permissions();
    let others = permissions.mode() & 0o077 != 0;
    if others {
        permissions.set_mode(permissions.mode() & !0o077);
        std::fs::set_permissions(path, permissions)?;
    }
    Ok(others)
}

/// Takes the permissions of all but the user from a file or folder: this system has no such permissions.
///
/// # Errors
/// Never.
#[cfg(not(vsps_unix))]
pub const fn keep_for_user(_: &Path) -> io::Result<bool> {
    Ok(false)
}

/// Whether a file is a FIFO (named pipe).
#[cfg(vsps_unix)]
#[must_use]
pub fn is_fifo(file: &Metadata) -> bool {
    std::os::unix::fs::FileTypeExt::is_fifo(&file.file_type())
}

/// Whether a file is a FIFO (named pipe): this system has none among its files.
#[cfg(not(vsps_unix))]
#[must_use]
pub const fn is_fifo(_: &Metadata) -> bool {
    false
}

/// Opens the writing end of a FIFO, which then never blocks.
///
/// # Errors
/// [`io::ErrorKind::WouldBlock`] while it has no reader; else those of the system.
#[cfg(vsps_unix)]
pub fn open_fifo(path: &Path) -> io::Result<File> {
    use rustix::{fs::OFlags, io::Errno};
    use std::os::unix::fs::OpenOptionsExt as _;
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).map_err(io::Error::other)?;
    let opened = OpenOptions::new().write(true).custom_flags(flags).open(path);
    opened.map_err(|error| match error.raw_os_error() {
        Some(code) if code == Errno::NXIO.raw_os_error() => io::ErrorKind::WouldBlock.into(),
        _ => error,
    })
}

/// Opens the writing end of a FIFO: this system has none among its files.
///
/// # Errors
/// Always.
#[cfg(not(vsps_unix))]
pub fn open_fifo(_: &Path) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Standard error, without the process-wide lock.
///
/// # Errors
/// If no file can be opened.
pub fn standard_error() -> io::Result<File> {
    duplicate(&io::stderr())
}

/// Standard output, without the process-wide lock and buffer.
///
/// # Errors
/// If no file can be opened.
pub fn standard_output() -> io::Result<File> {
    duplicate(&io::stdout())
}

#[cfg(not(windows))]
fn duplicate(stream: &impl std::os::fd::AsFd) -> io::Result<File> {
    Ok(File::from(stream.as_fd().try_clone_to_owned()?))
}

#[cfg(windows)]
fn duplicate(stream: &impl std::os::windows::io::AsHandle) -> io::Result<File> {
    Ok(File::from(stream.as_handle().try_clone_to_owned()?))
}

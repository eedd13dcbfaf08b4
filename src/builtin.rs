//! The files of `profiles/`, compiled into the program.

use include_dir::{Dir, File, include_dir};

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/profiles");

/// Name and text of each profile.
pub(crate) fn profiles() -> impl Iterator<Item = (&'static str, &'static str)> {
    FILES.files().filter_map(text)
}

/// Name and text of each rule file.
pub(crate) fn faults() -> impl Iterator<Item = (&'static str, &'static str)> {
    FILES.get_dir("faults").into_iter().flat_map(Dir::files).filter_map(text)
}

/// A trace, by its path in `profiles/`.
pub(crate) fn trace(path: &str) -> Option<&'static [u8]> {
    FILES.get_file(path).map(File::contents)
}

fn text(file: &'static File<'static>) -> Option<(&'static str, &'static str)> {
    let name = file.path().file_name()?.to_str()?.strip_suffix(".toml")?;
    Some((name, file.contents_utf8()?))
}

//! The folder of `--p1203`: a file for each run.

use crate::{commands::Failure, sweep::matrix::Run};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The folder of `--p1203`.
#[derive(Debug)]
pub(super) struct P1203Folder(PathBuf);

impl P1203Folder {
    /// Makes the folder, if it is not there.
    pub(super) fn create(path: &Path) -> Result<Self, Failure> {
        fs::create_dir_all(path).map_err(|error| {
            Failure::running(format_args!("--p1203 {}: {error}", path.display()))
        })?;
        Ok(Self(path.to_owned()))
    }

    /// Writes the file of `run`.
    pub(super) fn write(&self, run: Run<'_>, input: &str) -> io::Result<()> {
        let plain = |c: char| if c.is_ascii_alphanumeric() || "-.".contains(c) { c } else { '_' };
        let abr: String = run.player.name.chars().map(plain).collect();
        let path = self.0.join(format!("{}_{abr}_{}.json", run.net.name, run.seed));
        fs::write(&path, input)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
    }
}

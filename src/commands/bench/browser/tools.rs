//! The programs and packages that real players need. Nothing is downloaded: what is missing is named.

use crate::{
    args::{BrowserArgs, BrowserPlayer},
    commands::Failure,
};
use std::{
    env, fs,
    path::{Path, PathBuf},
};

const CHROMIUM: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
const DRIVER: &str = "playwright-core";

/// Where they are.
#[derive(Debug, Clone)]
pub(in super::super) struct Tools {
    pub(super) node: PathBuf,
    pub(super) chromium: PathBuf,
    pub(super) modules: PathBuf,
}

impl Tools {
    /// Finds what `players` need.
    ///
    /// # Errors
    /// When something is missing; the error says what to install.
    pub(in super::super) fn find(
        args: &BrowserArgs,
        players: &[BrowserPlayer],
    ) -> Result<Self, Failure> {
        let node = program("node").ok_or_else(|| {
            Failure::usage("--browser: there is no `node` in the path; install Node.js 18 or later")
        })?;
        let chromium = match &args.chromium {
            Some(path) if path.is_file() => path.clone(),
            Some(path) => {
                let path = path.display();
                return Err(Failure::usage(format_args!(
                    "--chromium: {path} is no file; write the path of Chromium's program"
                )));
            }
            None => CHROMIUM.into_iter().find_map(program).ok_or_else(|| {
                Failure::usage(
                    "--browser: there is no Chromium in the path; install it, or write --chromium FILE",
                )
            })?,
        };
        let packages = players.iter().filter_map(|player| player.package());
        let packages: Vec<&str> = [DRIVER].into_iter().chain(packages).collect();
        let modules = modules(&args.node_modules, &packages)?;
        Ok(Self { node, chromium, modules })
    }

    /// The version of a player's package; empty if it does not say, or has none.
    pub(super) fn version(&self, player: BrowserPlayer) -> String {
        let text = player.package().and_then(|package| {
            fs::read_to_string(self.modules.join(package).join("package.json")).ok()
        });
        let package = text.and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok());
        let version = package.as_ref().and_then(|package| package["version"].as_str());
        version.unwrap_or_default().to_owned()
    }
}

/// The absolute path of the folder, if it has all `packages`.
fn modules(folder: &Path, packages: &[&str]) -> Result<PathBuf, Failure> {
    let missing: Vec<&str> =
        packages.iter().copied().filter(|package| !folder.join(package).is_dir()).collect();
    if missing.is_empty() {
        return fs::canonicalize(folder)
            .map_err(|error| Failure::usage(format_args!("{}: {error}", folder.display())));
    }
    Err(Failure::usage(format_args!(
        "--node-modules: {} has no {}; run `npm install {}` beside it, or name another folder",
        folder.display(),
        missing.join(", "),
        packages.join(" ")
    )))
}

/// A program in the path.
fn program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

//! Third-party programs that the tests run.

use crate::process::{Ended, ended};
use std::{path::PathBuf, time::Duration};
use tokio::process::Command;

/// Where the tools come from, when one is missing.
const HINT: &str = "`tests/run` installs what the end-to-end tests need";

/// Where Debian has servers, and not all shells look.
const SERVERS: &str = "/usr/sbin";

/// A command for the program `name`.
pub(crate) fn tool(name: &str) -> Command {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from(SERVERS)]);
    let found = folders.map(|folder| folder.join(name)).find(|it| it.exists());
    Command::new(found.unwrap_or_else(|| panic!("{name} is not installed: {HINT}")))
}

/// The folder of the browser test's page and driver, with the players in it.
pub(crate) fn web() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/web");
    for package in ["hls.js", "dashjs", "shaka-player", "playwright-core", "@svta/cml-cmcd"] {
        let there = folder.join("node_modules").join(package).exists();
        assert!(there, "{package} is not in tests/web/node_modules: {HINT}");
    }
    folder
}

/// Standard output of a command that must succeed within `patience`.
pub(crate) async fn output(command: Command, patience: Duration) -> String {
    let name = format!("{command:?}");
    let Ended { code, stdout, stderr } = ended(command, patience).await;
    assert_eq!(code, Some(0), "{name}\n{stdout}\n{stderr}");
    stdout
}

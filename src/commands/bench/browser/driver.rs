//! The script that drives Chromium, as a process of Node.js.

use super::tools::Tools;
use crate::commands::Failure;
use serde::Serialize;
use std::{collections::BTreeMap, path::Path, process::Stdio};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

const SCRIPT: &str = include_str!("driver.mjs");
const PAGES: [(&str, &str); 3] = [
    ("player.html", include_str!("player.html")),
    ("meter.js", include_str!("meter.js")),
    ("viewer.js", include_str!("viewer.js")),
];

/// What one viewer is to do.
#[derive(Debug, Clone, Serialize)]
pub(in super::super) struct Task {
    /// The player's name on the command line.
    pub(in super::super) player: &'static str,
    pub(in super::super) url: String,
    /// The most real time it may take.
    pub(in super::super) seconds: f64,
    /// Seconds of media after which it ends.
    pub(in super::super) enough: f64,
    /// The player as its makers set it, in an element of 1280 × 720.
    pub(in super::super) stock: bool,
}

/// What the script reads from its standard input.
#[derive(Debug, Serialize)]
pub(in super::super) struct Job<'a> {
    pub(in super::super) tasks: &'a [Task],
    /// How many viewers there are at the same time.
    pub(in super::super) at_once: usize,
}

#[derive(Serialize)]
struct Input<'a> {
    #[serde(flatten)]
    job: &'a Job<'a>,
    modules: &'a Path,
    chromium: &'a Path,
    pages: BTreeMap<&'static str, &'static str>,
}

/// The script while it runs. It ends when this is dropped.
pub(in super::super) struct Driver {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Driver {
    /// Starts it on a job.
    ///
    /// # Errors
    /// When Node.js cannot be started.
    pub(in super::super) async fn start(tools: &Tools, job: &Job<'_>) -> Result<Self, Failure> {
        let input = Input {
            job,
            modules: &tools.modules,
            chromium: &tools.chromium,
            pages: PAGES.into_iter().collect(),
        };
        let input = serde_json::to_vec(&input).map_err(Failure::running)?;
        let failed = |error| Failure::running(format_args!("{}: {error}", tools.node.display()));
        let mut child = Command::new(&tools.node)
            .args(["--input-type=module", "--eval", SCRIPT])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(&input).await.map_err(failed)?;
        }
        let stdout = child.stdout.take().ok_or_else(|| Failure::running("no standard output"))?;
        Ok(Self { child, lines: BufReader::new(stdout).lines() })
    }

    /// The next line that it prints; `None` at its end.
    ///
    /// # Errors
    /// When it failed.
    pub(in super::super) async fn line(&mut self) -> Result<Option<String>, Failure> {
        let line = self.lines.next_line().await.map_err(Failure::running)?;
        if line.is_some() {
            return Ok(line);
        }
        let status = self.child.wait().await.map_err(Failure::running)?;
        if status.success() {
            Ok(None)
        } else {
            Err(Failure::running(format_args!(
                "the browser's driver ended with {status}; its messages are above"
            )))
        }
    }
}

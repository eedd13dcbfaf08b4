//! The player is a command: it is run once for each scenario, some at a time.

use super::watch::Armed;
use crate::commands::{Failure, output};
use std::{num::NonZeroUsize, process::Stdio, thread};
use tokio::{process::Command, task::JoinSet, time::timeout};

/// The exit codes of a shell that cannot execute a program, or does not find it.
const NOT_EXECUTABLE: i32 = 126;
const NOT_FOUND: i32 = 127;

/// Runs it for all scenarios.
pub(super) async fn play(
    command: &str,
    at_once: Option<NonZeroUsize>,
    armed: &[Armed],
) -> Result<(), Failure> {
    if !command.contains("{url}") {
        return Err(Failure::usage(
            "--command: write {url} where the address goes, as in 'vsps play {url}'",
        ));
    }
    let cores = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let at_once = at_once.unwrap_or(cores).get();
    let mut running = JoinSet::new();
    for one in armed {
        if running.len() >= at_once {
            joined(&mut running).await?;
        }
        output::tell(&format!("{}: {}\n", one.scenario.name, one.scenario.summary));
        let seconds = format!("{:.0}", one.scenario.seconds);
        let line = command.replace("{url}", &one.url).replace("{seconds}", &seconds);
        running.spawn(run(one.scenario.name.to_string(), line, one.lasts()));
    }
    while !running.is_empty() {
        joined(&mut running).await?;
    }
    Ok(())
}

async fn joined(running: &mut JoinSet<Result<(), Failure>>) -> Result<(), Failure> {
    match running.join_next().await {
        Some(Ok(ran)) => ran,
        _ => Ok(()),
    }
}

/// Runs the player of the scenario `name`, and ends it when its time is over. A player that fails is what a scenario may be about:
/// its exit code is told. One that cannot be started is an error.
async fn run(name: String, line: String, lasts: std::time::Duration) -> Result<(), Failure> {
    let mut child = Command::new("sh")
        .args(["-c", &format!("exec {line}")])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| Failure::running(format_args!("--command: {error}")))?;
    let Ok(ended) = timeout(lasts, child.wait()).await else {
        // It ends late, or has ended by now: both are fine.
        let _ = child.kill().await;
        return Ok(());
    };
    match ended.ok().and_then(|status| status.code()) {
        // These are of the shell (POSIX).
        Some(NOT_EXECUTABLE) => {
            Err(Failure::running(format_args!("--command: `{line}` cannot be executed")))
        }
        Some(NOT_FOUND) => {
            Err(Failure::running(format_args!("--command: the program of `{line}` was not found")))
        }
        Some(code @ 1..) => {
            output::tell(&format!("{name}: the player ended with exit code {code}\n"));
            Ok(())
        }
        _ => Ok(()),
    }
}

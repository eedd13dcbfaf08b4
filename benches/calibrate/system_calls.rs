//! System calls of a process, by `strace` where it is installed and may attach.

use crate::{clock, process::Process};
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

/// From the start of strace until it is attached.
const ATTACHING: Duration = Duration::from_millis(500);

/// Runs `load`, which returns its number of requests, and counts all system calls of `process` for each of them; `None` =
/// they can't be counted here. Being counted makes them slow.
pub(crate) fn per_request(
    process: &Process,
    folder: &Path,
    load: impl FnOnce() -> anyhow::Result<u64>,
) -> anyhow::Result<Option<f64>> {
    let summary = folder.join("system-calls.txt");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-c", "-U", "name,calls", "-o"]).arg(&summary).stderr(Stdio::null());
    for pid in process.tree() {
        strace.args(["-p", &pid]);
    }
    let Ok(mut strace) = strace.spawn() else { return Ok(None) };
    clock::sleep(ATTACHING);
    if strace.try_wait()?.is_some() {
        return Ok(None);
    }
    let requests = load();
    Command::new("kill").args(["-INT", &strace.id().to_string()]).status()?;
    strace.wait()?;
    let text = fs::read_to_string(&summary).unwrap_or_default();
    let total = text.lines().find(|line| line.starts_with("total"));
    let calls = total.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    let requests = requests? as f64;
    Ok(calls.map(|calls| calls / requests))
}

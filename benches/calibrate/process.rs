//! A process under measurement: started, its CPU and wake-ups read, and ended with its owner.

use anyhow::Context as _;
use std::{
    fs,
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

/// Linux tells processes' times in ticks of 10 ms (`USER_HZ`), whatever the kernel's own.
const TICK: Duration = Duration::from_millis(10);

pub(crate) fn ticks(count: u64) -> Duration {
    TICK * u32::try_from(count).unwrap_or(u32::MAX)
}

/// A child process and its own children.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    /// How to ask it to end; without one it is killed.
    stop: Option<Command>,
}

impl Process {
    /// Starts `command` with its standard output at hand.
    pub(crate) fn start(
        command: &mut Command,
        stop: Option<Command>,
    ) -> anyhow::Result<(Self, Option<ChildStdout>)> {
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut child = child.with_context(|| format!("{program} could not be started"))?;
        let output = child.stdout.take();
        Ok((Self { child, stop }, output))
    }

    /// CPU time used so far, in user and kernel, with its children.
    pub(crate) fn cpu(&self) -> Duration {
        let tree = self.tree();
        ticks(tree.iter().filter_map(|pid| stat(pid)).map(|stat| stat.own).sum())
    }

    /// Resident memory, in bytes; of the process alone, and without the files it maps.
    pub(crate) fn memory(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let text = fs::read_to_string(path).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("RssAnon:"));
        let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        1024 * kibibytes.unwrap_or(0)
    }

    /// How often its threads have gone to sleep and been woken.
    pub(crate) fn wake_ups(&self) -> u64 {
        self.tree().iter().map(|pid| of_threads(pid, &["voluntary_ctxt_switches:"])).sum()
    }

    /// How often its threads have left a processor.
    pub(crate) fn switches(&self) -> u64 {
        let both = ["voluntary_ctxt_switches:", "nonvoluntary_ctxt_switches:"];
        self.tree().iter().map(|pid| of_threads(pid, &both)).sum()
    }

    /// The process and its children, which is as deep as any of those we start go.
    pub(crate) fn tree(&self) -> Vec<String> {
        let root = self.child.id();
        let Ok(all) = fs::read_dir("/proc") else { return vec![root.to_string()] };
        let pids = all.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let ours = |pid: &String| {
            pid.parse() == Ok(root) || stat(pid).is_some_and(|stat| stat.parent == root)
        };
        pids.filter(|name| name.bytes().all(|byte| byte.is_ascii_digit())).filter(ours).collect()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let asked = self.stop.as_mut().and_then(|stop| stop.status().ok());
        if asked.is_none_or(|status| !status.success()) {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// CPU time of this process, with the children that have ended.
pub(crate) fn cpu_of_this_process() -> Duration {
    ticks(stat("self").map_or(0, |stat| stat.own + stat.ended))
}

struct Stat {
    parent: u32,
    /// Ticks in user and kernel.
    own: u64,
    /// The same of children that have ended.
    ended: u64,
}

fn stat(pid: &str) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in brackets, may hold anything; the fields after it are numbered from 3.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    Some(Stat {
        parent: u32::try_from(field(4)?).ok()?,
        own: field(14)? + field(15)?,
        ended: field(16)? + field(17)?,
    })
}

/// The sum of counters in the status of all threads.
fn of_threads(pid: &str, counters: &[&str]) -> u64 {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return 0 };
    let count = |thread: fs::DirEntry| {
        let text = fs::read_to_string(thread.path().join("status")).ok()?;
        let values = text.lines().filter_map(|line| {
            let value = counters.iter().find_map(|counter| line.strip_prefix(counter))?;
            value.trim().parse::<u64>().ok()
        });
        Some(values.sum::<u64>())
    };
    threads.flatten().filter_map(count).sum()
}

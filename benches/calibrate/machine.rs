//! The machine: its properties, and the load by other processes.

use crate::process::{Process, cpu_of_this_process, ticks};
use std::{fs, path::Path, process::Command, thread, time::Duration};

/// What shares the machine while we measure, as a share of all its cores.
pub(crate) const MOST_FOREIGN: f64 = 0.12;

/// The machine and the programs, a line each.
pub(crate) fn describe() -> Vec<String> {
    let cores = thread::available_parallelism().map_or(0, usize::from);
    let model = line("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned());
    let governor = Path::new("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
    let governor = fs::read_to_string(governor).unwrap_or_else(|_| "unknown".to_owned());
    let read = |path| fs::read_to_string(path).unwrap_or_default().trim().to_owned();
    vec![
        format!("machine: {cores} cores, {model}; CPU governor {}", governor.trim()),
        format!(
            "kernel: {}; TCP congestion control {}",
            read("/proc/sys/kernel/osrelease"),
            read("/proc/sys/net/ipv4/tcp_congestion_control")
        ),
        format!("load before: {}", read("/proc/loadavg")),
        format!(
            "versions: vsps {}; {}; {}; {}",
            env!("CARGO_PKG_VERSION"),
            version("nginx", "-v"),
            version("haproxy", "-v"),
            version("wrk", "-v")
        ),
    ]
}

fn line(path: &str, key: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(key))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// The first line of what a program says of itself, on either stream.
pub(crate) fn version(program: &str, flag: &str) -> String {
    match Command::new(program).arg(flag).output() {
        Ok(said) => {
            let text = [said.stdout, said.stderr].concat();
            let text = String::from_utf8_lossy(&text);
            let line = text.lines().next().unwrap_or_default();
            // Up to the address of its home page, its build or its author.
            let end = [" - http", " [", " Copyright"].map(|mark| line.find(mark));
            let end = end.into_iter().flatten().min().unwrap_or(line.len());
            line[..end].trim().to_owned()
        }
        Err(_) => format!("no {program}"),
    }
}

/// Watches what others burn while something is measured.
pub(crate) struct Watch {
    busy: Duration,
    whole: Duration,
    ours: Duration,
}

impl Watch {
    /// From now on; `process` belongs to us.
    pub(crate) fn start(process: &Process) -> Self {
        let (busy, whole) = cores();
        Self { busy, whole, ours: cpu_of_this_process() + process.cpu() }
    }

    /// The share of the machine that others have burnt since the start.
    pub(crate) fn foreign(&self, process: &Process) -> f64 {
        let end = Self::start(process);
        let busy = (end.busy - self.busy).as_secs_f64();
        let ours = end.ours.saturating_sub(self.ours).as_secs_f64();
        let whole = (end.whole - self.whole).as_secs_f64();
        ((busy - ours) / whole.max(0.01)).max(0.0)
    }
}

/// Time that all cores were busy, and all their time. Stolen time counts as busy.
pub(crate) fn cores() -> (Duration, Duration) {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let first = text.lines().next().unwrap_or_default();
    // user nice system idle iowait irq softirq steal; guests are counted in user and nice.
    let times: Vec<u64> = first.split_whitespace().skip(1).take(8).flat_map(str::parse).collect();
    let whole: u64 = times.iter().sum();
    let idle: u64 = times.iter().skip(3).take(2).sum();
    (ticks(whole - idle), ticks(whole))
}

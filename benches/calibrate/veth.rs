//! The reference: a pair of virtual Ethernet devices, with the kernel's own shaper on one side.

use crate::process::Process;
use anyhow::{Context as _, ensure};
use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    process::{ChildStdout, Command},
};

/// A network namespace of our own, so that nothing of the machine's is touched.
const NAMESPACE: &str = "vsps-calibrate";
const OURS: &str = "vsps-cal0";
const THEIRS: &str = "vsps-cal1";
const OUR_ADDRESS: &str = "10.231.77.1/30";
const THEIR_ADDRESS: &str = "10.231.77.2";

/// An origin behind a shaped veth pair; all of it goes with this.
#[derive(Debug)]
pub(crate) struct Veth {
    pub(crate) origin: SocketAddr,
    _process: Process,
    _output: BufReader<ChildStdout>,
    _namespace: Namespace,
}

#[derive(Debug)]
struct Namespace;

impl Drop for Namespace {
    fn drop(&mut self) {
        // Its device goes with it, and so does the other end of the pair.
        let _ = Command::new("ip").args(["netns", "del", NAMESPACE]).status();
    }
}

impl Veth {
    /// Sets the pair up, and starts an origin at its far end.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let _ = Command::new("ip").args(["netns", "del", NAMESPACE]).output();
        run(&format!("ip netns add {NAMESPACE}"))?;
        let namespace = Namespace;
        run(&format!("ip link add {OURS} type veth peer name {THEIRS} netns {NAMESPACE}"))?;
        run(&format!("ip addr add {OUR_ADDRESS} dev {OURS}"))?;
        run(&format!("ip link set {OURS} up"))?;
        inside(&format!("ip addr add {THEIR_ADDRESS}/30 dev {THEIRS}"))?;
        inside(&format!("ip link set {THEIRS} up"))?;
        let mut command = Command::new("ip");
        command.args(["netns", "exec", NAMESPACE]).arg(std::env::current_exe()?);
        command.args(["--serve", &format!("{THEIR_ADDRESS}:0")]);
        let (process, output) = Process::start(&mut command, None)?;
        let mut output = BufReader::new(output.context("no output")?);
        let mut line = String::new();
        output.read_line(&mut line)?;
        let origin = line.trim().parse().context("the origin did not start")?;
        Ok(Self { origin, _process: process, _output: output, _namespace: namespace })
    }

    /// Shapes what comes from the origin with a token bucket filter, sent with this congestion
    /// control; the bucket as deep as the rate needs on a kernel with 250 ticks a second.
    pub(crate) fn shape(&self, megabits: f64, congestion: &str) -> anyhow::Result<()> {
        let burst = (megabits * 1e6 / 8.0 * 0.002).clamp(15_000.0, 256_000.0) as u64;
        let rate = (megabits * 1e6) as u64;
        let bucket = format!("rate {rate}bit burst {burst} latency 50ms");
        inside(&format!("tc qdisc replace dev {THEIRS} root tbf {bucket}"))?;
        let route = format!("10.231.77.0/30 dev {THEIRS} congctl {congestion}");
        inside(&format!("ip route replace {route}"))
    }
}

/// The congestion controls to compare with, as far as the kernel has them.
pub(crate) fn congestion_controls() -> Vec<String> {
    let path = "/proc/sys/net/ipv4/tcp_available_congestion_control";
    let all = std::fs::read_to_string(path).unwrap_or_default();
    let wanted = ["bbr", "cubic"].into_iter();
    wanted
        .filter(|name| all.split_whitespace().any(|one| one == *name))
        .map(str::to_owned)
        .collect()
}

fn inside(command: &str) -> anyhow::Result<()> {
    run(&format!("ip netns exec {NAMESPACE} {command}"))
}

fn run(command: &str) -> anyhow::Result<()> {
    let mut words = command.split(' ');
    let program = words.next().unwrap_or_default();
    let output = Command::new(program).args(words).output().context(program.to_owned())?;
    let problem = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`{command}`: {}", problem.trim());
    Ok(())
}

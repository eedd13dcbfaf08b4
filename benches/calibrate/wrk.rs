//! Load by `wrk`, where it is installed: the client that costs the machine least.

use crate::load::Loaded;
use anyhow::{Context as _, ensure};
use std::{net::SocketAddr, process::Command};

pub(crate) fn is_installed() -> bool {
    Command::new("wrk").arg("-v").output().is_ok()
}

/// Requests `path` on `connections` connections for `seconds`.
pub(crate) fn load(
    address: SocketAddr,
    path: &str,
    connections: usize,
    seconds: u64,
) -> anyhow::Result<Loaded> {
    let mut command = Command::new("wrk");
    command.args(["-t1", "--latency", &format!("-c{connections}"), &format!("-d{seconds}s")]);
    let said = command.arg(format!("http://{address}{path}")).output()?;
    let text = String::from_utf8_lossy(&said.stdout);
    // wrk prints these lines only when there is something to tell.
    ensure!(!text.contains("Non-2xx") && !text.contains("Socket errors"), "wrk says {text}");
    let line = text.lines().find(|line| line.contains(" requests in "));
    let count = line.and_then(|line| line.split_whitespace().next());
    let requests = count.with_context(|| format!("wrk says {text}"))?.parse()?;
    let quantile = |name: &str| {
        let line = text.lines().find_map(|line| line.trim().strip_prefix(name));
        line.and_then(|line| milliseconds(line.trim()))
    };
    Ok(Loaded { requests, median: quantile("50%"), p99: quantile("99%") })
}

/// A time as wrk writes it, such as `131.00us`.
fn milliseconds(text: &str) -> Option<f64> {
    let at = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(at);
    let unit = match unit {
        "us" => 1e-3,
        "ms" => 1.0,
        "s" => 1e3,
        _ => return None,
    };
    number.parse::<f64>().ok().map(|number| number * unit)
}

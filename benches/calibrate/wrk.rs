//! Load by `wrk`, where it is installed: the client that costs the machine least.

use anyhow::{Context as _, ensure};
use std::{net::SocketAddr, process::Command};

pub(crate) fn is_installed() -> bool {
    Command::new("wrk").arg("-v").output().is_ok()
}

/// Requests `path` on `connections` connections for `seconds`; returns the number of responses.
pub(crate) fn load(
    address: SocketAddr,
    path: &str,
    connections: usize,
    seconds: u64,
) -> anyhow::Result<u64> {
    let mut command = Command::new("wrk");
    command.args(["-t1", &format!("-c{connections}"), &format!("-d{seconds}s")]);
    let said = command.arg(format!("http://{address}{path}")).output()?;
    let text = String::from_utf8_lossy(&said.stdout);
    // wrk prints these lines only when there is something to tell.
    ensure!(!text.contains("Non-2xx") && !text.contains("Socket errors"), "wrk says {text}");
    let line = text.lines().find(|line| line.contains(" requests in "));
    let count = line.and_then(|line| line.split_whitespace().next());
    Ok(count.with_context(|| format!("wrk says {text}"))?.parse()?)
}

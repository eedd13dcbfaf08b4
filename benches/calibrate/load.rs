//! A load generator for machines without `wrk`.

use crate::{clock, http};
use anyhow::anyhow;
use std::{
    io::Read as _,
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

/// What a load gave.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Loaded {
    /// Responses.
    pub(crate) requests: u64,
    /// Quantiles of their latency, in milliseconds, if they are measured.
    pub(crate) median: Option<f64>,
    pub(crate) p99: Option<f64>,
}

/// Requests `path` on `connections` connections for `seconds`.
pub(crate) fn load(
    address: SocketAddr,
    path: &str,
    connections: usize,
    seconds: u64,
) -> anyhow::Result<Loaded> {
    let end = clock::now() + Duration::from_secs(seconds);
    let requests = thread::scope(|scope| {
        let start = |_| scope.spawn(|| ask(address, path, end));
        let running: Vec<_> = (0..connections).map(start).collect();
        let join = |running: thread::ScopedJoinHandle<'_, anyhow::Result<u64>>| {
            running.join().map_err(|_| anyhow!("a client panicked"))?
        };
        running.into_iter().map(join).sum::<anyhow::Result<u64>>()
    });
    Ok(Loaded { requests: requests?, median: None, p99: None })
}

/// One request after the other on one connection.
fn ask(address: SocketAddr, path: &str, end: Instant) -> anyhow::Result<u64> {
    let mut socket = http::connect(address)?;
    let mut buffer = vec![0; 64 * 1024];
    let mut answers = 0;
    while clock::now() < end {
        http::get(&mut socket, path)?;
        let (with_head, length) = http::head(&mut socket, &mut buffer)?;
        let mut left = length - with_head as u64;
        while left > 0 {
            let some = left.min(buffer.len() as u64) as usize;
            socket.read_exact(&mut buffer[..some])?;
            left -= some as u64;
        }
        answers += 1;
    }
    Ok(answers)
}

//! A download that takes down when each byte came.

use crate::{clock, http, trace::Trace};
use anyhow::ensure;
use std::{
    io::Read as _,
    net::SocketAddr,
    time::{Duration, Instant},
};

const BUFFER: usize = 64 * 1024;

/// Downloads `path` from now for `time`, then goes away. Times are since `zero`.
pub(crate) fn download(
    address: SocketAddr,
    path: &str,
    zero: Instant,
    time: Duration,
) -> anyhow::Result<Trace> {
    let mut socket = http::connect(address)?;
    let mut buffer = vec![0; BUFFER];
    let asked = clock::now();
    http::get(&mut socket, path)?;
    let (with_head, _) = http::head(&mut socket, &mut buffer)?;
    let mut trace = Trace::new(asked - zero, clock::now() - zero, with_head);
    let mut moment = clock::now();
    while moment < asked + time {
        let read = socket.read(&mut buffer)?;
        ensure!(read > 0, "the download ended early");
        moment = clock::now();
        trace.push(moment - zero, read);
    }
    Ok(trace)
}

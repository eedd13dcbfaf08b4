//! As much of an HTTP client as a measurement needs, on a blocking socket.

use anyhow::{Context as _, bail, ensure};
use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

const TIMEOUT: Duration = Duration::from_secs(10);

/// A connection to `address` that sends at once, and gives up after a while.
pub(crate) fn connect(address: SocketAddr) -> anyhow::Result<TcpStream> {
    let socket = TcpStream::connect_timeout(&address, TIMEOUT)?;
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(TIMEOUT))?;
    Ok(socket)
}

/// Requests `path`.
pub(crate) fn get(socket: &mut TcpStream, path: &str) -> anyhow::Result<()> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: calibrate\r\n\r\n");
    Ok(socket.write_all(request.as_bytes())?)
}

/// Reads the head of a 200 answer; says how many bytes of the body came with it, and how many the
/// body has.
pub(crate) fn head(socket: &mut TcpStream, buffer: &mut [u8]) -> anyhow::Result<(usize, u64)> {
    let mut filled = 0;
    loop {
        let read = socket.read(&mut buffer[filled..])?;
        ensure!(read > 0, "the connection closed within the head");
        filled += read;
        if let Some(end) = memchr::memmem::find(&buffer[..filled], b"\r\n\r\n") {
            let text = std::str::from_utf8(&buffer[..end])?;
            ensure!(text.starts_with("HTTP/1.1 200"), "answered {}", text.replace("\r\n", "; "));
            return Ok((filled - end - 4, content_length(text)?));
        }
        ensure!(filled < buffer.len(), "the head is too long");
    }
}

fn content_length(head: &str) -> anyhow::Result<u64> {
    for line in head.lines() {
        match line.split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                return Ok(value.trim().parse()?);
            }
            _ => {}
        }
    }
    bail!("no Content-Length")
}

/// Sends JSON and gives the text of the answer, which must be a good one.
pub(crate) fn json(
    address: SocketAddr,
    method: &str,
    path: &str,
    body: &str,
) -> anyhow::Result<String> {
    let mut socket = connect(address)?;
    let kind = if method == "PATCH" { "merge-patch+json" } else { "json" };
    write!(
        socket,
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Type: application/{kind}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("no answer")?;
    ensure!(head.starts_with("HTTP/1.1 2"), "{method} {path}: {answer}");
    Ok(body.to_owned())
}

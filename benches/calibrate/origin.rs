//! A small fast origin: `GET /BYTES` is answered with so many zeros, called video.

use anyhow::Context as _;
use std::{io::Write as _, net::SocketAddr, sync::mpsc, thread};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    runtime,
};

static ZEROS: [u8; 256 * 1024] = [0; 256 * 1024];
/// Bodies up to this size leave in one write with their head.
const ONE_WRITE: u64 = 64 * 1024;

/// Starts the origin on a thread of its own, for as long as the process lives.
pub(crate) fn start() -> anyhow::Result<SocketAddr> {
    let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
    let (told, address) = mpsc::channel();
    thread::spawn(move || runtime.block_on(listen("127.0.0.1:0", |address| told.send(address))));
    address.recv().context("the origin did not start")
}

/// Runs the origin at `address` for ever; prints where it listens.
pub(crate) fn serve_at(address: &str) -> anyhow::Result<()> {
    let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(listen(address, |address| {
        println!("{address}");
        std::io::stdout().flush()
    }))
}

async fn listen<E: std::error::Error + Send + Sync + 'static>(
    address: &str,
    tell: impl FnOnce(SocketAddr) -> Result<(), E>,
) -> anyhow::Result<()> {
    let listener = TcpListener::bind(address).await?;
    tell(listener.local_addr()?)?;
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        // As the built-in origin does: thousands of send buffers of megabytes are more than the kernel has.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        socket2::SockRef::from(&socket).set_tcp_notsent_lowat(64 * 1024)?;
        // A client that goes away ends its own connection only.
        tokio::spawn(async move {
            let _ = serve(socket).await;
        });
    }
}

async fn serve(mut socket: TcpStream) -> anyhow::Result<()> {
    let mut request = Vec::with_capacity(4096);
    loop {
        let end = loop {
            if let Some(end) = memchr::memmem::find(&request, b"\r\n\r\n") {
                break end + 4;
            }
            if socket.read_buf(&mut request).await? == 0 {
                return Ok(());
            }
        };
        let length = asked(&request[..end]);
        request.drain(..end);
        let mut answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: {length}\r\n\r\n"
        )
        .into_bytes();
        if length <= ONE_WRITE {
            answer.resize(answer.len() + length as usize, 0);
            socket.write_all(&answer).await?;
            continue;
        }
        socket.write_all(&answer).await?;
        let mut left = length;
        while left > 0 {
            let some = left.min(ZEROS.len() as u64) as usize;
            socket.write_all(&ZEROS[..some]).await?;
            left -= some as u64;
        }
    }
}

/// The number after the last `/` of the request's path.
fn asked(request: &[u8]) -> u64 {
    let line = request.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let path = line.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    std::str::from_utf8(name).ok().and_then(|name| name.parse().ok()).unwrap_or(0)
}

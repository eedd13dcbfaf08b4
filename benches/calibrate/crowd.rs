//! Many downloads at once on one thread: bytes per window of each, for a given time.

use crate::clock;
use anyhow::{Context as _, anyhow, ensure};
use std::{
    cell::RefCell,
    future::poll_fn,
    io,
    net::SocketAddr,
    pin::Pin,
    rc::Rc,
    task::{Poll, ready},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncRead as _, AsyncReadExt as _, AsyncWriteExt as _, ReadBuf},
    net::TcpStream,
    runtime,
    task::{self, LocalSet},
};

/// Bytes are counted in windows of this length.
pub(crate) const WINDOW: Duration = Duration::from_millis(100);

/// The bytes that one download got in each window since the crowd's zero.
pub(crate) type Windows = Vec<u32>;

/// Starts a download of each of `paths`, evenly over `ramp`, and lets them run until `end`; both are
/// since `zero`.
pub(crate) fn downloads(
    address: SocketAddr,
    paths: Vec<String>,
    zero: Instant,
    (ramp, end): (Duration, Duration),
) -> anyhow::Result<Vec<Windows>> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let crowd = LocalSet::new();
    let buffer = Rc::new(RefCell::new(vec![0; 64 * 1024]));
    let step = ramp / u32::try_from(paths.len()).unwrap_or(u32::MAX);
    let running = crowd.run_until(async move {
        let start = |(number, path): (u32, String)| {
            let (buffer, at) = (Rc::clone(&buffer), zero + step * number);
            task::spawn_local(async move {
                tokio::time::sleep_until(at.into()).await;
                download(address, &path, &buffer, zero, end).await
            })
        };
        let running: Vec<_> = (0..).zip(paths).map(start).collect();
        let mut all = Vec::new();
        for one in running {
            all.push(one.await.map_err(|_| anyhow!("a download panicked"))??);
        }
        Ok(all)
    });
    runtime.block_on(running)
}

async fn download(
    address: SocketAddr,
    path: &str,
    buffer: &RefCell<Vec<u8>>,
    zero: Instant,
    end: Duration,
) -> anyhow::Result<Windows> {
    let mut socket = TcpStream::connect(address).await?;
    socket.set_nodelay(true)?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: calibrate\r\n\r\n");
    socket.write_all(request.as_bytes()).await?;
    let count = (end.as_nanos() / WINDOW.as_nanos()) as usize;
    let mut windows = vec![0_u32; count];
    let mut head = Vec::with_capacity(2048);
    while memchr::memmem::find(&head, b"\r\n\r\n").is_none() {
        ensure!(socket.read_buf(&mut head).await? > 0, "closed within the head");
    }
    ensure!(head.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&head));
    // One timer for all of it, and one read for what came: the crowd shares the machine with the proxy.
    let counting = async {
        loop {
            let read = poll_fn(|cx| {
                let mut buffer = buffer.borrow_mut();
                let mut buffer = ReadBuf::new(&mut buffer);
                ready!(Pin::new(&mut socket).poll_read(cx, &mut buffer))?;
                Poll::Ready(io::Result::Ok(buffer.filled().len()))
            });
            let read = read.await?;
            ensure!(read > 0, "a download ended early");
            let window = ((clock::now() - zero).as_nanos() / WINDOW.as_nanos()) as usize;
            if let Some(window) = windows.get_mut(window) {
                *window += u32::try_from(read).context("a read beyond 4 GiB")?;
            }
        }
    };
    if let Ok(ended) = tokio::time::timeout_at((zero + end).into(), counting).await {
        return ended;
    }
    Ok(windows)
}

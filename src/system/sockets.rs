//! Options of TCP sockets that not every system has.

use std::{io, time::Duration};
use tokio::net::TcpStream;

/// The interval of TCP keep-alive probes.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// Has the system probe an idle connection, so that it detects a peer that is gone.
///
/// # Errors
/// Those of the system.
pub fn keep_alive(stream: &TcpStream) -> io::Result<()> {
    let probes = socket2::TcpKeepalive::new().with_time(KEEP_ALIVE);
    #[cfg(vsps_unix)]
    let probes = probes.with_interval(KEEP_ALIVE);
    socket2::SockRef::from(stream).set_tcp_keepalive(&probes)
}

/// Makes `stream` writable only while fewer than `bytes` of what was written are unsent. By default the kernel buffers
/// megabytes, which with a thousand slow downloads would fill all its memory for TCP.
///
/// # Errors
/// Those of the system, also if it has no such option.
#[cfg(vsps_linux)]
pub fn keep_unsent_short(stream: &TcpStream, bytes: u32) -> io::Result<()> {
    socket2::SockRef::from(stream).set_tcp_notsent_lowat(bytes)
}

/// Makes `stream` writable only while fewer than `bytes` are unsent: this system has no such option.
///
/// # Errors
/// Always.
#[cfg(not(vsps_linux))]
pub fn keep_unsent_short(_: &TcpStream, _: u32) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// A second handle of `stream`, which is writable when nothing is unsent. It is registered again with the runtime, since
/// the readiness of the first handle is already known.
///
/// # Errors
/// Those of the system, also if it can't report this.
#[cfg(vsps_linux)]
pub fn handle_for_unsent(stream: &TcpStream) -> io::Result<TcpStream> {
    use std::os::fd::AsFd as _;
    keep_unsent_short(stream, 1)?;
    TcpStream::from_std(stream.as_fd().try_clone_to_owned()?.into())
}

/// A second handle of `stream`, which is writable when nothing is unsent: this system can't report it.
///
/// # Errors
/// Always.
#[cfg(not(vsps_linux))]
pub fn handle_for_unsent(_: &TcpStream) -> io::Result<TcpStream> {
    Err(io::ErrorKind::Unsupported.into())
}

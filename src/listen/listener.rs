//! Opens the listening socket of a server.

use std::{io, net::SocketAddr};
use tokio::net::{TcpListener, TcpSocket};

/// The most connections that may wait to be accepted; the system may allow fewer. When more come at once, the kernel
/// drops some that the client believes to be open; a client that waits for the server to send first then waits forever.
const BACKLOG: u32 = 4096;

/// Listens on `address`; port 0 is any free one.
///
/// # Errors
/// If the address is in use, is not of this machine, or may not be used.
pub fn open_listener(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Otherwise a restart fails for a minute after connections were open.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

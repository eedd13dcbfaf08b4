//! One connection of a client, and the one to its upstream server.

use super::{
    flow::{Flow, Sockets},
    setup::Relay,
};
use crate::{
    listen::Place,
    names::Lookups,
    tcp::{
        chain::{Ending, Origin},
        direction::Direction,
    },
};
use socket2::SockRef;
use std::{io, net::Shutdown, net::SocketAddr, pin::pin, sync::Arc, time::Duration};
use tokio::net::TcpStream;

/// Connects `client` to the upstream server, and relays until both directions have ended or the connection is cut.
pub(in crate::tcp) async fn serve(
    relay: Arc<Relay>,
    client: TcpStream,
    peer: SocketAddr,
    place: Place,
) {
    let ordinal = relay.counters.accept();
    let _open = relay.counters.open();
    match reach(&relay).await {
        Err(problem) => {
            let upstream = &relay.upstream;
            tracing::warn!(%peer, upstream, %problem, "the upstream server can't be reached");
        }
        Ok(upstream) => {
            tracing::debug!(%peer, ordinal, "connected");
            let ending = connect(&relay, ordinal, &client, &upstream).await;
            tracing::debug!(%peer, ordinal, ?ending, "ended");
            close(&client, ending);
            close(&upstream, ending);
        }
    }
    drop(place);
}

/// Connects to the upstream server.
async fn reach(relay: &Relay) -> io::Result<TcpStream> {
    let found = find(&relay.lookups, &relay.upstream).await?;
    let itself = !found.is_empty();
    let addresses = relay.route.onward(found);
    if addresses.is_empty() && itself {
        let problem = "it leads back to this proxy; set `upstream` to the address of a server";
        return Err(io::Error::other(problem));
    }
    TcpStream::connect(&*addresses).await
}

/// The addresses of `upstream`, a host and a port.
async fn find(lookups: &Lookups, upstream: &str) -> io::Result<Vec<SocketAddr>> {
    if let Ok(address) = upstream.parse() {
        return Ok(vec![address]);
    }
    let parts = upstream.rsplit_once(':');
    let Some((host, port)) = parts.and_then(|(host, port)| Some((host, port.parse().ok()?))) else {
        let problem = "`upstream` is not a host and a port; write it as in `localhost:1935`";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
    };
    lookups.find(host, port).await
}

async fn connect(relay: &Relay, ordinal: u64, client: &TcpStream, upstream: &TcpStream) -> Ending {
    for socket in [client, upstream] {
        // If this fails, small packets are only later.
        let _ = socket.set_nodelay(true);
    }
    let seed = relay.seed.numbered(ordinal);
    let flow = |direction: Direction, sockets| {
        let origin = Origin { direction, ordinal, seed: seed.named(direction.as_str()) };
        Flow::new(sockets, relay, origin).run()
    };
    let up = flow(Direction::Upstream, Sockets { source: client, sink: upstream });
    let down = flow(Direction::Downstream, Sockets { source: upstream, sink: client });
    let (mut up, mut down) = (pin!(up), pin!(down));
    let (mut up_open, mut down_open) = (true, true);
    while up_open || down_open {
        let (ending, sink) = tokio::select! {
            ending = &mut up, if up_open => {
                up_open = false;
                (ending, upstream)
            }
            ending = &mut down, if down_open => {
                down_open = false;
                (ending, client)
            }
        };
        if ending != Ending::Finished {
            return ending;
        }
        // An error means that the peer is gone; the other direction finds out.
        let _ = SockRef::from(sink).shutdown(Shutdown::Write);
    }
    Ending::Finished
}

/// Prepares for `socket` to be dropped, which closes it.
fn close(socket: &TcpStream, ending: Ending) {
    match ending {
        Ending::Reset => {
            // If this fails, the peer sees an orderly end.
            let _ = SockRef::from(socket).set_linger(Some(Duration::ZERO));
        }
        Ending::Closed | Ending::Finished => discard_unread(socket),
    }
}

/// Reads what has arrived: closing a socket with unread bytes would reset the connection and discard bytes that are
/// still to be sent.
fn discard_unread(socket: &TcpStream) {
    const MOST: usize = 64;
    let mut scratch = [0; 16 * 1024];
    for _ in 0..MOST {
        match socket.try_read(&mut scratch) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names are looked up with the bounds of the HTTP proxy.
    #[tokio::test]
    async fn upstream_servers_are_found_by_name_or_address() {
        let lookups = Lookups::default();
        assert_eq!(find(&lookups, "[::1]:9").await.unwrap(), ["[::1]:9".parse().unwrap()]);
        let found = find(&lookups, "localhost:9").await.unwrap();
        assert!(found.iter().all(|address| address.ip().is_loopback() && address.port() == 9));
        for wrong in ["localhost", "localhost:http", "localhost:99999"] {
            let problem = find(&lookups, wrong).await.unwrap_err();
            assert_eq!(problem.kind(), io::ErrorKind::InvalidInput, "{wrong}");
        }
        let refused = find(&Lookups::at_most(0), "localhost:9").await.unwrap_err();
        assert_eq!(refused.to_string(), "too many host names are being looked up; try again");
    }
    use crate::tcp::{
        relay::setup::tests::{pair, relay},
        toxics::Toxics,
    };

    /// Otherwise a small packet waits until the one before is acknowledged.
    #[tokio::test]
    async fn small_packets_are_sent_at_once() {
        let relay = relay(&Toxics::default());
        let ((client, near), (upstream, far)) = (pair().await, pair().await);
        drop((near, far));
        assert_eq!(connect(&relay, 0, &client, &upstream).await, Ending::Finished);
        assert!(client.nodelay().unwrap() && upstream.nodelay().unwrap());
    }
}

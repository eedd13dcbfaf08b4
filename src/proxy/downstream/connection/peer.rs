//! Who is at the other end of a player's connection, and how it reached the proxy.

use super::next_protocol::Interception;
use crate::{proxy::downstream::proxy_protocol::ProxyHeader, sessions::Origin};
use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

/// Who sends the requests of a connection. Each value is set once, before the first request.
#[derive(Debug, Default)]
pub(in crate::proxy) struct Peer {
    /// The connection uses TLS.
    secure: AtomicBool,
    /// The address at which the player reached the proxy.
    local: OnceLock<SocketAddr>,
    /// The client of the server in front, if the PROXY protocol was used; `None` = its header names no client.
    front: OnceLock<Option<IpAddr>>,
    /// The tunnel whose TLS the connection terminates.
    interception: OnceLock<Box<Interception>>,
}

impl Peer {
    /// Records that the connection uses TLS.
    pub(super) fn secured(&self) {
        self.secure.store(true, Ordering::Relaxed);
    }

    /// Whether the connection uses TLS.
    pub(in crate::proxy) fn is_secure(&self) -> bool {
        self.secure.load(Ordering::Relaxed)
    }

    /// Records that the connection was accepted at `local`.
    pub(in crate::proxy) fn accepted_at(&self, local: SocketAddr) {
        let _ = self.local.set(local);
    }

    /// The address at which the player reached the proxy, if that is known.
    pub(in crate::proxy) fn local_address(&self) -> Option<SocketAddr> {
        self.local.get().copied()
    }

    /// Records what the server in front says in the PROXY protocol.
    pub(in crate::proxy::downstream) fn set_front(&self, header: &ProxyHeader) {
        let _ = self.front.set(header.client);
    }

    /// Whether headers of the requests do not come from a server in front, also if their sender is trusted: the PROXY
    /// protocol names no client, or they come from inside of a tunnel.
    pub(in crate::proxy) fn bypasses_front(&self) -> bool {
        self.interception.get().is_some() || self.front.get().is_some_and(Option::is_none)
    }

    /// Who sends the requests, if that is not the other end of the socket: the client of the server in front, or the
    /// one that opened the tunnel whose TLS the connection terminates.
    pub(in crate::proxy) fn sender(&self) -> Option<IpAddr> {
        let tunnel = self.interception.get().map(|interception| interception.client);
        tunnel.or_else(|| self.front.get().copied().flatten())
    }

    /// Records that the requests come from a tunnel whose TLS the connection terminates.
    pub(in crate::proxy) fn intercept(&self, interception: Box<Interception>) {
        let _ = self.interception.set(interception);
    }

    /// The host whose TLS the connection terminates.
    pub(in crate::proxy) fn intercepted(&self) -> Option<&Origin> {
        self.interception.get().map(|interception| &interception.origin)
    }

    /// The user of the forward proxy who asked for that host.
    pub(in crate::proxy) fn user(&self) -> Option<Arc<str>> {
        self.interception.get().and_then(|interception| interception.user.clone())
    }
}

//! What a connection carries after its last response.

use crate::{proxy::downstream::player_stream::PlayerStream, sessions::Origin};
use bytes::Bytes;
use std::{net::IpAddr, pin::Pin, sync::Arc};

/// Relays the bytes of a stream, after bytes that were read from it.
pub(in crate::proxy) type Relay =
    Box<dyn FnOnce(PlayerStream, Bytes) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// Serves the requests inside of TLS that ends here, in a stream of HTTP/2.
pub(in crate::proxy) type Interceptor = Box<
    dyn Fn(Box<Interception>, PlayerStream) -> Pin<Box<dyn Future<Output = ()> + Send>>
        + Send
        + Sync,
>;

/// What a connection carries after its last response.
pub(in crate::proxy) enum NextProtocol {
    /// Another protocol, which is not read.
    Tunnel(Relay),
    /// HTTP over TLS, which ends here.
    Intercept(Box<Interception>),
}

/// The requests inside of a tunnel whose TLS ends here.
#[derive(Debug)]
pub(in crate::proxy) struct Interception {
    /// The host that they are for.
    pub(in crate::proxy) origin: Origin,
    /// The user of the forward proxy who opened the tunnel.
    pub(in crate::proxy) user: Option<Arc<str>>,
    /// The client that opened it. What the requests say of their sender does not come from a server in front.
    pub(in crate::proxy) client: IpAddr,
}

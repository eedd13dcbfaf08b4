//! What a connection carries after its response, if that is not HTTP as before.

use crate::{
    proxy::{
        body::source::Source,
        upstream::{Direct, OriginBody},
    },
    sessions::Origin,
};
use http::Response;
use parking_lot::Mutex;
use std::sync::Arc;

/// What the connection carries after the response.
pub(in crate::proxy) enum Switch {
    /// Bytes to and from this connection.
    Tunnel(Box<Direct>),
    /// HTTP over TLS that is terminated here.
    Intercept(Origin),
}

/// Marks a response after which the connection switches. It is an extension of the response, which has to be cloneable.
#[derive(Clone)]
pub(in crate::proxy) struct PendingSwitch(Arc<Mutex<Option<Switch>>>);

impl PendingSwitch {
    /// Marks `response`.
    pub(in crate::proxy) fn mark<B>(response: &mut Response<B>, switch: Switch) {
        response.extensions_mut().insert(Self(Arc::new(Mutex::new(Some(switch)))));
    }

    /// The switch with which `response` was marked.
    pub(in crate::proxy) fn take<B>(response: &mut Response<B>) -> Option<Switch> {
        response.extensions_mut().remove::<Self>()?.0.lock().take()
    }
}

/// How the origin answers a request that may ask for another protocol.
pub(in crate::proxy) enum OriginAnswer {
    /// A response of HTTP.
    Response(Response<OriginBody>),
    /// It has switched to the protocol that the request asks for.
    Switched(Response<Source>),
}

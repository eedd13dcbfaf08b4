//! A request to be sent to the origin.

use super::{cmcd_post::Listener, exchange::Exchange, proxy::Proxy};
use crate::{
    proxy::body::{incoming_body::IncomingBody, request_body::RequestBody},
    sessions::UpstreamUrl,
};
use http::request;

/// A request to be sent to the origin. It is boxed: several futures pass it on, and each has a place for it.
pub(in crate::proxy) struct Outbound {
    pub(in crate::proxy) url: UpstreamUrl,
    pub(in crate::proxy) head: request::Parts,
    pub(in crate::proxy) body: RequestBody,
    /// Size of the head, as the player sent it.
    pub(in crate::proxy) head_size: u32,
}

impl Outbound {
    /// The request of `exchange` for `url`. If it posts CMCD reports, they are read as its body passes.
    pub(in crate::proxy) fn new(
        proxy: &Proxy,
        url: UpstreamUrl,
        head: request::Parts,
        body: IncomingBody,
        head_size: u32,
        exchange: &Exchange,
    ) -> Box<Self> {
        let body =
            RequestBody::new(body, Listener::of(&proxy.registry, &head, &url.origin, exchange));
        Box::new(Self { url, head, body, head_size })
    }
}

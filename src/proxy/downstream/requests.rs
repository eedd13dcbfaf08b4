//! Serves the requests of one connection of a player.

use super::{connection::Connection, held_body::HeldBody, stream_executor::StreamExecutor};
use crate::{
    memory::ClientMemory,
    proxy::{
        body::{incoming_body::IncomingBody, response_body::PlayerBody},
        error::ProxyError,
        exchange::{cors::CorsRequest, proxy::Proxy, reply, unanswered::Unanswered},
        trusted_front,
    },
};
use http::{HeaderMap, Request, Response, header};
use hyper::body::{Body as _, Incoming};
use std::{
    net::IpAddr,
    sync::{Arc, OnceLock},
};

/// Serves the requests of one connection.
pub(super) struct Requests {
    pub(super) proxy: Arc<Proxy>,
    pub(super) connection: Arc<Connection>,
    pub(super) peer: IpAddr,
    /// What is held for the peer, once that is needed.
    memory: OnceLock<Arc<ClientMemory>>,
}

impl Requests {
    pub(super) const fn new(proxy: Arc<Proxy>, connection: Arc<Connection>, peer: IpAddr) -> Self {
        Self { proxy, connection, peer, memory: OnceLock::new() }
    }

    /// Records that `request` of HTTP/1.1 has arrived: before hyper looks for the end of the connection.
    pub(super) fn arrived(&self, request: &Request<Incoming>) {
        self.connection.activity.has_request(request.body().is_end_stream());
    }

    /// Serves a request.
    pub(super) async fn serve(
        &self,
        request: Request<IncomingBody>,
    ) -> Result<Response<PlayerBody>, Unanswered> {
        let response = self.proxy.serve(&self.connection, self.peer, request).await;
        self.connection.activity.has_response();
        let mut response = response?;
        if let Some(place) = &self.proxy.config.alt_svc
            && self.connection.is_secure()
            && self.connection.peer.intercepted().is_none()
        {
            response.headers_mut().insert(header::ALT_SVC, place.clone());
        }
        Ok(response)
    }

    /// Passes on the `response` to a request that is served already.
    pub(super) fn answered_before(&self, response: Response<PlayerBody>) -> Response<PlayerBody> {
        self.connection.activity.has_read_again();
        self.connection.activity.has_response();
        response
    }

    /// Serves a request in a stream of HTTP/2. It is charged for what its response may hold, and refused if that is too much.
    pub(super) async fn serve_stream(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<HeldBody>, Unanswered> {
        let stream = StreamExecutor::stream();
        if let Some(stream) = &stream {
            if let Err(used_up) = stream.charge(self.memory_of(request.headers())) {
                return Ok(self.refuse(request, &used_up.into()));
            }
            self.proxy.connections.streams.add(stream);
        }
        let response = self.serve(request.map(IncomingBody::Hyper)).await?;
        Ok(response.map(|body| HeldBody::new(body, stream)))
    }

    /// What is held for the sender of a request with `headers`.
    fn memory_of(&self, headers: &HeaderMap) -> Arc<ClientMemory> {
        let memory = self.proxy.registry.memory();
        let sender = self.connection.peer.sender().unwrap_or(self.peer);
        let client = if self.connection.peer.bypasses_front() {
            sender
        } else {
            trusted_front::client(&self.proxy.config.trust_proxy, sender, headers)
        };
        if client != sender {
            return memory.client(Some(client));
        }
        Arc::clone(self.memory.get_or_init(|| memory.client(Some(sender))))
    }

    fn refuse<B>(&self, request: Request<B>, error: &ProxyError) -> Response<HeldBody> {
        let mut response = reply::refusal(&self.connection, error);
        let (head, _) = request.into_parts();
        if self.proxy.config.cors
            && let Some(cors) = CorsRequest::of(&head)
        {
            cors.permit(&mut response);
        }
        response.map(|source| HeldBody::new(PlayerBody::Plain(Box::new(source)), None))
    }
}

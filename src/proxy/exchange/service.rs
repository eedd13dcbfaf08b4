//! The phases of one exchange: identify, decide, respond, deliver.

use super::{
    cmcd_request,
    cors::CorsRequest,
    decide::{Received, decide},
    deliver::{deliver, prepare},
    exchange::Exchange,
    forward, headers,
    identify::{Identified, identify},
    outbound::Outbound,
    own_pages,
    protocol_switch::{PendingSwitch, Switch},
    proxy::Proxy,
    redirect_hops, reply,
    respond::respond,
    response_script::run_response_script,
    switch,
    switch::Requester,
    unanswered::Unanswered,
};
use crate::event::Outcome;
use crate::proxy::{
    body::{
        head_shaping::pass_downlink, incoming_body::IncomingBody, response_body::PlayerBody,
        source::Source,
    },
    downstream::{
        connection::{Connection, Interception, NextProtocol, Relay, TunnelPermit},
        connections::Connections,
        player_stream::PlayerStream,
        request_framing,
    },
    trusted_front,
    tunnel::Tunnel,
};
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use std::{net::IpAddr, sync::Arc};

impl Proxy {
    /// Serves one request on `connection`, which comes from `peer`.
    pub(in crate::proxy) async fn serve(
        &self,
        connection: &Arc<Connection>,
        peer: IpAddr,
        request: Request<IncomingBody>,
    ) -> Result<Response<PlayerBody>, Unanswered> {
        let (mut head, body) = request.into_parts();
        let client = client(self, connection, peer, &mut head.headers);
        let cors = if self.config.cors { CorsRequest::of(&head) } else { None };
        connection.activity.speaks(head.version);
        let target = forward::check_hops(&head.headers)
            .and_then(|()| forward::target(self, connection, &head));
        let forwarded = match target {
            Ok(forwarded) => forwarded,
            Err(error) => {
                return Ok(own_response(connection, cors, reply::refusal(connection, &error)));
            }
        };
        if forwarded.is_some() {
            head.extensions.insert(forward::Forwarded);
        } else if let Some(page) = own_pages::answer(self, connection, &head) {
            return Ok(own_response(connection, cors, page));
        }
        let checked = request_framing::check(connection, &head, &body, &self.config.limits);
        let (requester, checked) = match switch::requester(connection, &mut head, client) {
            Ok(requester) => (requester, checked),
            Err(error) => (None, checked.and(Err(error))),
        };
        let identified = match (checked, forwarded) {
            (Err(error), _) => Err(error),
            (Ok(()), Some(url)) => {
                Box::pin(forward::identify(self, client, &head, connection, url)).await
            }
            (Ok(()), None) => identify(self, client, &head).await,
        };
        // A forward proxy changes no permissions of pages.
        let cors = cors.filter(|_| !forward::is_forwarded(&head));
        let (session, mut url) = match identified {
            Ok(Identified::Request { session, url }) => (session, url),
            Ok(Identified::Redirect { location }) => {
                return Ok(own_response(connection, cors, reply::redirect(&location)));
            }
            Err(error) => {
                return Ok(own_response(connection, cors, reply::refusal(connection, &error)));
            }
        };
        let cmcd = cmcd_request::read(&url.path, &head.headers);
        let head_size = headers::request_head_size(&head.method, &url.path, &head.headers);
        if self.config.strip_cmcd {
            cmcd_request::strip(&mut url.path, &mut head.headers);
        }
        session.settled().await;
        let received = Received { client, head: &head, url: &url, cmcd };
        let mut exchange = decide(self, connection, session, received);
        let outbound = Outbound::new(self, url, head, body, head_size, &exchange);
        let mut response = respond(self, &mut exchange, outbound).await?;
        if let Some(requester) = requester
            && let Some(switch) = PendingSwitch::take(&mut response)
        {
            self.pause(&exchange.session, exchange.response_latency()).await;
            exchange.answered(response.status().as_u16());
            switch_over(self, connection, exchange, switch, *requester);
            return Ok(response.map(|source| PlayerBody::Plain(Box::new(source))));
        }
        redirect_hops::carry_over(&mut exchange);
        run_response_script(self, &mut exchange, &mut response).await;
        self.pause(&exchange.session, exchange.response_latency()).await;
        if let Some(cors) = cors {
            cors.permit(&mut response);
        }
        let delivery = prepare(self, &exchange, &mut response);
        pass_downlink(&exchange.session, &response).await;
        Ok(deliver(self, exchange, response, delivery))
    }
}

/// Who sent a request on `connection`, which comes from `peer`. Removes headers that only a server in front may set.
fn client(proxy: &Proxy, connection: &Connection, peer: IpAddr, headers: &mut HeaderMap) -> IpAddr {
    let trusted = &proxy.config.trust_proxy;
    let sender = connection.peer.sender().unwrap_or(peer);
    let believed = trusted_front::is_trusted(trusted, sender) && !connection.peer.bypasses_front();
    if !trusted.is_empty() && !believed {
        headers::forget_front(headers);
    }
    trusted_front::client(trusted, sender, headers)
}

/// Makes `connection`, or its stream, carry another protocol after the response under way.
fn switch_over(
    proxy: &Proxy,
    connection: &Arc<Connection>,
    mut exchange: Box<Exchange>,
    switch: Switch,
    requester: Requester,
) {
    let Requester { user, client, upgrade, permit } = requester;
    let next = match switch {
        Switch::Intercept(origin) => {
            exchange.ended(Outcome::Complete);
            let interception = Box::new(Interception { origin, user, client });
            if let Some(upgrade) = upgrade.filter(|_| connection.is_http2()) {
                let connection = Arc::clone(connection);
                tokio::spawn(intercept_stream(connection, interception, upgrade, permit));
                return;
            }
            return connection.continue_with(NextProtocol::Intercept(interception));
        }
        Switch::Tunnel(direct) => {
            let tunnel = Tunnel::new(exchange, *direct, proxy.config.timeouts.idle);
            NextProtocol::Tunnel(Box::new(move |stream, first| Box::pin(tunnel.run(stream, first))))
        }
    };
    match (next, upgrade) {
        (NextProtocol::Tunnel(relay), Some(upgrade)) if connection.is_http2() => {
            tokio::spawn(relay_stream(relay, upgrade, permit, Arc::clone(&proxy.connections)));
        }
        (next, _) => connection.continue_with(next),
    }
}

/// Serves the requests inside of TLS in a stream of HTTP/2, which `upgrade` hands over, and holds its permit.
async fn intercept_stream(
    connection: Arc<Connection>,
    interception: Box<Interception>,
    upgrade: OnUpgrade,
    _permit: Option<TunnelPermit>,
) {
    // It fails if the client is gone before the response is sent.
    let Ok(upgraded) = upgrade.await else { return };
    let stream = PlayerStream::Http2(Box::new(TokioIo::new(upgraded)));
    connection.intercept_stream(interception, stream).await;
}

/// Relays the bytes of a stream of HTTP/2, which `upgrade` hands over, and holds its permit.
async fn relay_stream(
    relay: Relay,
    upgrade: OnUpgrade,
    _permit: Option<TunnelPermit>,
    connections: Arc<Connections>,
) {
    // It fails if the client is gone before the response is sent.
    let Ok(upgraded) = upgrade.await else { return };
    let stream = PlayerStream::Http2(Box::new(TokioIo::new(upgraded)));
    tokio::select! {
        // Begins in any case, so that its exchange counts as cut.
        biased;
        () = relay(stream, Bytes::new()) => {}
        () = connections.stopped() => {}
    }
}

/// A response of the proxy that is not shaped by a session's link.
fn own_response(
    connection: &Connection,
    cors: Option<CorsRequest>,
    mut response: Response<Source>,
) -> Response<PlayerBody> {
    connection.activity.enter();
    connection.activity.leave(connection.now());
    if let Some(cors) = cors {
        cors.permit(&mut response);
    }
    response.map(|source| PlayerBody::Plain(Box::new(source)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::{
        body::{shaped_body::ShapedBody, source::Source},
        downstream::connection::Connection,
    };

    /// The size of the future of an exchange.
    fn of_future<'a, F: Future>(
        _: impl FnOnce(&'a Proxy, &'a Arc<Connection>, IpAddr, Request<IncomingBody>) -> F,
    ) -> usize {
        size_of::<F>()
    }

    /// Each exchange moves these several times, and thousands of bodies are under way at the same time.
    #[test]
    fn what_an_exchange_moves_stays_small() {
        let sizes = [
            ("the future of an exchange", of_future(Proxy::serve), 5_120),
            ("an exchange", size_of::<Exchange>(), 640),
            ("a body", size_of::<ShapedBody>(), 1_024),
            ("a source", size_of::<Source>(), 416),
            ("a connection", size_of::<Connection>(), 512),
        ];
        let lines = sizes.map(|(name, size, most)| format!("{name}: {size} of {most} bytes"));
        println!("{}", lines.join("\n"));
        assert!(sizes.iter().all(|(_, size, most)| size <= most), "\n{}\n", lines.join("\n"));
    }
}

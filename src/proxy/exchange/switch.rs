//! Requests after which a connection carries another protocol: CONNECT, and upgrades such as websockets (RFC 9110 §7.8,
//! §9.3.6).

use super::{
    exchange::Exchange,
    forward, headers,
    protocol_switch::{OriginAnswer, PendingSwitch, Switch},
    proxy::Proxy,
};
use crate::proxy::{
    body::{source::Source, upload::Upload},
    downstream::connection::{Connection, TunnelPermit},
    error::ProxyError,
    upstream::{Answer, OriginBody, Reach},
};
use crate::{sessions::UpstreamUrl, units::BitRate};
use http::{HeaderValue, Method, Response, Version, header, request};
use hyper::upgrade::OnUpgrade;
use std::{net::IpAddr, sync::Arc};

/// Answers CONNECT: connects to the host, unless its TLS is to be terminated here.
pub(in crate::proxy) async fn connect(
    proxy: &Proxy,
    url: &UpstreamUrl,
    reach: Reach<'_>,
    exchange: &mut Exchange,
) -> Result<Response<Source>, ProxyError> {
    let forward = proxy.config.forward.as_ref();
    let intercept = forward.is_some_and(|forward| {
        forward.intercept.iter().any(|pattern| pattern.matches(&url.origin))
    });
    let switch = if intercept {
        Switch::Intercept(url.origin.clone())
    } else {
        exchange.await_origin();
        let direct = proxy.upstream.connect(&url.origin, reach, peak(exchange)).await;
        exchange.origin_delivered();
        Switch::Tunnel(Box::new(direct?))
    };
    let mut response = Response::new(Source::default());
    PendingSwitch::mark(&mut response, switch);
    Ok(response)
}

/// The highest rate of the link of `exchange`.
fn peak(exchange: &Exchange) -> BitRate {
    exchange.arming.link.rate.peak()
}

/// The protocol that a request asks for. HTTP/2 is none: a client that can speak it does so from the start.
pub(in crate::proxy) fn wanted(head: &request::Parts) -> Option<HeaderValue> {
    let protocol = head.headers.get(header::UPGRADE)?;
    let connection = headers::text(&head.headers, header::CONNECTION)?;
    let asks = connection.split(',').any(|word| word.trim().eq_ignore_ascii_case("upgrade"));
    let http = protocol.as_bytes().to_ascii_lowercase().starts_with(b"h2");
    (asks && !http && head.version == Version::HTTP_11).then(|| protocol.clone())
}

/// Sends a request for `protocol`. `peak` is the highest rate of the session's link.
pub(in crate::proxy) async fn upgrade(
    proxy: &Proxy,
    url: &UpstreamUrl,
    reach: Reach<'_>,
    mut head: request::Parts,
    body: Upload,
    protocol: HeaderValue,
    peak: BitRate,
) -> Result<OriginAnswer, ProxyError> {
    let upgrade = HeaderValue::from_static("upgrade");
    head.headers.insert(header::CONNECTION, upgrade.clone());
    head.headers.insert(header::UPGRADE, protocol);
    match proxy.upstream.request_switch(url, reach, head, body, peak).await? {
        Answer::Kept(response) => Ok(OriginAnswer::Response(response.map(OriginBody::kept))),
        Answer::Switched(response, direct) => {
            let (mut head, ()) = response.into_parts();
            let protocol = head.headers.get(header::UPGRADE).cloned();
            headers::pass_on(&mut head.headers, head.version);
            head.headers.insert(header::CONNECTION, upgrade);
            if let Some(protocol) = protocol {
                head.headers.insert(header::UPGRADE, protocol);
            }
            let mut response = Response::from_parts(head, Source::default());
            PendingSwitch::mark(&mut response, Switch::Tunnel(direct));
            Ok(OriginAnswer::Switched(response))
        }
    }
}

/// Who sent a request for another protocol.
pub(in crate::proxy) struct Requester {
    pub(in crate::proxy) user: Option<Arc<str>>,
    pub(in crate::proxy) client: IpAddr,
    /// What hands over its stream of HTTP/2.
    pub(in crate::proxy) upgrade: Option<OnUpgrade>,
    /// Held as long as that stream carries a tunnel.
    pub(in crate::proxy) permit: Option<TunnelPermit>,
}

/// Who sent a request on `connection`, if that is for another protocol. Fails if no further stream of the connection may
/// carry a tunnel.
pub(in crate::proxy) fn requester(
    connection: &Arc<Connection>,
    head: &mut request::Parts,
    client: IpAddr,
) -> Result<Option<Box<Requester>>, ProxyError> {
    if head.method != Method::CONNECT && wanted(head).is_none() {
        return Ok(None);
    }
    let permit = match connection.is_http2() {
        true => Some(connection.tunnels.permit().ok_or(ProxyError::Tunnels)?),
        false => None,
    };
    let user = forward::user(&head.headers).map(Into::into);
    let upgrade = head.extensions.remove::<OnUpgrade>();
    Ok(Some(Box::new(Requester { user, client, upgrade, permit })))
}

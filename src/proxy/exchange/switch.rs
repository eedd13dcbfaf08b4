//! Requests after which a connection carries another protocol: CONNECT, and upgrades such as websockets (RFC 9110 §7.8,
//! §9.3.6).

use super::{
    exchange::Exchange,
    forward, headers,
    protocol_switch::{Asked, PendingSwitch, Switch},
    proxy::Proxy,
};
use crate::proxy::{
    body::{source::Source, upload::Upload},
    error::ProxyError,
    upstream::{Answer, OriginBody, Reach},
};
use crate::sessions::UpstreamUrl;
use http::{HeaderValue, Response, Version, header, request};

/// Answers CONNECT: connects to the host, unless its TLS is to be terminated here.
pub(in crate::proxy) async fn connect(
    proxy: &Proxy,
    url: &UpstreamUrl,
    reach: Reach<'_>,
    exchange: &mut Exchange,
) -> Result<Response<Source>, ProxyError> {
    let forward = proxy.config.forward.as_ref();
    let intercept = forward.is_some_and(|forward| {
        let named = forward.intercept.iter().any(|pattern| pattern.matches(&url.origin));
        // TLS inside of TLS is relayed as it is.
        named && !exchange.connection().is_secure()
    });
    let switch = if intercept {
        Switch::Intercept(url.origin.clone())
    } else {
        exchange.await_origin();
        let direct = proxy.upstream.connect(&url.origin, reach).await;
        exchange.origin_delivered();
        Switch::Tunnel(Box::new(direct?))
    };
    let mut response = Response::new(Source::default());
    PendingSwitch::mark(&mut response, switch);
    Ok(response)
}

/// The protocol that a request asks for. HTTP/2 is none: a client that can speak it does so from the start.
pub(in crate::proxy) fn wanted(head: &request::Parts) -> Option<HeaderValue> {
    let protocol = head.headers.get(header::UPGRADE)?;
    let connection = headers::text(&head.headers, header::CONNECTION)?;
    let asks = connection.split(',').any(|word| word.trim().eq_ignore_ascii_case("upgrade"));
    let http = protocol.as_bytes().to_ascii_lowercase().starts_with(b"h2");
    (asks && !http && head.version == Version::HTTP_11).then(|| protocol.clone())
}

/// Sends a request that asks for `protocol`.
pub(in crate::proxy) async fn upgrade(
    proxy: &Proxy,
    url: &UpstreamUrl,
    reach: Reach<'_>,
    (mut head, body): (request::Parts, Upload),
    protocol: HeaderValue,
) -> Result<Asked, ProxyError> {
    let upgrade = HeaderValue::from_static("upgrade");
    head.headers.insert(header::CONNECTION, upgrade.clone());
    head.headers.insert(header::UPGRADE, protocol);
    match proxy.upstream.ask_to_switch(url, reach, head, body).await? {
        Answer::Kept(response) => Ok(Asked::Response(response.map(OriginBody::Pooled))),
        Answer::Switched(response, direct) => {
            let (mut head, ()) = response.into_parts();
            let protocol = head.headers.get(header::UPGRADE).cloned();
            headers::pass_on(&mut head.headers);
            head.headers.insert(header::CONNECTION, upgrade);
            if let Some(protocol) = protocol {
                head.headers.insert(header::UPGRADE, protocol);
            }
            let mut response = Response::from_parts(head, Source::default());
            PendingSwitch::mark(&mut response, Switch::Tunnel(direct));
            Ok(Asked::Switched(response))
        }
    }
}

/// The user who asks for a tunnel, for the requests inside of it.
pub(in crate::proxy) fn user(head: &request::Parts) -> Option<std::sync::Arc<str>> {
    forward::user(&head.headers).map(Into::into)
}

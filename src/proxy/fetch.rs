//! The middle of an exchange: from the origin's answer to what the player shall get of it.

use super::{
    allow::allowed,
    error::ProxyError,
    exchange::Proxy,
    headers::{self, pass_on},
    manifest,
    source::Source,
    ticket::Ticket,
    upload::Upload,
};
use crate::{event::Event, media::rewrite_uri, sessions::Origin};
use http::{HeaderMap, HeaderValue, Method, Response, header, request};
use hyper::body::Incoming;
use std::sync::Arc;

/// A request on its way to the origin.
pub(super) struct Outbound {
    pub(super) origin: Origin,
    pub(super) path: String,
    pub(super) head: request::Parts,
    pub(super) body: Incoming,
}

/// Asks the origin and prepares its answer for the player.
pub(super) async fn fetch(
    proxy: &Proxy,
    outbound: Outbound,
    ticket: &mut Ticket,
) -> Result<Response<Source>, ProxyError> {
    let Outbound { origin, path, mut head, body } = outbound;
    if !allowed(&proxy.config, &ticket.session, &origin) {
        return Err(ProxyError::Host(origin.authority.to_string()));
    }
    if head.method == Method::CONNECT {
        return Err(ProxyError::Method(head.method));
    }
    pass_on(&mut head.headers);
    head.headers.remove(header::HOST);
    let is_manifest = ticket.request.resource.kind.is_manifest();
    let head_only = head.method == Method::HEAD;
    if is_manifest {
        // Rewriting needs plain text; a HEAD must tell the length of the rewritten manifest.
        head.headers.remove(header::ACCEPT_ENCODING);
        // The range of everything, which ffmpeg asks for, is no range.
        if headers::text(&head.headers, header::RANGE) == Some("bytes=0-") {
            head.headers.remove(header::RANGE);
            head.headers.remove(header::IF_RANGE);
        }
        if head_only {
            head.method = Method::GET;
        }
    }
    let body = Upload::new(body, Arc::clone(&ticket.session));
    let asked = ticket.session.now();
    let answer = proxy.upstream.fetch(&origin, &path, head, body).await;
    let mut response = answer.inspect_err(|error| {
        if let ProxyError::Upstream { cause, .. } = error {
            let (request, cause) = (Arc::clone(&ticket.request), cause.as_str());
            ticket.emit(&Event::UpstreamFailed { request, cause });
        }
    })?;
    ticket.upstream_answered(ticket.session.now() - asked);
    pass_on(response.headers_mut());
    keep_inside(response.headers_mut(), &origin, ticket);
    let response = match manifest::format(&path, &response) {
        Some(format) if !head_only || is_manifest => {
            let limits = &proxy.config.limits;
            manifest::pass(format, response, &origin, &path, ticket, limits).await
        }
        _ => response.map(Source::from),
    };
    Ok(if head_only && is_manifest { without_body(response) } else { response })
}

/// A redirect of the origin's must not lead the player out of its session.
fn keep_inside(headers: &mut HeaderMap, origin: &Origin, ticket: &Ticket) {
    let Some(location) = headers::text(headers, header::LOCATION) else { return };
    let uris = ticket.session.uris(origin);
    let Some(inside) = rewrite_uri(location, &uris) else { return };
    if let Ok(value) = HeaderValue::from_str(&inside) {
        headers.insert(header::LOCATION, value);
    }
}

/// The answer to HEAD: the length of what GET would bring, and nothing of it.
fn without_body(response: Response<Source>) -> Response<Source> {
    let (mut head, source) = response.into_parts();
    if let Some(length) = source.size_hint().exact() {
        head.headers.entry(header::CONTENT_LENGTH).or_insert(HeaderValue::from(length));
    }
    Response::from_parts(head, Source::default())
}

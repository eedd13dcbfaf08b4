//! Replaces the requested body: by one that the proxy generates, or by another segment of the origin.

use crate::{
    media::{Kind, MediaType, Protocol, Resource},
    proxy::{body::source::Source, exchange::Exchange},
    rules::{Planned, Replacement},
    sessions::UpstreamUrl,
};
use bytes::Bytes;
use http::{HeaderValue, Response, header};
use hyper::body::Body as _;

/// The response with a generated body; `None` = the body comes from the origin.
pub(in crate::proxy) fn generated(
    planned: &Planned<Replacement>,
    exchange: &Exchange,
    url: &UpstreamUrl,
) -> Option<Response<Source>> {
    let (resource, path) = (&exchange.request.resource, &url.path);
    let (body, content_type) = match &planned.effect {
        Replacement::Empty => (Source::default(), usual_type(resource, path)),
        Replacement::Junk(size) => {
            let draws = exchange.seed.named("junk").stream();
            (Source::junk(size.bytes(), draws), usual_type(resource, path))
        }
        Replacement::Bytes { bytes, content_type } => {
            (Source::from(Bytes::copy_from_slice(bytes)), &**content_type)
        }
        Replacement::PreviousSegment | Replacement::Rung(_) => return None,
    };
    exchange.injected(&planned.rule, "body", None);
    let length = body.size_hint().exact().unwrap_or_default();
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    if let Ok(value) = HeaderValue::from_str(content_type) {
        headers.insert(header::CONTENT_TYPE, value);
    }
    Some(response)
}

/// Origin and path of the resource to fetch instead, if there is one.
pub(in crate::proxy) fn other_resource(
    planned: &Planned<Replacement>,
    exchange: &Exchange,
    url: &UpstreamUrl,
) -> Option<UpstreamUrl> {
    let resource = &exchange.request.resource;
    let other = match planned.effect {
        Replacement::PreviousSegment => {
            if resource.kind != Kind::Segment {
                return None;
            }
            exchange.session.segment_before(resource)
        }
        Replacement::Rung(rung) => {
            let path = on_rung(exchange, resource, &url.path, rung);
            path.map(|path| UpstreamUrl::new(url.origin.clone(), path))
        }
        _ => None,
    }?;
    exchange.injected(&planned.rule, "body", None);
    Some(other)
}

/// The path of the same resource on `rung`: the rendition's name in the path is replaced by that rung's. `None` if
/// the path does not contain the name.
fn on_rung(exchange: &Exchange, resource: &Resource, path: &str, rung: u16) -> Option<String> {
    let own = resource.rendition.as_deref().filter(|_| resource.rung != Some(rung))?;
    let name =
        exchange.session.with_ladder(|ladder| ladder.rendition_on(rung, resource)?.name.clone())?;
    let (own, other) = (stem(own), stem(&name));
    let place = path.match_indices(own).map(|(at, _)| at).find(|at| {
        let word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let bytes = path.as_bytes();
        !word(at.checked_sub(1).and_then(|at| bytes.get(at))) && !word(bytes.get(at + own.len()))
    })?;
    Some([&path[..place], other, &path[place + own.len()..]].concat())
}

/// The part of a rendition's name that can occur in segment paths: for a playlist's URI, its folder or stem.
fn stem(name: &str) -> &str {
    let name = name.split('?').next().unwrap_or(name);
    match name.strip_suffix(".m3u8") {
        Some(uri) => uri.rsplit_once('/').map_or(uri, |(folder, _)| folder),
        None => name,
    }
}

/// The media type that an origin would normally declare.
fn usual_type(resource: &Resource, path: &str) -> &'static str {
    let path = path.split('?').next().unwrap_or_default();
    match (resource.kind, resource.protocol, resource.media) {
        (Kind::Mpd, ..) => "application/dash+xml",
        (kind, Protocol::Hls, _) if kind.is_manifest() => "application/vnd.apple.mpegurl",
        _ if path.ends_with(".ts") => "video/mp2t",
        (Kind::Segment | Kind::Part | Kind::Init, _, MediaType::Audio) => "audio/mp4",
        (Kind::Segment | Kind::Part | Kind::Init, _, MediaType::Video) => "video/mp4",
        _ => "application/octet-stream",
    }
}

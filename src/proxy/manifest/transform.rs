//! Processes a manifest response: reads the whole body, stores its information in the session, and rewrites URIs that
//! would leave the session.

use super::{
    content_codings::Codings,
    context::ManifestContext,
    work::{Manifest, Read, Work, run},
};
use crate::proxy::{
    body::{read_ahead::ReadAhead, source::Source},
    exchange::{Exchange, reply},
    upstream::OriginBody,
};
use crate::{
    event::Event,
    media::{Kind, ManifestFormat, says_nothing, sniff},
    memory::{Charge, Part, charged},
    sessions::UpstreamUrl,
};
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header, response};
use hyper::body::Body as _;
use std::sync::Arc;

/// How a response is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::proxy) enum Reading {
    /// As a manifest of this format.
    As(ManifestFormat),
    /// As detected from its first bytes, since neither its name nor its media type is specific.
    Sniff,
}

/// How to read `response` to a request for `kind` as a manifest; `None`: it is passed unchanged.
pub(in crate::proxy) fn reading(
    url: &UpstreamUrl,
    kind: Kind,
    response: &Response<OriginBody>,
) -> Option<Reading> {
    if !is_whole(response) {
        return None;
    }
    let content_type =
        crate::proxy::exchange::headers::text(response.headers(), header::CONTENT_TYPE);
    if let Some(format) = sniff(content_type, url.bare_path(), &[]) {
        return Some(Reading::As(format));
    }
    let vague = || says_nothing(content_type);
    let json =
        || content_type.is_some_and(|declared| declared.to_ascii_lowercase().contains("json"));
    match ManifestFormat::of_json(kind) {
        Some(format) if json() || vague() => Some(Reading::As(format)),
        Some(_) => None,
        // Another manifest calls it a manifest, or nothing is known about the body. An encoded body would have to be
        // read whole to be detected, which is not possible for an endless stream.
        None => {
            let bounded = || {
                response.body().size_hint().upper().is_some()
                    || !response.headers().contains_key(header::CONTENT_ENCODING)
            };
            (kind.is_manifest() || (kind == Kind::Other && vague() && bounded()))
                .then_some(Reading::Sniff)
        }
    }
}

/// Whether a response contains the whole resource, possibly as a range of all bytes.
fn is_whole<B>(response: &Response<B>) -> bool {
    match response.status() {
        StatusCode::OK | StatusCode::NON_AUTHORITATIVE_INFORMATION => true,
        StatusCode::PARTIAL_CONTENT => {
            let range =
                crate::proxy::exchange::headers::text(response.headers(), header::CONTENT_RANGE);
            let whole = |range: &str| {
                let (range, size) = range.trim().strip_prefix("bytes")?.trim().split_once('/')?;
                let (first, last) = range.split_once('-')?;
                let last: u64 = last.trim().parse().ok()?;
                Some(first.trim() == "0" && size.trim().parse() == Ok(last.checked_add(1)?))
            };
            range.and_then(whole) == Some(true)
        }
        _ => false,
    }
}

/// Reads the manifest in `response`, and rewrites its URIs to stay in the session. A manifest that can't be read
/// passes unchanged, with one warning.
pub(in crate::proxy) async fn pass(
    reading: Reading,
    response: Response<OriginBody>,
    source: &ManifestContext<'_>,
    exchange: &mut Exchange,
) -> Response<Source> {
    let (head, body) = response.into_parts();
    let coding = match Codings::of(&head.headers) {
        Ok(coding) => coding,
        Err(_) if reading == Reading::Sniff => {
            return Response::from_parts(head, Source::from(body));
        }
        Err(problem) => {
            unread(exchange, problem.to_string());
            return Response::from_parts(head, Source::from(body));
        }
    };
    let charge = Charge::new(Arc::clone(exchange.session.memory()), Part::Edits);
    let mut ahead = ReadAhead::new(body, charge);
    let format = match reading {
        Reading::As(format) => Some(format),
        Reading::Sniff if coding.is_some() => None,
        Reading::Sniff => {
            ahead.fill(is_enough_to_detect).await;
            let Some(format) = sniff(None, "", ahead.bytes()) else {
                return Response::from_parts(head, ahead.into_source());
            };
            Some(format)
        }
    };
    let most = source.limits.manifest.as_usize();
    let whole = ahead.whole(most).await;
    if let Some(used_up) = ahead.refused() {
        return reply::refusal(exchange.connection(), &used_up.into());
    }
    if !whole {
        // A body without a known format may not be a manifest: no warning.
        if format.is_some() {
            unread(exchange, ahead.problem(most));
        }
        return Response::from_parts(head, ahead.into_source());
    }
    let (bytes, charge) = ahead.into_bytes();
    let work = Work::new(Manifest { format, coding, most }, source, exchange);
    let new = match run(work, bytes.clone(), &exchange.session).await {
        Ok(Read { refused: Some(used_up), .. }) => {
            return reply::refusal(exchange.connection(), &used_up.into());
        }
        Ok(read) => {
            exchange.request = read.request;
            read.new
        }
        Err(timed_out) => {
            unread(exchange, timed_out);
            None
        }
    };
    // Charged until all of it is sent.
    match new {
        Some(new) => finish(head, charged(new, charge), true),
        None => finish(head, charged(bytes, charge), false),
    }
}

/// Headers with a checksum of the body (RFC 9530, and the earlier ones).
const DIGESTS: [&str; 4] = ["content-digest", "repr-digest", "digest", "content-md5"];

/// The response with the manifest `new`, which has `changed` or not.
fn finish(mut head: response::Parts, new: Bytes, changed: bool) -> Response<Source> {
    if !changed {
        return Response::from_parts(head, Source::from(new));
    }
    // Only the length changes, and what is computed from the bytes; all other headers are the origin's.
    for digest in DIGESTS {
        head.headers.remove(digest);
    }
    if head.headers.contains_key(header::CONTENT_LENGTH) {
        head.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(new.len()));
    }
    if head.headers.contains_key(header::CONTENT_RANGE) {
        let range = format!("bytes 0-{}/{}", new.len().saturating_sub(1), new.len());
        if let Ok(range) = HeaderValue::from_str(&range) {
            head.headers.insert(header::CONTENT_RANGE, range);
        }
    }
    Response::from_parts(head, Source::from(new))
}

/// Whether the first bytes of a body are enough to detect a manifest, or to exclude one.
fn is_enough_to_detect(head: &[u8]) -> bool {
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    match text.first() {
        None => head.len() > 64,
        // An MPD's root element follows its declaration and comments.
        Some(b'<') => text.len() >= 1024 || memchr::memmem::find(text, b"<MPD").is_some(),
        Some(_) => text.len() >= 8 || !b"#EXTM3U".starts_with(text),
    }
}

fn unread(exchange: &Exchange, problem: String) {
    let request = Arc::clone(&exchange.request);
    exchange.emit(&Event::ManifestUnread { request, problem });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_of_everything_is_the_whole() {
        let of = |range: &str| {
            let response = Response::builder().status(206).header("content-range", range);
            is_whole(&response.body(()).unwrap())
        };
        assert!(of("bytes 0-66/67") && of("bytes 0-0/1"));
        for part in
            ["bytes 0-65/67", "bytes 1-66/67", "bytes 0-66/*", "bytes */67", "0-66/67", "bytes 0-"]
        {
            assert!(!of(part), "{part}");
        }
    }

    #[test]
    fn a_checksum_is_removed_if_the_body_changes() {
        for (changed, left) in [(true, 1), (false, 5)] {
            let response = Response::builder().header("etag", "\"1\"");
            let response =
                DIGESTS.iter().fold(response, |response, name| response.header(*name, "x"));
            let (head, ()) = response.body(()).unwrap().into_parts();
            let finished = finish(head, Bytes::from_static(b"bb"), changed);
            assert_eq!(finished.headers().len(), left);
            assert!(finished.headers().contains_key("etag"));
        }
    }

    #[test]
    fn few_bytes_tell() {
        for head in ["#EXTM3U\n", "\u{feff}#EXTM3U\n", "GIF", "{", "<?xml?><MPD "] {
            assert!(is_enough_to_detect(head.as_bytes()), "{head}");
        }
        for head in ["", "#EXT", "\u{feff}", " \n", "<?xml version"] {
            assert!(!is_enough_to_detect(head.as_bytes()), "{head}");
        }
        assert!(is_enough_to_detect(&[b' '; 65]));
    }
}

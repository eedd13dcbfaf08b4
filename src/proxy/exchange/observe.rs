//! Information from an origin's responses besides manifests: its time, and the first bytes of its bodies.

use super::headers;
use crate::{
    media::{Head, Kind, ManifestFormat, Probe},
    proxy::upstream::OriginBody,
    sessions::Session,
    units::UnixTime,
};
use http::{HeaderMap, Method, Response, StatusCode, header};
use hyper::body::Body as _;
use std::sync::Arc;

/// Inspects the first bytes of a body while it is forwarded, and stores the result in the session's ladder.
#[derive(Debug)]
pub(in crate::proxy) struct Observer {
    session: Arc<Session>,
    probe: Option<Probe>,
}

impl Observer {
    /// An observer of the body of `response`, if the body could contain useful information.
    pub(in crate::proxy) fn of(
        session: &Arc<Session>,
        request: &crate::event::RequestTag,
        url: impl FnOnce() -> String,
        response: &Response<OriginBody>,
    ) -> Option<Box<Self>> {
        let head = response.headers();
        let content_type = headers::text(head, header::CONTENT_TYPE);
        // Most segments are described by manifests and need no inspection.
        let worth = Probe::is_worthwhile(&request.resource, content_type);
        if !worth || request.method != Method::GET || head.contains_key(header::CONTENT_ENCODING) {
            return None;
        }
        let (first, size) = match response.status() {
            StatusCode::OK => (0, response.body().size_hint().exact()),
            StatusCode::PARTIAL_CONTENT => range(headers::text(head, header::CONTENT_RANGE)?)?,
            _ => return None,
        };
        let head = Head { content_type, first, size };
        let probe = session.with_ladder(|ladder| ladder.probe(&request.resource, &url(), head))?;
        Some(Box::new(Self { session: Arc::clone(session), probe: Some(probe) }))
    }

    /// Inspects the next bytes.
    pub(in crate::proxy) fn see(&mut self, data: &[u8]) {
        if self.probe.as_mut().is_some_and(|probe| !probe.feed(data)) {
            self.store();
        }
    }

    /// Whether it needs no more bytes.
    pub(in crate::proxy) const fn is_done(&self) -> bool {
        self.probe.is_none()
    }

    fn store(&mut self) {
        if let Some(probe) = self.probe.take() {
            self.session.with_ladder(|ladder| ladder.observe(probe));
        }
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        self.store();
    }
}

/// Parses `bytes FIRST-LAST/SIZE`; SIZE may be `*`.
fn range(text: &str) -> Option<(u64, Option<u64>)> {
    let (range, size) = text.strip_prefix("bytes ")?.split_once('/')?;
    Some((range.split('-').next()?.trim().parse().ok()?, size.trim().parse().ok()))
}

/// The format of a response that another manifest described as a manifest, even if its media type is generic.
pub(in crate::proxy) fn expected(
    kind: Kind,
    response: &Response<OriginBody>,
) -> Option<ManifestFormat> {
    let format = match kind {
        Kind::Mpd => ManifestFormat::Mpd,
        Kind::MpdPatch => ManifestFormat::MpdPatch,
        Kind::ClientManifest => ManifestFormat::Smooth,
        _ => return None,
    };
    let declared = headers::text(response.headers(), header::CONTENT_TYPE).unwrap_or_default();
    let markup =
        declared.is_empty() || declared.contains("xml") || declared.contains("octet-stream");
    (response.status() == StatusCode::OK && markup).then_some(format)
}

/// Stores the origin's current time in the session (`Date`, RFC 9110 §6.6.1, plus the `Age` in caches, RFC 9111
/// §5.1).
pub(in crate::proxy) fn note_origin_time(session: &Session, headers: &HeaderMap) {
    let date = headers::text(headers, header::DATE)
        .and_then(|date| chrono::DateTime::parse_from_rfc2822(date).ok())
        .and_then(|date| u64::try_from(date.timestamp()).ok());
    let age = headers::text(headers, header::AGE).and_then(|age| age.trim().parse().ok());
    if let Some(seconds) = date {
        let date = UnixTime::from_secs(seconds.saturating_add(age.unwrap_or(0)).min(1 << 40));
        session.note_origin_time(date);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ranges() {
        assert_eq!(range("bytes 700-900/1200"), Some((700, Some(1200))));
        assert_eq!(range("bytes 0-/*"), Some((0, None)));
        assert_eq!(range("bytes */1200"), None);
        assert_eq!(range("items 0-1/2"), None);
    }
}

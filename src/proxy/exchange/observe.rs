//! What an origin's answer teaches besides manifests: its time, and the first bytes of its bodies.

use super::headers;
use crate::proxy::upstream::OriginBody;
use crate::{
    media::{Head, Kind, ManifestFormat, Probe},
    sessions::Session,
};
use http::{HeaderMap, Method, Response, StatusCode, header};
use hyper::body::Body as _;
use std::{sync::Arc, time::Duration};

/// A look at a body on its way: what it teaches is the session's when the look is over.
#[derive(Debug)]
pub(in crate::proxy) struct Observer {
    session: Arc<Session>,
    probe: Option<Probe>,
}

impl Observer {
    /// A look at the body of `response`, if that could teach anything.
    pub(in crate::proxy) fn of(
        session: &Arc<Session>,
        request: &crate::event::RequestTag,
        url: impl FnOnce() -> String,
        response: &Response<OriginBody>,
    ) -> Option<Box<Self>> {
        let head = response.headers();
        let content_type = headers::text(head, header::CONTENT_TYPE);
        // Nearly all segments are named by manifests: they are spared everything below.
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
        let probe = session.ladder.lock().probe(&request.resource, &url(), head)?;
        Some(Box::new(Self { session: Arc::clone(session), probe: Some(probe) }))
    }

    /// Looks at the next bytes.
    pub(in crate::proxy) fn see(&mut self, data: &[u8]) {
        if self.probe.as_mut().is_some_and(|probe| !probe.feed(data)) {
            self.learn();
        }
    }

    fn learn(&mut self) {
        if let Some(probe) = self.probe.take() {
            self.session.ladder.lock().observe(probe);
        }
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        self.learn();
    }
}

/// `bytes FIRST-LAST/SIZE`; SIZE may be `*`.
fn range(text: &str) -> Option<(u64, Option<u64>)> {
    let (range, size) = text.strip_prefix("bytes ")?.split_once('/')?;
    Some((range.split('-').next()?.trim().parse().ok()?, size.trim().parse().ok()))
}

/// The format of an answer that a manifest named as another one, whatever little its headers say.
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
    let said = headers::text(response.headers(), header::CONTENT_TYPE).unwrap_or_default();
    let markup = said.is_empty() || said.contains("xml") || said.contains("octet-stream");
    (response.status() == StatusCode::OK && markup).then_some(format)
}

/// Tells the session what time it is at the origin (RFC 9110 §6.6.1; with the time that the answer
/// spent in caches, RFC 9111 §5.1).
pub(in crate::proxy) fn tell_time(session: &Session, headers: &HeaderMap) {
    let date = headers::text(headers, header::DATE)
        .and_then(|date| chrono::DateTime::parse_from_rfc2822(date).ok())
        .and_then(|date| u64::try_from(date.timestamp()).ok());
    let age = headers::text(headers, header::AGE).and_then(|age| age.trim().parse().ok());
    if let Some(seconds) = date {
        let date = Duration::from_secs(seconds.saturating_add(age.unwrap_or(0)).min(1 << 40));
        // The next answer tells it again.
        if let Some(mut ladder) = session.ladder.try_lock() {
            ladder.tell_time(session.now(), date);
        }
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

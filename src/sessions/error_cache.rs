//! Error responses served again for some time, like a cache that stores errors. The size is bounded.

use crate::units::SessionTime;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use std::sync::Arc;

/// The most errors kept. When there are more, the oldest is removed.
const MOST: usize = 256;

/// An error response.
#[derive(Debug, Clone)]
pub struct CachedError {
    /// The rule that stored it.
    pub rule: Arc<str>,
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// The stored errors of a session.
#[derive(Debug, Default)]
pub struct ErrorCache {
    /// URL, expiry in session time, response; oldest first.
    all: Vec<(String, SessionTime, CachedError)>,
}

impl ErrorCache {
    /// Whether nothing is stored.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Stores the error of `url` until `until`.
    pub fn keep(&mut self, url: &str, until: SessionTime, error: CachedError) {
        self.all.retain(|(known, ..)| known != url);
        if self.all.len() == MOST {
            self.all.remove(0);
        }
        self.all.push((url.to_owned(), until, error));
    }

    /// The error stored for `url` at `now`, while `in_force` accepts the rule that stored it.
    pub fn get(
        &mut self,
        url: &str,
        now: SessionTime,
        in_force: impl Fn(&str) -> bool,
    ) -> Option<CachedError> {
        self.all.retain(|(_, until, error)| now < *until && in_force(&error.rule));
        self.all.iter().find(|(known, ..)| known == url).map(|(.., error)| error.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_until_its_time_or_its_rule_is_over() {
        let error = |rule: &str| CachedError {
            rule: rule.into(),
            status: StatusCode::NOT_FOUND,
            headers: HeaderMap::new(),
            body: Bytes::new(),
        };
        let s = SessionTime::from_secs;
        let mut kept = ErrorCache::default();
        for number in 0..300 {
            kept.keep(&format!("/{number}"), s(20), error("r"));
        }
        assert_eq!(kept.all.len(), MOST);
        assert!(kept.get("/299", s(19), |_| true).is_some());
        assert!(kept.get("/0", s(19), |_| true).is_none());
        assert!(kept.get("/299", s(19), |_| false).is_none());
        assert!(kept.get("/299", s(19), |_| true).is_none(), "what is undone stays undone");
        kept.keep("/1", s(20), error("r"));
        assert!(kept.get("/1", s(20), |_| true).is_none());
    }
}

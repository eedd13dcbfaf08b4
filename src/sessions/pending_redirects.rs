//! Requests answered by a redirect: their state is kept for the request that follows the redirect.

use crate::{
    media::Resource,
    rules::{Attempt, CarriedDecision},
    units::SessionTime,
};
use std::{collections::VecDeque, sync::Arc, time::Duration};

/// Redirects remembered per session. When there are more, the oldest is removed.
const MOST: usize = 64;
/// After this time a redirect counts as not followed. (The player may have cached it for later.)
const PATIENCE: Duration = Duration::from_secs(30);
/// Redirects to longer URLs are not remembered.
const LONGEST: usize = 8192;

/// The state of a redirected request, for the request that follows.
#[derive(Debug, Clone)]
pub struct RedirectedRequest {
    /// The requested resource, if the target is the same resource.
    pub resource: Option<Resource>,
    /// The key that its random draws derive from.
    pub key: Arc<str>,
    /// Its number among the requests for the same bytes.
    pub attempt: Attempt,
    /// How many redirects came before the next request.
    pub hop: u8,
    /// What is left of the decision of script and rules.
    pub carried: CarriedDecision,
    /// Whether the script is to process its response.
    pub scripted: bool,
}

/// A redirect that the player may follow.
#[derive(Debug)]
struct Expected {
    method: http::Method,
    url: String,
    /// It belongs to a chain that a rule made, and its URL is marked so.
    marked: bool,
    since: SessionTime,
    led: RedirectedRequest,
}

/// The redirects that a session's player may still follow.
#[derive(Debug, Default)]
pub struct PendingRedirects(VecDeque<Expected>);

impl PendingRedirects {
    /// Records that a request of `method` was redirected to `url` at session time `now`. Its reservations are
    /// released if the player does not follow.
    pub fn expect(
        &mut self,
        method: http::Method,
        url: &str,
        marked: bool,
        now: SessionTime,
        led: RedirectedRequest,
    ) {
        self.0.retain(|expected| {
            let same = expected.url == url && expected.method == method;
            let stays = !same && now.since(expected.since) < PATIENCE;
            if !stays {
                expected.led.carried.give_back();
            }
            stays
        });
        if url.len() > LONGEST {
            return led.carried.give_back();
        }
        if self.0.len() == MOST
            && let Some(oldest) = self.0.pop_front()
        {
            oldest.led.carried.give_back();
        }
        self.0.push_back(Expected { method, url: url.to_owned(), marked, since: now, led });
    }

    /// Whether no redirect is pending.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes the state of the request that was redirected to `url`, if the present request of `method` may be the
    /// one that follows.
    pub fn take(
        &mut self,
        method: &http::Method,
        url: &str,
        marked: bool,
        now: SessionTime,
    ) -> Option<RedirectedRequest> {
        let at = self.0.iter().position(|expected| {
            expected.url == url && expected.marked == marked && follows(method, &expected.method)
        })?;
        let Expected { since, led, .. } = self.0.remove(at)?;
        if now.since(since) < PATIENCE {
            return Some(led);
        }
        led.carried.give_back();
        None
    }
}

/// Whether a request of `method` may follow a redirect of a request of `first`: clients often turn a POST into a
/// GET (RFC 9110 §15.4).
fn follows(method: &http::Method, first: &http::Method) -> bool {
    method == first || method == http::Method::GET && first != http::Method::HEAD
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        rules::{AttemptKey, Span},
        seed::Seed,
    };
    use http::Method;

    const S: fn(u64) -> SessionTime = SessionTime::from_secs;

    fn led(hop: u8) -> RedirectedRequest {
        let counted_by = AttemptKey { resource: 1, span: Span::WHOLE, piecewise: false };
        RedirectedRequest {
            resource: None,
            key: "/a".into(),
            attempt: Attempt { counted_by, number: 1, resumes: false, seed: Seed::new(1) },
            hop,
            carried: CarriedDecision::default(),
            scripted: false,
        }
    }

    #[test]
    fn a_redirect_is_followed_once_by_the_same_method_and_soon() {
        let mut followed = PendingRedirects::default();
        let take = |f: &mut PendingRedirects, method, url, now| f.take(&method, url, false, S(now));
        followed.expect(Method::GET, "http://b/1", false, S(0), led(1));
        assert!(take(&mut followed, Method::HEAD, "http://b/1", 1).is_none());
        assert!(take(&mut followed, Method::GET, "http://b/2", 1).is_none());
        assert!(followed.take(&Method::GET, "http://b/1", true, S(1)).is_none());
        assert_eq!(take(&mut followed, Method::GET, "http://b/1", 1).unwrap().hop, 1);
        assert!(take(&mut followed, Method::GET, "http://b/1", 1).is_none());
        followed.expect(Method::POST, "http://b/1", false, S(2), led(1));
        assert!(take(&mut followed, Method::GET, "http://b/1", 3).is_some());
        followed.expect(Method::GET, "http://b/1", false, S(4), led(1));
        assert!(take(&mut followed, Method::GET, "http://b/1", 40).is_none(), "too late");
        for number in 0..1000 {
            followed.expect(Method::GET, &format!("http://b/{number}"), false, S(50), led(1));
        }
        assert_eq!(followed.0.len(), MOST);
    }
}

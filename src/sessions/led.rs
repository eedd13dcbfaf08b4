//! Requests that were answered by a redirect, until the request comes that follows it.

use super::attempts::Asked;
use crate::{
    media::Resource,
    rules::{Matched, Plan, Reservations},
    seed::Seed,
};
use std::{collections::VecDeque, sync::Arc, time::Duration};

/// Redirects of a session that are waited for at a time; the oldest goes.
const MOST: usize = 64;
/// A player that has not followed by then does not follow. (It may have kept the redirect for later.)
const PATIENCE: Duration = Duration::from_secs(30);
/// Longer addresses are not waited for.
const LONGEST: usize = 8192;

/// What becomes of a request of the player's at the next address.
#[derive(Debug, Clone)]
pub struct Led {
    /// What it is for, if the next address asks for the same.
    pub resource: Option<Resource>,
    /// Its number.
    pub attempt: u32,
    /// Whether an earlier request for the same bytes failed.
    pub resumes: bool,
    /// What its attempts are counted by.
    pub asked: Asked,
    /// What its chances derive from, as it is written and drawn.
    pub key: (Arc<str>, Seed),
    /// How many redirects have led to the next address.
    pub hop: u8,
    /// What rules and script ask of it still.
    pub plan: Plan,
    /// What that took from budgets.
    pub charges: Option<Arc<Reservations>>,
    /// The rules that have counted it.
    pub matched: Matched,
    /// Whether the script is to see its answer.
    pub scripted: bool,
}

/// A redirect that the player may follow.
#[derive(Debug)]
struct Expected {
    method: http::Method,
    url: String,
    /// It is one of a chain of our own, and its address says so.
    marked: bool,
    since: Duration,
    led: Led,
}

/// The redirects that a session's player may follow.
#[derive(Debug, Default)]
pub struct Followed(VecDeque<Expected>);

impl Followed {
    /// The player was sent to `url` at session time `now`, with a request of `method`. Its charges are given
    /// back if it does not go there.
    pub fn expect(
        &mut self,
        method: http::Method,
        url: &str,
        marked: bool,
        now: Duration,
        led: Led,
    ) {
        self.0.retain(|expected| {
            let same = expected.url == url && expected.method == method;
            let stays = !same && now.saturating_sub(expected.since) < PATIENCE;
            if !stays {
                expected.led.give_back();
            }
            stays
        });
        if url.len() > LONGEST {
            return led.give_back();
        }
        if self.0.len() == MOST
            && let Some(oldest) = self.0.pop_front()
        {
            oldest.led.give_back();
        }
        self.0.push_back(Expected { method, url: url.to_owned(), marked, since: now, led });
    }

    /// Whether nothing is waited for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The request that a redirect led to `url` with, if the present one of `method` may be it.
    pub fn take(
        &mut self,
        method: &http::Method,
        url: &str,
        marked: bool,
        now: Duration,
    ) -> Option<Led> {
        let at = self.0.iter().position(|expected| {
            expected.url == url && expected.marked == marked && follows(method, &expected.method)
        })?;
        let Expected { since, led, .. } = self.0.remove(at)?;
        if now.saturating_sub(since) < PATIENCE {
            return Some(led);
        }
        led.give_back();
        None
    }
}

/// Whether a request of `method` may follow a redirect of one of `first`: what was posted is often got then
/// (RFC 9110 §15.4).
fn follows(method: &http::Method, first: &http::Method) -> bool {
    method == first || method == http::Method::GET && first != http::Method::HEAD
}

impl Led {
    fn give_back(&self) {
        self.charges.iter().for_each(|charges| charges.give_back());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sessions::Span;
    use http::Method;

    const S: fn(u64) -> Duration = Duration::from_secs;

    fn led(hop: u8) -> Led {
        let asked = Asked { resource: 1, span: Span::WHOLE, piecewise: false };
        Led {
            resource: None,
            attempt: 1,
            resumes: false,
            asked,
            key: ("/a".into(), Seed::new(1)),
            hop,
            plan: Plan::default(),
            charges: None,
            matched: Matched::default(),
            scripted: false,
        }
    }

    #[test]
    fn a_redirect_is_followed_once_by_the_same_method_and_soon() {
        let mut followed = Followed::default();
        let take = |f: &mut Followed, method, url, now| f.take(&method, url, false, S(now));
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

//! How often players ran dry, by their own word: each time once, in however many ways they tell it.

use crate::event::RequestTag;
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hasher as _},
};

/// A way in which a session tells: with its requests (0), or in the reports that it posts to one place.
type Channel = u64;

/// More ways of one session count as one.
const CHANNELS: usize = 8;

/// What sessions told so far.
///
/// A player with version 2 of CMCD tells `bs` with a request, and again in the reports that it posts,
/// maybe to several collectors, sooner or later. Each of these ways tells every time that it ran dry, so
/// that the one which told most often has told them all: what another one says counts when it gets ahead.
#[derive(Debug, Default)]
pub(super) struct Starvation {
    /// By the session's ordinal, until it ends.
    sessions: Mutex<HashMap<u64, HashMap<Channel, u64>>>,
}

impl Starvation {
    /// `request` said that its player ran dry; `posted`: in its body. Whether that is news.
    pub(super) fn told(&self, request: &RequestTag, posted: bool) -> bool {
        let channel = if posted { place(&request.path) } else { 0 };
        let mut sessions = self.sessions.lock();
        let session = sessions.entry(request.session.ordinal).or_default();
        let most = session.values().copied().max().unwrap_or(0);
        let known = session.contains_key(&channel) || session.len() < CHANNELS;
        let told = session.entry(if known { channel } else { u64::MAX }).or_default();
        *told += 1;
        *told > most
    }

    /// A session is over.
    pub(super) fn forget(&self, ordinal: u64) {
        self.sessions.lock().remove(&ordinal);
    }
}

/// A collector: its path without the query.
fn place(path: &str) -> Channel {
    let mut hasher = DefaultHasher::new();
    hasher.write(path.split('?').next().unwrap_or_default().as_bytes());
    hasher.finish().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{event::SessionTag, media::Resource};
    use http::Method;
    use std::sync::Arc;

    fn request(path: &str) -> RequestTag {
        RequestTag {
            session: Arc::new(SessionTag { id: "s".into(), ordinal: 7, seed: 1, label: None }),
            profile: "p".into(),
            method: Method::GET,
            path: path.to_owned(),
            attempt: 0,
            resource: Resource::unknown(),
        }
    }

    #[test]
    fn each_time_counts_once_whoever_is_first() {
        let starvation = Starvation::default();
        let told = |posted, path: &str| starvation.told(&request(path), posted);
        assert!(told(false, "/1.m4s"));
        assert!(!told(true, "/collect?n=1"), "the same one, later");
        assert!(told(true, "/collect?n=2"), "the next one, sooner");
        assert!(!told(false, "/2.m4s"));
        assert!(!told(true, "/other") && !told(true, "/other"), "a second collector");
        assert!(told(true, "/other"));
        starvation.forget(7);
        assert!(told(false, "/1.m4s"));
    }

    #[test]
    fn collectors_without_end_are_one() {
        let starvation = Starvation::default();
        let news = (0..1000).filter(|n| starvation.told(&request(&format!("/{n}")), true)).count();
        assert_eq!(starvation.sessions.lock()[&7].len(), CHANNELS + 1);
        assert!(news <= 1000 - CHANNELS, "{news}");
    }
}

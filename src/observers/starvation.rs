//! How often players ran dry, by their own word: each time once, in however many ways they tell it.

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
    /// A player of session number `ordinal` ran dry, as it told with a request, or with what it posted to
    /// `collector`. Whether that is news.
    pub(super) fn told(&self, ordinal: u64, collector: Option<&str>) -> bool {
        let channel = collector.map_or(0, channel);
        let mut sessions = self.sessions.lock();
        let session = sessions.entry(ordinal).or_default();
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

fn channel(collector: &str) -> Channel {
    let mut hasher = DefaultHasher::new();
    hasher.write(collector.as_bytes());
    hasher.finish().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_time_counts_once_whoever_is_first() {
        let starvation = Starvation::default();
        let told = |collector| starvation.told(7, collector);
        let (one, other) = (Some("a/collect"), Some("b/collect"));
        assert!(told(None));
        assert!(!told(one), "the same one, later");
        assert!(told(one), "the next one, sooner");
        assert!(!told(None));
        assert!(!told(other) && !told(other), "a second collector");
        assert!(told(other));
        starvation.forget(7);
        assert!(told(None));
    }

    #[test]
    fn collectors_without_end_are_one() {
        let starvation = Starvation::default();
        let news = (0..1000).filter(|n| starvation.told(7, Some(&format!("a/{n}")))).count();
        assert_eq!(starvation.sessions.lock()[&7].len(), CHANNELS + 1);
        assert!(news <= 1000 - CHANNELS, "{news}");
    }
}

//! Counts how often players report an empty buffer. Each occurrence counts once, however many ways report it.

use parking_lot::Mutex;
use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hasher as _},
};

/// A way of reporting: with requests (0), or in the reports posted to one collector.
type Channel = u64;

/// The most ways per session. Further ones are counted together.
const CHANNELS: usize = 8;

/// The number of reports of each session so far.
///
/// A player with CMCD version 2 sends `bs` with a request, and again in the reports that it posts, possibly to several
/// collectors, at different times. Each way reports every occurrence, so the way with the most reports has reported all
/// of them. A report of another way is new only when that way has more.
#[derive(Debug, Default)]
pub(super) struct Starvation {
    /// By the session's ordinal, until it ends.
    sessions: Mutex<HashMap<u64, HashMap<Channel, u64>>>,
}

impl Starvation {
    /// Counts a report of an empty buffer by the session with this ordinal: with a request, or posted to `collector`.
    /// Returns whether it is a new occurrence.
    pub(super) fn is_new(&self, ordinal: u64, collector: Option<&str>) -> bool {
        let channel = collector.map_or(0, channel);
        let mut sessions = self.sessions.lock();
        let session = sessions.entry(ordinal).or_default();
        let most = session.values().copied().max().unwrap_or(0);
        let known = session.contains_key(&channel) || session.len() < CHANNELS;
        let count = session.entry(if known { channel } else { u64::MAX }).or_default();
        *count += 1;
        *count > most
    }

    /// Removes the counts of an ended session.
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
        let told = |collector| starvation.is_new(7, collector);
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
        let news = (0..1000).filter(|n| starvation.is_new(7, Some(&format!("a/{n}")))).count();
        assert_eq!(starvation.sessions.lock()[&7].len(), CHANNELS + 1);
        assert!(news <= 1000 - CHANNELS, "{news}");
    }
}

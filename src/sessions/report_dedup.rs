//! Remembers the bodies a player posted recently, so that a retried report is not counted twice.

use foldhash::fast::FixedState;
use std::{collections::VecDeque, hash::BuildHasher as _};

/// Bodies remembered. A player retries only the last ones.
const REMEMBERED: usize = 16;

/// Hashes of the posted bodies, oldest first.
#[derive(Debug, Default)]
pub struct ReportDedup(VecDeque<u64>);

impl ReportDedup {
    /// Returns whether `body` is new for `collector`, and remembers it.
    pub fn is_news(&mut self, collector: &str, body: &[u8]) -> bool {
        let hash = FixedState::default().hash_one((collector, body));
        if self.0.contains(&hash) {
            return false;
        }
        if self.0.len() >= REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(hash);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ones_are_remembered() {
        let mut repeats = ReportDedup::default();
        assert!(repeats.is_news("a/x", b"1") && repeats.is_news("b/x", b"1"));
        assert!(!repeats.is_news("a/x", b"1"));
        for number in 0..REMEMBERED {
            assert!(repeats.is_news("a/x", format!("n{number}").as_bytes()));
        }
        assert!(repeats.is_news("a/x", b"1"), "that was long ago");
        assert!(repeats.0.len() <= REMEMBERED);
    }
}

//! What a player posted lately, so that a second try is not taken for news.

use foldhash::fast::FixedState;
use std::{collections::VecDeque, hash::BuildHasher as _};

/// Bodies that are remembered: a player retries the last ones.
const REMEMBERED: usize = 16;

/// Hashes of what was posted, oldest first.
#[derive(Debug, Default)]
pub struct ReportDedup(VecDeque<u64>);

impl ReportDedup {
    /// Whether `body` was not posted to `collector` lately; it is from now on.
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

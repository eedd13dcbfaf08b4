//! How often a session has asked for each path: the first try and its retries are told apart.

use foldhash::fast::RandomState;
use std::collections::{HashMap, VecDeque};

/// Paths remembered per session; beyond these the oldest start over at 1.
const MOST_PATHS: usize = 16_384;

/// Counts requests per path, by the path's hash.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    counts: HashMap<u64, u32, RandomState>,
    order: VecDeque<u64>,
}

impl Attempts {
    /// The number of this request for the path with `hash`, from 1.
    pub(super) fn next(&mut self, hash: u64) -> u32 {
        if let Some(count) = self.counts.get_mut(&hash) {
            *count = count.saturating_add(1);
            return *count;
        }
        if self.order.len() == MOST_PATHS
            && let Some(oldest) = self.order.pop_front()
        {
            self.counts.remove(&oldest);
        }
        self.order.push_back(hash);
        self.counts.insert(hash, 1);
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_each_path_within_bounds() {
        let mut attempts = Attempts::default();
        assert_eq!((attempts.next(1), attempts.next(2), attempts.next(1)), (1, 1, 2));
        for hash in 10..100_000 {
            attempts.next(hash);
        }
        assert_eq!(attempts.counts.len(), MOST_PATHS);
        assert_eq!(attempts.next(1), 1);
    }
}

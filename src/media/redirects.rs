//! Where the origin sent those who asked for known URLs: the new URLs stand for the old ones.

use super::{format::without_query, place::hash};
use std::collections::{HashMap, VecDeque};

/// The most redirects remembered; the oldest goes. Origins that redirect every segment are asked for
/// a few at a time.
const REDIRECTS: usize = 1024;
/// Longer URLs are not remembered.
const LONGEST: usize = 8192;

/// The memory of redirects.
#[derive(Debug, Default)]
pub(super) struct Redirects {
    /// By the hash of the new URL.
    from: HashMap<u64, String>,
    order: VecDeque<u64>,
}

impl Redirects {
    /// The origin sends those who ask for `from` to `to`.
    pub(super) fn note(&mut self, from: &str, to: &str) {
        if from == to || from.len() > LONGEST {
            return;
        }
        // The first one asked for is the one that a manifest names.
        let first = self.of(from).unwrap_or(from).to_owned();
        let key = hash(to);
        if self.from.insert(key, first).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > REDIRECTS
            && let Some(oldest) = self.order.pop_front()
        {
            self.from.remove(&oldest);
        }
    }

    /// What was first asked for by the one who now asks for `url`.
    pub(super) fn of(&self, url: &str) -> Option<&str> {
        if self.from.is_empty() {
            return None;
        }
        let found = self.from.get(&hash(url)).or_else(|| self.from.get(&hash(without_query(url))));
        found.map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_lead_to_their_start_and_memory_is_bounded() {
        let mut redirects = Redirects::default();
        redirects.note("https://a/1", "https://b/1");
        redirects.note("https://b/1", "https://c/1");
        assert_eq!(redirects.of("https://c/1"), Some("https://a/1"));
        for n in 0..5000 {
            redirects.note("https://a/x", &format!("https://b/{n}"));
        }
        assert_eq!(redirects.of("https://c/1"), None);
        assert_eq!(redirects.from.len(), REDIRECTS);
    }
}

//! Redirects from known URLs: the new URLs are classified as the old ones.

use super::{format::without_query, place::hash};
use std::collections::{HashMap, VecDeque};

/// The most redirects stored; beyond it the oldest is removed. Where an origin redirects every segment, only a
/// few are requested at a time.
const REDIRECTS: usize = 1024;
/// Longer URLs are not stored.
const LONGEST: usize = 8192;

/// The stored redirects.
#[derive(Debug, Default)]
pub(super) struct Redirects {
    /// By the hash of the new URL.
    from: HashMap<u64, String>,
    order: VecDeque<u64>,
}

impl Redirects {
    /// Records that the origin redirects `from` to `to`.
    pub(super) fn note(&mut self, from: &str, to: &str) {
        if from == to || from.len() > LONGEST {
            return;
        }
        // The URL that was requested first is the one in a manifest.
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

    /// The URL that was requested first and redirected to `url`.
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

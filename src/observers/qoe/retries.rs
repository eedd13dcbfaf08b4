//! Retries, and retry storms: a URL that a player requests again and again.

use crate::{event::RequestTag, units::SessionTime};
use std::sync::Arc;

/// From this attempt on, the requests for a URL are a storm.
const STORM: u32 = 4;
/// URLs that are watched, and the longest path kept of one.
const MOST_URLS: usize = 64;
const LONGEST_PATH: usize = 512;

/// The retries of one URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Retried {
    key: Arc<str>,
    pub(super) path: String,
    pub(super) attempts: u32,
    pub(super) first: SessionTime,
    pub(super) last: SessionTime,
}

/// The retries of a session.
#[derive(Debug, Clone, Default)]
pub(super) struct Retries {
    pub(super) count: u64,
    urls: Vec<Retried>,
}

impl Retries {
    /// A request that is a retry arrives at `at`.
    pub(super) fn retry(&mut self, at: SessionTime, request: &RequestTag) {
        self.count += 1;
        let key = &request.details.key;
        if let Some(known) = self.urls.iter_mut().find(|known| known.key == *key) {
            known.attempts = known.attempts.max(request.attempt);
            known.last = at;
            return;
        }
        if self.urls.len() >= MOST_URLS {
            // The URL with the fewest attempts is removed, unless all have more.
            let least =
                self.urls.iter().enumerate().min_by_key(|(_, url)| (url.attempts, url.last));
            match least {
                Some((place, url)) if url.attempts < request.attempt => {
                    self.urls.swap_remove(place);
                }
                _ => return,
            }
        }
        let end = (0..=LONGEST_PATH).rev().find(|end| request.path.is_char_boundary(*end));
        let path = request.path.get(..end.unwrap_or_default()).unwrap_or(&request.path).to_owned();
        let (key, attempts) = (Arc::clone(key), request.attempt);
        self.urls.push(Retried { key, path, attempts, first: at, last: at });
    }

    /// The URLs that were requested at least four times, worst first.
    pub(super) fn storms(&self) -> Vec<&Retried> {
        let mut storms: Vec<_> = self.urls.iter().filter(|url| url.attempts >= STORM).collect();
        storms.sort_by_key(|url| std::cmp::Reverse(url.attempts));
        storms
    }
}

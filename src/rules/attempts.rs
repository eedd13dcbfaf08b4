//! Counts how often a session requests the same bytes, to tell first attempts from retries.

use crate::{
    media::{Kind, Protocol, Resource},
    seed::Seed,
};
use foldhash::fast::RandomState;
use smallvec::SmallVec;
use std::collections::{HashMap, VecDeque};

/// Ranges remembered per session, over all resources. When there are more, the oldest start again at 1.
const MOST_RANGES: usize = 16_384;

/// The bytes of a resource that a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    first: u64,
    /// The first byte after the requested ones.
    end: u64,
}

impl Span {
    /// All bytes.
    pub const WHOLE: Self = Self { first: 0, end: u64::MAX };

    /// A number of bytes at the end. Where they begin depends on the length, which a request does not say; the last byte is
    /// one of them. So they overlap with what is open at the end, and with other bytes at the end.
    pub const SUFFIX: Self = Self { first: u64::MAX - 1, end: u64::MAX };

    /// The bytes from `first` to `last`, or to the end.
    #[must_use]
    pub const fn new(first: u64, last: Option<u64>) -> Self {
        let end = match last {
            Some(last) => last.saturating_add(1),
            None => u64::MAX,
        };
        Self { first, end }
    }

    /// The bytes that a `Range` header with one range names; [`Span::SUFFIX`] for those at the end.
    #[must_use]
    pub fn of_range(range: &str) -> Option<Self> {
        let (first, last) = range.trim().strip_prefix("bytes=")?.split_once('-')?;
        if first.trim().is_empty() {
            return last
                .trim()
                .parse()
                .ok()
                .filter(|number: &u64| *number > 0)
                .map(|_| Self::SUFFIX);
        }
        let first = first.trim().parse().ok()?;
        match last.trim() {
            "" => Some(Self::new(first, None)),
            last => {
                last.parse().ok().filter(|last| *last >= first).map(|l| Self::new(first, Some(l)))
            }
        }
    }

    /// Only its first byte.
    #[must_use]
    pub const fn start(self) -> Self {
        Self { first: self.first, end: self.first.saturating_add(1) }
    }

    const fn overlaps(self, other: Self) -> bool {
        self.first < other.end && other.first < self.end
    }
}

/// The names of a request in its session. They do not depend on other requests.
#[derive(Debug, Clone, Copy)]
pub struct RequestKey<'a> {
    /// The file that it reads: method, origin and path.
    pub file: &'a str,
    /// The value of its `Range` header.
    pub range: Option<&'a str>,
    /// The file and the range. Random draws derive from it.
    pub whole: &'a str,
}

/// What the attempts of a request are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptKey {
    /// The hash of the file and of the kind of resource in it.
    pub resource: u64,
    /// Which bytes of it.
    pub span: Span,
    /// The player reads it in ranges of its own choice: only bytes that failed to arrive count as requested again.
    pub piecewise: bool,
}

impl AttemptKey {
    /// The counting key of a request for `resource`; `file` is the seed of the file that holds it. Byte ranges
    /// of one file are counted apart for different kinds, such as parts and the segment that they form.
    pub(super) fn new(file: Seed, range: Option<&str>, resource: &Resource) -> Self {
        let named = file.numbered(resource.kind as u64);
        let piecewise = resource.protocol == Protocol::Progressive;
        let span = match range.map(|range| (range, Span::of_range(range))) {
            None => Span::WHOLE,
            // A hinted part may be requested with an open range, since its end is not known yet.
            Some((range, Some(span))) => match resource.kind {
                Kind::Part if range.trim().ends_with('-') => span.start(),
                _ => span,
            },
            Some((range, None)) => {
                let resource = named.named(range).value();
                return Self { resource, span: Span::WHOLE, piecewise };
            }
        };
        Self { resource: named.value(), span, piecewise }
    }
}

/// One request among those of its session for the same bytes.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// What it is counted by.
    pub counted_by: AttemptKey,
    /// Its number, from 1.
    pub number: u32,
    /// Whether an earlier request for some of its bytes failed.
    pub resumes: bool,
    /// The seed of its random draws.
    pub seed: Seed,
}

/// The bytes of one earlier request.
#[derive(Debug, Clone, Copy)]
struct Held {
    span: Span,
    attempt: u32,
    failed: bool,
}

/// Counts requests for the same bytes.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    held: HashMap<u64, SmallVec<[Held; 1]>, RandomState>,
    order: VecDeque<(u64, Span)>,
}

impl Attempts {
    /// The attempt number of this request, from 1, and whether an earlier request for some of its bytes failed. A
    /// request is a further attempt of every earlier one whose bytes it overlaps.
    pub(super) fn next(&mut self, key: AttemptKey) -> (u32, bool) {
        let AttemptKey { resource, span, piecewise } = key;
        let known = self.held.entry(resource).or_default();
        let again = known.iter().filter(|held| {
            held.span == span || held.span.overlaps(span) && (held.failed || !piecewise)
        });
        let (before, failed) = again.fold((0, false), |(most, failed), held| {
            (held.attempt.max(most), failed || held.failed)
        });
        let attempt = before.saturating_add(1);
        match known.iter_mut().find(|held| held.span == span) {
            Some(held) => (held.attempt, held.failed) = (attempt, false),
            None => {
                known.push(Held { span, attempt, failed: false });
                self.order.push_back((resource, span));
            }
        }
        if self.order.len() > MOST_RANGES {
            self.forget_oldest();
        }
        (attempt, failed)
    }

    /// Records that the last request with this key ended with an error or an incomplete body.
    pub(super) fn failed(&mut self, key: AttemptKey) {
        let known = self.held.get_mut(&key.resource);
        let held = known.and_then(|known| known.iter_mut().find(|held| held.span == key.span));
        held.into_iter().for_each(|held| held.failed = true);
    }

    fn forget_oldest(&mut self) {
        let Some((resource, span)) = self.order.pop_front() else { return };
        let Some(known) = self.held.get_mut(&resource) else { return };
        known.retain(|held| held.span != span);
        if known.is_empty() {
            self.held.remove(&resource);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(resource: u64) -> AttemptKey {
        AttemptKey { resource, span: Span::WHOLE, piecewise: false }
    }

    fn part(range: &str) -> AttemptKey {
        AttemptKey { span: Span::of_range(range).unwrap(), ..whole(1) }
    }

    #[test]
    fn counts_each_resource_within_bounds() {
        let mut attempts = Attempts::default();
        let mut next = |resource| attempts.next(whole(resource)).0;
        assert_eq!((next(1), next(2), next(1)), (1, 1, 2));
        for hash in 10..MOST_RANGES as u64 + 100 {
            next(hash);
        }
        assert_eq!(next(1), 1);
        assert_eq!((attempts.held.len(), attempts.order.len()), (MOST_RANGES, MOST_RANGES));
        for first in 0..MOST_RANGES as u64 + 100 {
            attempts.next(AttemptKey { span: Span::new(first, Some(first)), ..whole(5) });
        }
        assert_eq!(attempts.held.len(), 1);
    }

    #[test]
    fn what_is_resumed_is_another_try() {
        let mut attempts = Attempts::default();
        assert_eq!(attempts.next(whole(1)).0, 1);
        assert_eq!(attempts.next(part("bytes=80000-")).0, 2);
        assert_eq!(attempts.next(part("bytes=90000-")).0, 3);
        assert_eq!(attempts.next(whole(1)).0, 4);
        assert_eq!(attempts.next(whole(2)).0, 1);
    }

    /// Without the length of the file, only its last byte is known to be in a suffix.
    #[test]
    fn bytes_at_the_end_are_requested_again() {
        for (first, second, attempt) in [
            ("bytes=-500", "bytes=90000-", 2),
            ("bytes=90000-", "bytes=-500", 2),
            ("bytes=-500", "bytes=-500", 2),
            ("bytes=-500", "bytes=-300", 2),
            ("bytes=-500", "bytes=0-99", 1),
            ("bytes=0-99", "bytes=-500", 1),
        ] {
            let mut attempts = Attempts::default();
            attempts.next(part(first));
            assert_eq!(attempts.next(part(second)).0, attempt, "{first}, {second}");
        }
        let mut attempts = Attempts::default();
        attempts.next(part("bytes=-500"));
        assert_eq!(attempts.next(whole(1)).0, 2);
    }

    #[test]
    fn other_bytes_of_a_file_are_no_retry() {
        let mut attempts = Attempts::default();
        let mut next = |range| attempts.next(part(range)).0;
        assert_eq!((next("bytes=0-99"), next("bytes=100-249"), next("bytes=250-")), (1, 1, 1));
        assert_eq!((next("bytes=100-249"), next("bytes=180-249")), (2, 3));
        assert_eq!(next("bytes=0-99"), 2);
    }

    #[test]
    fn a_file_read_piece_by_piece_is_tried_again_where_it_failed() {
        let mut attempts = Attempts::default();
        let piece = |range| AttemptKey { piecewise: true, ..part(range) };
        assert_eq!(attempts.next(piece("bytes=0-")), (1, false));
        assert_eq!(attempts.next(piece("bytes=5000-")), (1, false), "a seek");
        attempts.failed(piece("bytes=5000-"));
        assert_eq!(attempts.next(piece("bytes=6000-")), (2, true));
        assert_eq!(attempts.next(piece("bytes=0-1")), (1, false));
    }

    #[test]
    fn ranges_are_read() {
        assert_eq!(Span::of_range("bytes=5-"), Some(Span::new(5, None)));
        assert_eq!(Span::of_range("bytes=0-0"), Some(Span::new(0, Some(0))));
        assert_eq!(Span::of_range("bytes=-5"), Some(Span::SUFFIX));
        for text in ["bytes=-0", "bytes=-", "bytes=5-4", "bytes=0-1,4-5", "items=0-1", "bytes=", ""]
        {
            assert_eq!(Span::of_range(text), None, "{text}");
        }
    }
}

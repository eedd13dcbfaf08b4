//! The last reading of an MPD: a reload repeats most of its timelines, so only the rest is read.

use super::super::{repeat::repeated, segments::Runs, xml::Xml};
use std::sync::Arc;

/// The most timelines searched for one that continues like the one being read.
const LISTINGS: usize = 8;
/// The number of lines without a match after which the search in a timeline ends.
const PATIENCE: usize = 16;

/// Where an `S` ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    /// In bytes from the start of its timeline.
    end: u32,
    /// How many segments there are up to here.
    count: u32,
}

/// A SegmentTimeline, each `S` of which needs nothing but the end of the one before.
#[derive(Debug, Default)]
pub(super) struct Listing {
    /// In bytes from the start of the text.
    start: usize,
    marks: Vec<Mark>,
    runs: Arc<Runs>,
}

/// The version.
#[derive(Debug, Default)]
pub(super) struct Version {
    pub(super) text: String,
    listings: Vec<Listing>,
}

/// An MPD being read, with the one before.
pub(super) struct Reader<'a, 'o> {
    pub(super) xml: Xml<'a>,
    old: &'o [Listing],
    text: &'o str,
    /// The timeline that is probably the next one.
    next: usize,
    /// The timelines read so far.
    pub(super) listings: Vec<Listing>,
}

/// A SegmentTimeline being read.
pub(super) struct Reading {
    start: usize,
    marks: Vec<Mark>,
    runs: Runs,
    misses: usize,
}

impl Version {
    /// About how many bytes of memory it takes.
    pub(super) fn weight(&self) -> usize {
        let marks = self.listings.iter().map(|held| held.marks.len() * size_of::<Mark>());
        self.text.len() + marks.sum::<usize>()
    }

    /// A version read from `text`; reuses the allocations of `old`.
    pub(super) fn new(old: Option<Self>, text: &str, listings: Vec<Listing>) -> Self {
        let mut held = old.map(|old| old.text).unwrap_or_default();
        held.clear();
        held.push_str(text);
        Self { text: held, listings }
    }
}

#[cfg(any(test, fuzzing))]
impl Version {
    pub(super) fn forget_listings(&mut self) {
        self.listings.clear();
    }
}

impl<'a, 'o> Reader<'a, 'o> {
    pub(super) fn new(xml: Xml<'a>, old: Option<&'o Version>) -> Self {
        let (old, text) = old.map_or((&[][..], ""), |old| (&old.listings, &old.text));
        Self { xml, old, text, next: 0, listings: Vec::new() }
    }

    /// Begins a timeline.
    pub(super) fn begin(&self) -> Reading {
        let (marks, runs) = (Vec::new(), Runs::default());
        Reading { start: self.xml.position(), marks, runs, misses: 0 }
    }

    /// Records the end of an `S`, and skips those after it that the old version also had; false if there are
    /// too many segments to keep.
    pub(super) fn behind_entry(&mut self, reading: &mut Reading) -> bool {
        let Some(mark) = reading.mark(self.xml.position(), reading.runs.count()) else {
            return false;
        };
        reading.marks.push(mark);
        if reading.misses >= PATIENCE {
            return true;
        }
        let len = self.old.len();
        let order = (0..len.min(LISTINGS)).map(|nth| (self.next + nth) % len);
        let again = order.into_iter().find_map(|at| {
            let old = self.old.get(at)?;
            Some((at, old, old.again(self.text, reading.runs.end(), self.xml.rest())?))
        });
        match again {
            Some((at, old, again)) => {
                (self.next, reading.misses) = (at, 0);
                reading.take(old, again, mark, &mut self.xml)
            }
            None => {
                reading.misses += 1;
                true
            }
        }
    }

    /// Ends a timeline.
    pub(super) fn end(&mut self, reading: Reading) -> Arc<Runs> {
        let Reading { start, marks, runs, .. } = reading;
        let runs = Arc::new(runs);
        self.listings.push(Listing { start, marks, runs: Arc::clone(&runs) });
        self.next += 1;
        runs
    }
}

/// Lines of an old listing: the one before the first, and how many.
type Again<'o> = (Mark, &'o [Mark]);

impl Listing {
    /// The old lines with which `rest` begins exactly, after one that ends at the tick `clock`.
    fn again(&self, text: &str, clock: u64, rest: &str) -> Option<Again<'_>> {
        let count = u32::try_from(self.runs.ending(clock)?).ok()?;
        let at = self.marks.binary_search_by_key(&count, |mark| mark.count).ok()?;
        let (here, behind) = self.marks.get(at..)?.split_first()?;
        let old = text.get(self.start..)?.as_bytes();
        let alike = |from: usize, to: usize| -> Option<bool> {
            let last = behind.get(from..to)?.last()?;
            let start = from.checked_sub(1).and_then(|at| behind.get(at)).unwrap_or(here).end;
            let old = old.get(start as usize..last.end as usize)?;
            Some(rest.as_bytes().get((start - here.end) as usize..)?.starts_with(old))
        };
        let known = repeated(|from, to| alike(from, to) == Some(true));
        let again = behind.get(..known).filter(|again| !again.is_empty())?;
        Some((*here, again))
    }
}

impl Reading {
    /// What was read so far.
    pub(super) const fn runs(&mut self) -> &mut Runs {
        &mut self.runs
    }

    fn mark(&self, position: usize, count: u64) -> Option<Mark> {
        let end = u32::try_from(position - self.start).ok()?;
        Some(Mark { end, count: u32::try_from(count).ok()? })
    }

    /// Copies the old lines that follow the one just read, at `here`.
    fn take(
        &mut self,
        old: &Listing,
        (before, again): Again<'_>,
        here: Mark,
        xml: &mut Xml<'_>,
    ) -> bool {
        let Some(last) = again.last() else { return true };
        let bytes = (last.end - before.end) as usize;
        let more = u64::from(last.count - before.count);
        if here.count.checked_add(last.count - before.count).is_none()
            || !xml.pass_over(bytes, again.len())
        {
            return false;
        }
        self.marks.reserve(again.len() + 8);
        self.marks.extend(again.iter().map(|mark| Mark {
            end: mark.end - before.end + here.end,
            count: mark.count - before.count + here.count,
        }));
        let from = u64::from(before.count);
        // A run of segments takes a line or more.
        self.runs.reserve(again.len() + 8);
        self.runs.extend(&old.runs, from..from + more);
        true
    }
}

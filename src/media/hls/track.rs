//! One media playlist across its versions: the live window moves, and segments keep their index.

use super::super::{
    Kind, Protocol, Rendition,
    base::Base,
    place::{Edge, Key, Place, Places},
};
use super::{
    playlist::{Extra, Listed, Playlist, Segment},
    version::Version,
};
use crate::units::MediaTime;
use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

/// For how many versions a URL is still known after the playlist dropped it: requests in flight,
/// retries, and players that poll at half our pace.
pub(super) const GRACE: u64 = 12;

/// A segment seen in some version.
#[derive(Debug)]
struct Seen {
    sequence: u64,
    key: Key,
    version: u64,
    time: MediaTime,
    duration: Duration,
}

/// Where a track's count of segments begins.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Anchor {
    /// The media sequence number of the segment with index 1.
    pub(super) sequence: u64,
    /// A known pair of sequence number and time.
    pub(super) known: (u64, MediaTime),
}

/// A media playlist as stored.
#[derive(Debug)]
pub(super) struct Track {
    pub(super) rendition: Arc<Rendition>,
    anchor: Anchor,
    /// By sequence number; gaps where a version was missed.
    seen: VecDeque<Seen>,
    /// Keys, maps, parts, and URLs that segments once had. Never the URL of a segment in `seen`.
    others: HashMap<Key, Other>,
    /// How many more segments in `seen` have a URL that one of them has already.
    repeated: HashMap<Key, u32>,
    version: u64,
    /// The newest segment, for the distance of others to it.
    edge: Arc<Edge>,
    /// The newest version, if more versions follow and each of its segments is in `seen`.
    pub(super) newest: Option<Version>,
}

/// A URL other than those of the window's segments.
#[derive(Debug, Clone, Copy)]
struct Other {
    /// The version that last named it.
    version: u64,
    /// The segment that it precedes; `None` when it applies to no further segment.
    holds_from: Option<u64>,
    /// A part that was hinted at, and does not exist yet.
    hinted: bool,
}

impl Track {
    pub(super) fn new(rendition: Arc<Rendition>, anchor: Anchor) -> Self {
        Self {
            rendition,
            anchor,
            seen: VecDeque::new(),
            others: HashMap::new(),
            repeated: HashMap::new(),
            version: 0,
            edge: Arc::default(),
            newest: None,
        }
    }

    /// About how many bytes of memory it takes, without its places.
    pub(super) fn weight(&self) -> usize {
        let others = self.others.len() * 2 * size_of::<(Key, Other)>();
        let repeated = self.repeated.len() * 2 * size_of::<(Key, u32)>();
        let newest = self.newest.as_ref().map_or(0, Version::weight);
        size_of::<Self>() + self.seen.len() * size_of::<Seen>() + others + repeated + newest
    }

    /// Reads a version of the playlist; returns whether each of its segments is now in `seen`.
    pub(super) fn learn(
        &mut self,
        base: &Base,
        playlist: &Playlist<'_>,
        places: &mut Places,
    ) -> bool {
        self.version += 1;
        let first = playlist.first();
        let end = first.saturating_add(playlist.count as u64);
        if self.seen.front().is_some_and(|front| end <= front.sequence) {
            self.restart(playlist.sequence);
        }
        let whole = self.segments(base, playlist, places);
        self.extras(base, playlist, places);
        let newest = end.checked_sub(1).filter(|_| !playlist.ended);
        self.edge.set(newest);
        if playlist.skipped > 0 {
            self.hold(playlist.sequence);
        }
        self.forget(playlist.sequence, places);
        whole
    }

    fn segments(&mut self, base: &Base, playlist: &Playlist<'_>, places: &mut Places) -> bool {
        let mut sequence = playlist.first();
        let mut time = self.time_of(sequence, playlist.target);
        let mut url = String::new();
        let mut whole = true;
        for listed in &playlist.listed {
            match listed {
                // What follows them is known as well, and therefore its time. That they were named again need
                // not be recorded: it is for the first of each version, and segments are removed in order.
                Listed::Again(count) => sequence = sequence.saturating_add(*count as u64),
                Listed::Segment(segment) => {
                    if base.resolve(&segment.uri, &mut url) {
                        let kept;
                        (time, kept) = self.segment(sequence, segment, time, &url, places);
                        whole &= kept;
                    } else {
                        whole = false;
                    }
                    time += segment.duration;
                    sequence = sequence.saturating_add(1);
                }
            }
        }
        whole
    }

    fn extras(&mut self, base: &Base, playlist: &Playlist<'_>, places: &mut Places) {
        let first = playlist.first();
        let mut url = String::new();
        // Parts follow one another within their segment.
        let (mut segment, mut part) = (u64::MAX, MediaTime::ZERO);
        for extra in &playlist.extras {
            let sequence = first.saturating_add(extra.after);
            if extra.kind == Kind::Part && segment != sequence {
                (segment, part) = (sequence, self.time_of(sequence, playlist.target));
            }
            if base.resolve(&extra.uri, &mut url) {
                self.extra(sequence, part, extra, &url, places);
            }
            if extra.kind == Kind::Part {
                part += extra.duration.unwrap_or_default();
            }
        }
    }

    /// A delta update does not repeat the keys and maps of the segments that it skips: those in the window
    /// stay, and the last ones before it, which apply to its first segment.
    fn hold(&mut self, window: u64) {
        let before = self.others.values().filter_map(|other| other.holds_from);
        let last = before.filter(|from| *from <= window).max().unwrap_or(window);
        for other in self.others.values_mut() {
            if other.holds_from.is_some_and(|from| from >= last) {
                other.version = self.version;
            }
        }
    }

    /// The anchor for a sibling that begins at `sequence`, if the two windows overlap.
    pub(super) fn anchor_for(&self, sequence: u64, len: u64, target: Duration) -> Option<Anchor> {
        let (first, last) = (self.seen.front()?.sequence, self.seen.back()?.sequence);
        let reach = len.max(last - first);
        let near = sequence <= last.saturating_add(reach)
            && sequence.saturating_add(len).saturating_add(reach) >= first;
        let known = (sequence, self.time_of(sequence, target));
        (near && sequence >= self.anchor.sequence)
            .then_some(Anchor { sequence: self.anchor.sequence, known })
    }

    /// Removes every URL.
    pub(super) fn clear(&mut self, places: &mut Places) {
        for seen in self.seen.drain(..) {
            places.remove(seen.key);
        }
        for (key, _) in self.others.drain() {
            places.remove(key);
        }
        self.repeated.clear();
    }

    /// Restarts the count, because the encoder began again at a lower number.
    fn restart(&mut self, sequence: u64) {
        let other = self.other();
        self.others.extend(self.seen.drain(..).map(|seen| (seen.key, other)));
        self.repeated.clear();
        self.anchor = Anchor { sequence, known: (sequence, MediaTime::ZERO) };
    }

    /// A URL that this version names, or the last one did.
    const fn other(&self) -> Other {
        Other { version: self.version, holds_from: None, hinted: false }
    }

    fn find(&self, sequence: u64) -> Option<usize> {
        // Without gaps, the usual case, the position follows from the number.
        let ahead = sequence.checked_sub(self.seen.front()?.sequence)?;
        let at = usize::try_from(ahead).ok();
        if at.and_then(|at| self.seen.get(at)).is_some_and(|seen| seen.sequence == sequence) {
            return at;
        }
        self.seen.binary_search_by_key(&sequence, |seen| seen.sequence).ok()
    }

    /// The start of a segment: known, or computed from the nearest known one before it.
    fn time_of(&self, sequence: u64, target: Duration) -> MediaTime {
        let after = self.seen.partition_point(|seen| seen.sequence <= sequence);
        let before = after.checked_sub(1).and_then(|at| self.seen.get(at));
        let (from, time) = match before {
            Some(seen) if seen.sequence == sequence => return seen.time,
            Some(seen) => (seen.sequence.saturating_add(1), seen.time + seen.duration),
            None => self.anchor.known,
        };
        let gap = u32::try_from(sequence.saturating_sub(from)).unwrap_or(u32::MAX);
        time + target.saturating_mul(gap)
    }

    fn index(&self, sequence: u64) -> Option<u64> {
        Some(sequence.checked_sub(self.anchor.sequence)?.saturating_add(1))
    }

    /// Stores a segment; returns its start time, which is the first one read, and whether it is in `seen`.
    fn segment(
        &mut self,
        sequence: u64,
        segment: &Segment<'_>,
        time: MediaTime,
        url: &str,
        places: &mut Places,
    ) -> (MediaTime, bool) {
        let known = self.find(sequence);
        let time = known.and_then(|at| self.seen.get(at)).map_or(time, |seen| seen.time);
        let key = Key::of(url, segment.range.as_ref());
        // It may have been removed with another rendition's of the same name.
        let stands = places.at(key).is_some_and(|place| self.owns(place));
        if let Some(seen) = known.and_then(|at| self.seen.get_mut(at))
            && seen.key == key
        {
            seen.version = self.version;
            if stands {
                return (time, true);
            }
        }
        let place = Place {
            index: self.index(sequence),
            number: Some(sequence),
            time: Some(time),
            duration: Some(segment.duration),
            discontinuity: segment.discontinuity,
            edge: Some(Arc::clone(&self.edge)),
            ..Place::of(&self.rendition, self.rendition.kind)
        };
        if places.insert(url, segment.range.clone(), place).is_none() {
            return (time, false);
        }
        // A place that belongs to none of the others belongs to a segment in `seen`.
        let repeats = self.others.remove(&key).is_none() && stands;
        let seen = Seen { sequence, key, version: self.version, time, duration: segment.duration };
        if let Some(held) = known.and_then(|at| self.seen.get_mut(at)) {
            let old = std::mem::replace(held, seen);
            if old.key == key {
                return (time, true);
            }
            if !self.is_repeated(old.key) {
                self.others.insert(old.key, self.other());
            }
        } else if self.seen.back().is_none_or(|back| back.sequence < sequence) {
            self.seen.push_back(seen);
        } else {
            // An older version was received again, from a cache.
            if !repeats {
                self.others.insert(key, self.other());
            }
            return (time, false);
        }
        if repeats {
            *self.repeated.entry(key).or_default() += 1;
        }
        (time, true)
    }

    /// Stores a URL other than a segment's; a part starts at `time`.
    fn extra(
        &mut self,
        sequence: u64,
        time: MediaTime,
        extra: &Extra<'_>,
        url: &str,
        places: &mut Places,
    ) {
        let key = Key::of(url, extra.range.as_ref());
        let holds_from = matches!(extra.kind, Kind::Key | Kind::Init).then_some(sequence);
        let hinted = extra.kind == Kind::Part && extra.duration.is_none();
        let other = Other { holds_from, hinted, ..self.other() };
        if let Some(held) = self.others.get_mut(&key) {
            let came_true = held.hinted && !hinted;
            *held = other;
            // It may have been removed with another rendition, or be the part of another segment.
            let stands = places.at(key).is_some_and(|place| {
                extra.kind != Kind::Part || !self.owns(place) || place.number >= Some(sequence)
            });
            if stands && !came_true {
                return;
            }
        }
        // The multivariant playlist takes precedence over a rendition report.
        if extra.kind == Kind::MediaPlaylist && places.contains(url) {
            return;
        }
        let place = match extra.kind {
            Kind::Part => Place {
                index: self.index(sequence),
                number: Some(sequence),
                time: Some(time),
                duration: extra.duration,
                discontinuity: extra.discontinuity,
                edge: Some(Arc::clone(&self.edge)),
                ..Place::of(&self.rendition, Kind::Part)
            },
            kind @ (Kind::Init | Kind::Segment) => Place::of(&self.rendition, kind),
            kind => Place::new(Protocol::Hls, kind),
        };
        if places.insert(url, extra.range.clone(), place).is_some() {
            self.others.insert(key, other);
        }
    }

    /// Whether a place is a segment's or part's of this playlist.
    fn owns(&self, place: &Place) -> bool {
        place.edge.as_ref().is_some_and(|edge| Arc::ptr_eq(edge, &self.edge))
    }

    /// Whether another segment in `seen` has the URL of one that is no longer there.
    fn is_repeated(&mut self, key: Key) -> bool {
        let Some(count) = self.repeated.get_mut(&key) else { return false };
        *count -= 1;
        if *count == 0 {
            self.repeated.remove(&key);
        }
        true
    }

    /// The number of the newest segment in `seen` at `key`: names may repeat.
    fn newest_at(&self, key: Key, places: &Places) -> Option<u64> {
        let number = places.at(key).filter(|place| self.owns(place))?.number?;
        let seen = self.find(number).and_then(|at| self.seen.get(at));
        seen.is_some_and(|seen| seen.key == key).then_some(number)
    }

    /// Removes segments that left the window long enough ago.
    fn forget(&mut self, window: u64, places: &mut Places) {
        let version = self.version;
        let stale = |seen: u64| seen.saturating_add(GRACE) < version;
        while let Some(front) = self.seen.front()
            && front.sequence < window
            && stale(front.version)
        {
            let key = front.key;
            self.seen.pop_front();
            // A later segment, a part, or another rendition's may have the same name.
            let owned = places.at(key).is_some_and(|place| self.owns(place));
            if !self.is_repeated(key) && owned && !self.others.contains_key(&key) {
                places.remove(key);
            }
        }
        let mut others = std::mem::take(&mut self.others);
        others.retain(|key, held| {
            let keep = !stale(held.version);
            let place = places.at(*key).filter(|_| !keep);
            let others = place.is_some_and(|place| place.edge.is_some() && !self.owns(place));
            if !keep && !others && self.newest_at(*key, places).is_none() {
                places.remove(*key);
            }
            keep
        });
        self.others = others;
    }
}

//! Exact URLs that manifests name, and the resource at each; hashed and bounded.

use super::{Kind, Protocol, Rendition, Resource, format};
use crate::units::MediaTime;
use foldhash::{fast::RandomState, quality::FixedState};
use std::{
    collections::{BTreeMap, HashMap},
    hash::{BuildHasher as _, Hasher as _},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// The most URLs kept in one store: two days of four-second segments in three renditions.
pub(super) const PLACES: usize = 1 << 17;

/// The live edge of one rendition, from its newest manifest. Shared by its places.
#[derive(Debug, Default)]
pub(super) struct Edge {
    /// One past the newest segment's number; 0 = not live.
    end: AtomicU64,
}

impl Edge {
    /// The newest segment's number; `None` when the presentation has ended.
    pub(super) fn set(&self, newest: Option<u64>) {
        self.end.store(newest.map_or(0, |newest| newest.saturating_add(1)), Ordering::Relaxed);
    }

    /// The number of segments after `number`; 0 for one that does not exist yet.
    fn behind(&self, number: u64) -> Option<u64> {
        let newest = self.end.load(Ordering::Relaxed).checked_sub(1)?;
        Some(newest.saturating_sub(number))
    }
}

/// The resource at a URL.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) protocol: Protocol,
    pub(super) kind: Kind,
    pub(super) rendition: Option<Arc<Rendition>>,
    pub(super) index: Option<u64>,
    pub(super) number: Option<u64>,
    pub(super) time: Option<MediaTime>,
    pub(super) duration: Option<Duration>,
    pub(super) discontinuity: bool,
    pub(super) edge: Option<Arc<Edge>>,
}

impl Place {
    pub(super) const fn new(protocol: Protocol, kind: Kind) -> Self {
        Self {
            protocol,
            kind,
            rendition: None,
            index: None,
            number: None,
            time: None,
            duration: None,
            discontinuity: false,
            edge: None,
        }
    }

    pub(super) fn of(rendition: &Arc<Rendition>, kind: Kind) -> Self {
        Self { rendition: Some(Arc::clone(rendition)), ..Self::new(rendition.protocol, kind) }
    }

    pub(super) fn resource(&self) -> Resource {
        let bare = Resource::new(self.protocol, self.kind);
        let known = self.rendition.as_ref().map_or(bare, |rendition| rendition.resource(self.kind));
        Resource {
            index: self.index,
            number: self.number,
            time: self.time,
            duration: self.duration,
            discontinuity: self.discontinuity,
            behind_live: self.edge.as_ref().zip(self.number).and_then(|(e, n)| e.behind(n)),
            ..known
        }
    }
}

/// A range of bytes, end exclusive.
pub(super) type Range = std::ops::Range<u64>;

/// The key of a place: a URL's hash, and the first byte of its range if the URL has several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key {
    url: u64,
    first: Option<u64>,
}

impl Key {
    /// The key of a URL, or of a range of it.
    pub(super) fn of(url: &str, range: Option<&Range>) -> Self {
        Self { url: hash(url), first: range.map(|range| range.start) }
    }
}

/// The hash of a URL, independent of its percent-encoding. A collision (one in 2^64) would misclassify one
/// request.
pub(super) fn hash(url: &str) -> u64 {
    let mut hasher = FixedState::default().build_hasher();
    hasher.write(&super::spelling::decoded(url));
    hasher.finish()
}

/// The places of one URL: one resource, or several by byte range.
#[derive(Debug, Default)]
struct Slot {
    whole: Option<Box<Place>>,
    /// By first byte: the end, and what is there.
    ranges: BTreeMap<u64, (u64, Box<Place>)>,
    /// The hash of the URL without its query, if it has one.
    bare: Option<u64>,
}

/// The store.
#[derive(Debug, Default)]
pub(super) struct Places {
    slots: HashMap<u64, Slot, RandomState>,
    /// URL without query → full URL, or `None` where several URLs share it.
    bare: HashMap<u64, Option<u64>, RandomState>,
    count: usize,
}

impl Places {
    /// The number of places.
    pub(super) const fn len(&self) -> usize {
        self.count
    }

    /// About how many bytes of memory it takes. A place is allocated on its own; of the table, a part is free.
    pub(super) fn weight(&self) -> usize {
        let table = size_of::<(u64, Slot)>() + size_of::<(u64, Option<u64>)>();
        self.count * (size_of::<Place>() + 16) + self.slots.len() * table * 3 / 2
    }

    /// Stores a place; `None` when the store is full.
    pub(super) fn insert(&mut self, url: &str, range: Option<Range>, place: Place) -> Option<Key> {
        if self.count >= PLACES {
            return None;
        }
        let key = Key::of(url, range.as_ref());
        let slot = self.slots.entry(key.url).or_default();
        let place = Box::new(place);
        match range {
            None => {
                self.count += usize::from(slot.whole.is_none());
                slot.whole = Some(place);
            }
            Some(range) => {
                let known = slot.ranges.insert(range.start, (range.end, place));
                self.count += usize::from(known.is_none());
            }
        }
        let bare = format::without_query(url);
        if bare.len() < url.len() {
            let bare = hash(bare);
            slot.bare = Some(bare);
            self.alias(bare, key.url);
        }
        Some(key)
    }

    /// Makes the URL without query an alias of `url`, unless it is already an alias of another resource. The
    /// same resource with a new token is not another resource.
    fn alias(&mut self, bare: u64, url: u64) {
        let name = |url: &u64| {
            let whole = self.slots.get(url)?.whole.as_ref()?;
            Some((whole.kind, whole.number, whole.index))
        };
        let shared = match self.bare.get(&bare) {
            None => false,
            Some(None) => true,
            Some(Some(held)) => {
                *held != url && name(held).is_none_or(|held| Some(held) != name(&url))
            }
        };
        self.bare.insert(bare, (!shared).then_some(url));
    }

    /// Whether there is a place at exactly `url`.
    pub(super) fn contains(&self, url: &str) -> bool {
        self.slots.contains_key(&hash(url))
    }

    /// The place at exactly `key`.
    pub(super) fn at(&self, key: Key) -> Option<&Place> {
        let slot = self.slots.get(&key.url)?;
        let Some(first) = key.first else { return slot.whole.as_deref() };
        slot.ranges.get(&first).map(|(_, place)| &**place)
    }

    /// Removes a place.
    pub(super) fn remove(&mut self, key: Key) {
        let Some(slot) = self.slots.get_mut(&key.url) else { return };
        let before = slot.ranges.len() + usize::from(slot.whole.is_some());
        match key.first {
            None => slot.whole = None,
            Some(first) => {
                slot.ranges.remove(&first);
            }
        }
        let after = slot.ranges.len() + usize::from(slot.whole.is_some());
        self.count -= before - after;
        let bare = slot.bare.filter(|_| after == 0);
        if after == 0 {
            self.slots.remove(&key.url);
        }
        if let Some(bare) = bare
            && self.bare.get(&bare) == Some(&Some(key.url))
        {
            self.bare.remove(&bare);
        }
    }

    /// The resource at `url`; `first` is the first byte of a range request.
    ///
    /// The exact URL comes first, then the one without its query, because tokens in queries change.
    pub(super) fn get(&self, url: &str, first: Option<u64>) -> Option<Resource> {
        if self.slots.is_empty() {
            return None;
        }
        if let Some(slot) = self.slots.get(&hash(url)) {
            return slot.get(first);
        }
        let bare = hash(format::without_query(url));
        if let Some(slot) = self.slots.get(&bare) {
            return slot.get(first);
        }
        let full = (*self.bare.get(&bare)?)?;
        self.slots.get(&full)?.get(first)
    }
}

impl Slot {
    fn get(&self, first: Option<u64>) -> Option<Resource> {
        let held = first.and_then(|first| {
            let (_, (end, place)) = self.ranges.range(..=first).next_back()?;
            (first < *end).then_some(place)
        });
        if let Some(place) = held.or(self.whole.as_ref()) {
            return Some(place.resource());
        }
        // A request for a whole file whose parts are known: its rendition, without a position.
        let (_, (_, place)) = self.ranges.first_key_value()?;
        let kind = place.rendition.as_ref().map_or(place.kind, |rendition| rendition.kind);
        Some(
            Place {
                kind,
                index: None,
                number: None,
                time: None,
                duration: None,
                discontinuity: false,
                ..(**place).clone()
            }
            .resource(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(number: u64) -> Place {
        Place { number: Some(number), ..Place::new(Protocol::Hls, Kind::Segment) }
    }

    #[test]
    fn ranges_of_one_url() {
        let mut places = Places::default();
        places.insert("https://a/f", Some(0..100), at(1));
        places.insert("https://a/f", Some(100..250), at(2));
        let number = |first| places.get("https://a/f", first).and_then(|found| found.number);
        assert_eq!(number(Some(0)), Some(1));
        assert_eq!(number(Some(100)), Some(2));
        // A resumed download begins inside a segment.
        assert_eq!(number(Some(180)), Some(2));
        assert_eq!(number(Some(250)), None);
        assert_eq!(number(None), None);
        assert!(places.get("https://a/f", None).is_some());
    }

    #[test]
    fn queries_are_tokens_until_they_are_names() {
        let mut places = Places::default();
        places.insert("https://a/1.ts?token=x", None, at(1));
        places.insert("https://a/2.ts", None, at(2));
        places.insert("https://a/s?n=3", None, at(3));
        places.insert("https://a/s?n=4", None, at(4));
        let number = |url| places.get(url, None).and_then(|found| found.number);
        assert_eq!(number("https://a/1.ts?token=x"), Some(1));
        assert_eq!(number("https://a/1.ts?token=y&CMCD=br%3D1"), Some(1));
        assert_eq!(number("https://a/1.ts"), Some(1));
        assert_eq!(number("https://a/2.ts?z"), Some(2));
        assert_eq!(number("https://a/s?n=4"), Some(4));
        assert_eq!(number("https://a/s?n=5"), None);
    }

    #[test]
    fn a_fresh_token_is_the_same_resource() {
        let mut places = Places::default();
        let old = places.insert("https://a/1.ts?t=1", None, at(1)).unwrap();
        places.insert("https://a/1.ts?t=2", None, at(1));
        assert_eq!(places.get("https://a/1.ts?t=3", None).unwrap().number, Some(1));
        places.remove(old);
        assert_eq!(places.get("https://a/1.ts?t=3", None).unwrap().number, Some(1));
    }

    #[test]
    fn forgetting_counts_back() {
        let mut places = Places::default();
        let one = places.insert("https://a/f", Some(0..10), at(1)).unwrap();
        let two = places.insert("https://a/f", None, at(2)).unwrap();
        places.insert("https://a/f", None, at(3));
        assert_eq!(places.len(), 2);
        places.remove(one);
        places.remove(one);
        places.remove(two);
        assert_eq!(places.len(), 0);
        assert!(places.get("https://a/f", None).is_none());
    }
}

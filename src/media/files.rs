//! What is known from media bodies that passed: segments within files, lengths, and media types.

use super::{
    Kind, MediaType, Protocol, Resource, ebml,
    isobmff::Sidx,
    place::hash,
    probe::{Probe, Shown, rendition_id},
};
use crate::units::MediaTime;
use foldhash::fast::RandomState;
use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

/// The most files stored, and renditions of undeclared content.
const FILES: usize = 128;
/// The most segments stored of all files; beyond it the oldest file is removed.
const POINTS: usize = 1 << 17;

/// A segment in a file.
#[derive(Debug, Clone, Copy)]
struct Point {
    first: u64,
    end: u64,
    /// In ticks.
    start: u64,
    duration: u64,
}

/// A file.
#[derive(Debug, Default)]
struct File {
    /// Whether it is played on its own, not as a part of a presentation.
    progressive: bool,
    media: Option<MediaType>,
    /// Ticks of a second.
    timescale: u32,
    /// Sorted by first byte.
    points: Vec<Point>,
    /// The positions of further indexes that were not read yet.
    indexes: Vec<(u64, u64)>,
    duration: Option<Duration>,
    size: Option<u64>,
    /// WebM only: the origin of positions, nanoseconds per tick, and the length in ticks.
    elements: Option<(u64, u64, Option<u64>)>,
    /// Endless streams only: the media time up to which it was read.
    elapsed: Option<MediaTime>,
}

/// The store.
#[derive(Debug, Default)]
pub(super) struct Files {
    files: HashMap<u64, File, RandomState>,
    /// Oldest first.
    order: VecDeque<u64>,
    points: usize,
    /// The media types of renditions whose manifests do not state them.
    contents: HashMap<u64, MediaType, RandomState>,
}

impl Files {
    /// About how many bytes of memory it takes.
    pub(super) fn weight(&self) -> usize {
        let files = self.files.len() * 2 * size_of::<(u64, File)>();
        files + self.points * size_of::<Point>() + self.contents.len() * 4 * size_of::<u64>()
    }

    /// Whether bytes from `first` on of this file may add anything new.
    pub(super) fn needs(&self, url: &str, first: u64) -> bool {
        let Some(file) = self.files.get(&hash(url)) else { return true };
        let pending = file.indexes.iter().any(|(from, end)| (*from..*end).contains(&first));
        let unplaced = file.elapsed.is_some() || file.elements.is_some();
        pending || (file.points.is_empty() && unplaced)
    }

    /// Stores what a probe found.
    pub(super) fn observe(&mut self, probe: Probe) {
        let (id, rendition) = (probe.id, probe.rendition);
        let (progressive, size, declared) = (probe.progressive, probe.size, probe.declared);
        let shown = probe.shown();
        let media = match &shown {
            Shown::Boxes(found) => found.media(),
            Shown::Elements(found) => found.media,
            Shown::Packets { media, .. } => *media,
            Shown::Nothing => MediaType::Unknown,
        };
        let media = if media == MediaType::Unknown { declared } else { media };
        if let Some(rendition) = rendition.filter(|_| media != MediaType::Unknown)
            && self.contents.len() < FILES
        {
            self.contents.insert(rendition, media);
        }
        let empty = match &shown {
            Shown::Boxes(found) => found.indexes.is_empty() && !progressive,
            Shown::Elements(found) => *found == ebml::Finding::default() && !progressive,
            Shown::Packets { .. } | Shown::Nothing => !progressive,
        };
        if empty {
            return;
        }
        let file = self.files.entry(id).or_insert_with(|| {
            self.order.push_back(id);
            File::default()
        });
        file.progressive |= progressive;
        file.size = size.or(file.size);
        file.media = Some(media).filter(|media| *media != MediaType::Unknown).or(file.media);
        match shown {
            Shown::Boxes(found) => {
                file.duration = found.duration.or(file.duration);
                let before = file.points.len();
                file.learn(&found.indexes);
                self.points += file.points.len() - before;
            }
            Shown::Elements(found) => {
                let before = file.points.len();
                file.learn_cues(&found);
                self.points += file.points.len() - before;
            }
            Shown::Packets { elapsed, .. } => {
                file.elapsed = elapsed.map(MediaTime::new).or(file.elapsed);
            }
            Shown::Nothing => {}
        }
        self.make_room();
    }

    fn make_room(&mut self) {
        while self.order.len() > FILES || (self.points > POINTS && self.order.len() > 1) {
            let Some(oldest) = self.order.pop_front() else { return };
            self.points -= self.files.remove(&oldest).map_or(0, |file| file.points.len());
        }
    }

    /// Adds to a resource what is known of its file; `offset` is subtracted from the file's times, in seconds.
    pub(super) fn place(
        &self,
        url: &str,
        first: Option<u64>,
        offset: Option<f64>,
        found: &mut Resource,
    ) {
        if found.media == MediaType::Unknown
            && let Some(media) = rendition_id(found).and_then(|id| self.contents.get(&id))
        {
            found.media = *media;
        }
        if found.index.is_some() || self.files.is_empty() {
            return;
        }
        let Some(file) = self.files.get(&hash(url)) else { return };
        if file.progressive && matches!(found.protocol, Protocol::Unknown | Protocol::Progressive) {
            found.protocol = Protocol::Progressive;
            found.kind = if found.kind == Kind::Other { Kind::Segment } else { found.kind };
        }
        if found.media == MediaType::Unknown {
            found.media = file.media.unwrap_or(MediaType::Unknown);
        }
        match found.kind {
            Kind::Init => {}
            _ => file.place(first, offset.unwrap_or_default(), found),
        }
    }
}

impl File {
    /// Adds indexes, whose segments may lie between those of others.
    fn learn(&mut self, indexes: &[Sidx]) {
        let mut sorted = true;
        for index in indexes {
            if self.points.is_empty() {
                self.timescale = index.timescale;
            }
            if self.timescale != index.timescale
                || self.points.len() + index.references.len() > POINTS
            {
                continue;
            }
            let ends = index.references.iter().skip(1).map(|next| next.start).chain([index.end]);
            for (reference, end) in index.references.iter().zip(ends) {
                let (first, last) = reference.bytes;
                if reference.to_index {
                    if self.indexes.len() < FILES * 64 && first < last {
                        self.indexes.push((first, last));
                    }
                    continue;
                }
                let duration = end.saturating_sub(reference.start);
                sorted &= self.points.last().is_none_or(|held| held.first < first);
                self.points.push(Point { first, end: last, start: reference.start, duration });
            }
        }
        if !sorted {
            self.points.sort_by_key(|point| point.first);
            // Of two that begin at the same byte, the newer one comes later.
            self.points.dedup_by(|newer, held| {
                let same = newer.first == held.first;
                if same {
                    *held = *newer;
                }
                same
            });
        }
        // An index whose segments are now known need not be read again.
        let points = &self.points;
        self.indexes.retain(|(from, end)| {
            let after = points.partition_point(|point| point.first < *from);
            points.get(after).is_none_or(|point| point.first >= *end)
        });
    }

    /// Adds what a WebM file states. Its index may come after its header, in another response; it states where
    /// clusters begin.
    fn learn_cues(&mut self, found: &ebml::Finding) {
        if let Some(origin) = found.origin {
            let tick = found.tick.unwrap_or(1_000_000);
            self.elements = Some((origin, tick, found.duration));
            let nanos = found.duration.and_then(|ticks| ticks.checked_mul(tick));
            self.duration = nanos.map(Duration::from_nanos).or(self.duration);
        }
        let Some((origin, tick, length)) = self.elements else { return };
        if found.cues.is_empty() || !self.points.is_empty() {
            return;
        }
        // A tick need not divide a second, nor be shorter than one.
        self.timescale = 1_000_000_000;
        let mut cues = found.cues.clone();
        // Several tracks may each have their points in a cluster.
        cues.sort_unstable_by_key(|(time, at)| (*at, *time));
        cues.dedup_by_key(|(_, at)| *at);
        let last = (length.unwrap_or(0), self.size.unwrap_or(u64::MAX).saturating_sub(origin));
        let ends = cues.iter().skip(1).copied().chain([last]);
        self.points = (cues.iter().zip(ends))
            .map(|((start, at), (until, end))| Point {
                first: origin.saturating_add(*at),
                end: origin.saturating_add(end),
                start: start.saturating_mul(tick),
                duration: until.saturating_sub(*start).saturating_mul(tick),
            })
            .collect();
    }

    fn place(&self, first: Option<u64>, offset: f64, found: &mut Resource) {
        let seconds = |ticks: u64| ticks as f64 / f64::from(self.timescale.max(1));
        let span = |seconds: f64| Duration::try_from_secs_f64(seconds.max(0.0)).ok();
        let Some(first) = first else {
            // The whole of it, or of a stream that continues where it stopped.
            found.duration = found.duration.or(self.duration);
            found.time = found.time.or(self.elapsed);
            return;
        };
        let after = self.points.partition_point(|point| point.first <= first);
        let Some((at, point)) = after
            .checked_sub(1)
            .and_then(|at| Some((at, self.points.get(at)?)))
            .filter(|(_, p)| first < p.end)
        else {
            return self.estimate(first, found);
        };
        // While some segments are not known, the index of this one is not known either.
        found.index = self.indexes.is_empty().then_some(at as u64 + 1);
        found.time = span(seconds(point.start) - offset).map(MediaTime::new);
        found.duration = span(seconds(point.duration));
    }

    /// The time of a byte in a file without an index, assuming a constant bitrate.
    fn estimate(&self, first: u64, found: &mut Resource) {
        if let (Some(duration), Some(size), true) = (self.duration, self.size, self.progressive)
            && first < size
            && self.points.is_empty()
        {
            found.time = Some(MediaTime::new(duration.mul_f64(first as f64 / size as f64)));
        }
    }
}

//! The parts of an MPD that are read: those that address segments and distinguish renditions.

use super::super::{
    MediaType,
    place::Range,
    segments::{Entry, Pattern, Runs},
};
use super::version::Listing;
use crate::units::MediaTime;
use std::{borrow::Cow, sync::Arc, time::Duration};

/// A text of the document; owned only where entities had to be replaced.
pub(super) type Text<'a> = Cow<'a, str>;

/// An MPD, or an element of one in its own document.
#[derive(Debug, Default)]
pub(super) struct Mpd<'a> {
    /// The length of the document, in bytes.
    pub(super) len: usize,
    /// Whether it is only an element that an MPD links to.
    pub(super) remote: bool,
    pub(super) dynamic: bool,
    /// `@availabilityStartTime`, in seconds since the Unix epoch.
    pub(super) available_from: Option<f64>,
    pub(super) duration: Option<Duration>,
    /// `@minimumUpdatePeriod` and `@suggestedPresentationDelay`.
    pub(super) update: Option<Duration>,
    pub(super) delay: Option<Duration>,
    pub(super) bases: Vec<Text<'a>>,
    pub(super) locations: Vec<Text<'a>>,
    pub(super) patches: Vec<Text<'a>>,
    pub(super) steering: Vec<Text<'a>>,
    /// The URLs of clocks in UTCTiming elements.
    pub(super) clocks: Vec<Text<'a>>,
    /// Elements in other documents (`xlink:href`, ImportedMPD).
    pub(super) linked: Vec<Text<'a>>,
    /// Other MPDs: that follow this one, replace it for a time, or are its fallback.
    pub(super) others: Vec<Text<'a>>,
    pub(super) periods: Vec<Period<'a>>,
    /// The timelines in their order, for the version that follows.
    pub(super) listings: Vec<Listing>,
}

/// A Period.
#[derive(Debug, Default)]
pub(super) struct Period<'a> {
    pub(super) id: Option<Text<'a>>,
    pub(super) start: Option<MediaTime>,
    pub(super) duration: Option<Duration>,
    pub(super) bases: Vec<Text<'a>>,
    pub(super) segments: Option<Box<Segments<'a>>>,
    pub(super) sets: Vec<Set<'a>>,
}

/// An AdaptationSet.
#[derive(Debug, Default)]
pub(super) struct Set<'a> {
    pub(super) about: About<'a>,
    pub(super) bases: Vec<Text<'a>>,
    pub(super) segments: Option<Box<Segments<'a>>>,
    pub(super) representations: Vec<Representation<'a>>,
}

/// A Representation.
#[derive(Debug, Default)]
pub(super) struct Representation<'a> {
    pub(super) id: Option<Arc<str>>,
    pub(super) bandwidth: Option<u64>,
    pub(super) about: About<'a>,
    pub(super) bases: Vec<Text<'a>>,
    pub(super) segments: Option<Box<Segments<'a>>>,
}

/// The content of an AdaptationSet or a Representation, as stated.
#[derive(Debug, Default)]
pub(super) struct About<'a> {
    pub(super) mime: Option<Text<'a>>,
    pub(super) codecs: Option<Codecs>,
    pub(super) content: Option<Text<'a>>,
    pub(super) language: Option<Arc<str>>,
    pub(super) width: Option<u32>,
    pub(super) height: Option<u32>,
    /// The value of its Role; the first one wins.
    pub(super) role: Option<Arc<str>>,
    /// Whether an essential property states that it is for trick play.
    pub(super) trick: bool,
}

/// The codecs, as written and as read: thousands of Representations may inherit them.
#[derive(Debug, Clone)]
pub(super) struct Codecs {
    pub(super) text: Arc<str>,
    pub(super) carries: MediaType,
}

/// Which element addresses the segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Template,
    List,
    Base,
}

/// A SegmentTemplate, SegmentList or SegmentBase.
#[derive(Debug)]
pub(super) struct Segments<'a> {
    pub(super) form: Form,
    pub(super) timescale: Option<u64>,
    pub(super) offset: Option<u64>,
    pub(super) duration: Option<f64>,
    pub(super) start_number: Option<u64>,
    pub(super) end_number: Option<u64>,
    /// `@availabilityTimeOffset` in seconds; infinite if written so.
    pub(super) early: Option<f64>,
    /// Templates.
    pub(super) media: Option<Text<'a>>,
    pub(super) initialization: Option<Text<'a>>,
    pub(super) index: Option<Text<'a>>,
    pub(super) switching: Option<Text<'a>>,
    /// The elements Initialization, RepresentationIndex and BitstreamSwitching; and `@indexRange`.
    pub(super) init_part: Option<Part<'a>>,
    pub(super) index_part: Option<Part<'a>>,
    pub(super) switching_part: Option<Part<'a>>,
    pub(super) index_range: Option<Range>,
    pub(super) timeline: Option<Line>,
    pub(super) urls: Vec<Part<'a>>,
}

/// A URL, or a range of it, or a range of the base.
#[derive(Debug, Default)]
pub(super) struct Part<'a> {
    pub(super) url: Text<'a>,
    pub(super) range: Option<Range>,
    /// The index of a SegmentURL.
    pub(super) index: Option<(Text<'a>, Option<Range>)>,
}

/// A SegmentTimeline: its runs where each entry is independent of later ones, else as written.
#[derive(Debug, Default)]
pub(super) struct Line {
    pub(super) runs: Option<Arc<Runs>>,
    pub(super) entries: Vec<Entry>,
    pub(super) patterns: Vec<Pattern>,
}

impl Segments<'_> {
    pub(super) const fn new(form: Form) -> Self {
        Self {
            form,
            timescale: None,
            offset: None,
            duration: None,
            start_number: None,
            end_number: None,
            early: None,
            media: None,
            initialization: None,
            index: None,
            switching: None,
            init_part: None,
            index_part: None,
            switching_part: None,
            index_range: None,
            timeline: None,
            urls: Vec::new(),
        }
    }
}

//! The forms in which DASH presents the loop.

use crate::origin::ladder::Rendition;
use crate::origin::subtitles::Language;
use crate::origin::timeline::{PART_MILLIS, SEGMENT_SECONDS, VOD_SEGMENTS, WINDOW_SEGMENTS};

/// Media type of manifests.
pub(in crate::origin) const CONTENT_TYPE: &str = "application/dash+xml";

/// One way to present the loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::origin) enum DashForm {
    /// `SegmentTemplate` with `$Number$`.
    Number,
    /// The same in three periods.
    Periods,
    /// `SegmentTimeline` with `$Time$`.
    Timeline,
    /// `SegmentList`.
    List,
    /// `SegmentBase`: one file a representation, found through its index.
    Base,
    /// `Number` with subtitles.
    Subtitled,
    /// `$Number$`, live.
    LiveNumber,
    /// `$Time$`, live.
    LiveTimeline,
    /// `$Number$`, live, where each segment can be fetched while it is produced.
    LowLatency,
}

/// The segments of one period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    /// Number of its first segment.
    pub(super) first: u64,
    /// How many there are; `None` has no end.
    pub(super) count: Option<u64>,
}

/// Where the periods of [`DashForm::Periods`] start, in segments: each on a frame of audio, which is every
/// second one. The first is short, so that a player soon reaches the next period.
const PERIODS: [u64; 3] = [0, 2, 6];

impl DashForm {
    pub(in crate::origin) fn is_live(self) -> bool {
        matches!(self, Self::LiveNumber | Self::LiveTimeline | Self::LowLatency)
    }

    /// The periods, in order.
    pub(super) fn stretches(self) -> Vec<Stretch> {
        if self.is_live() {
            return vec![Stretch { first: 1, count: None }];
        }
        let starts = if self == Self::Periods { &PERIODS[..] } else { &PERIODS[..1] };
        let ends = starts.iter().skip(1).copied().chain([VOD_SEGMENTS]);
        let stretch =
            |(start, end): (&u64, u64)| Stretch { first: start + 1, count: Some(end - start) };
        starts.iter().zip(ends).map(stretch).collect()
    }

    /// Languages of its subtitles.
    pub(super) fn subtitles(self) -> &'static [Language] {
        if self == Self::Subtitled { &Language::ALL } else { &[] }
    }

    /// The profile whose rules it keeps.
    pub(super) fn profile(self) -> &'static str {
        match self {
            Self::Base => "urn:mpeg:dash:profile:isoff-on-demand:2011",
            Self::List => "urn:mpeg:dash:profile:isoff-main:2011",
            _ => "urn:mpeg:dash:profile:isoff-live:2011",
        }
    }

    /// The attributes of the MPD that depend on the form.
    pub(super) fn attributes(self, published: &str) -> String {
        if !self.is_live() {
            let seconds = VOD_SEGMENTS * SEGMENT_SECONDS;
            return format!("type=\"static\"\n     mediaPresentationDuration=\"PT{seconds}S\"");
        }
        let delay = if self == Self::LowLatency { 2 } else { 3 * SEGMENT_SECONDS };
        format!(
            "type=\"dynamic\"\n     \
             availabilityStartTime=\"1970-01-01T00:00:00Z\"\n     \
             publishTime=\"{published}\"\n     \
             minimumUpdatePeriod=\"PT{SEGMENT_SECONDS}S\"\n     \
             timeShiftBufferDepth=\"PT{depth}S\"\n     \
             suggestedPresentationDelay=\"PT{delay}S\"",
            depth = WINDOW_SEGMENTS * SEGMENT_SECONDS,
        )
    }

    /// Attributes of a template that state how early a segment can be requested: by all its parts but one.
    pub(super) fn availability(self) -> String {
        if self != Self::LowLatency {
            return String::new();
        }
        let millis = SEGMENT_SECONDS * 1000 - PART_MILLIS;
        let (seconds, rest) = (millis / 1000, millis % 1000);
        format!(
            " availabilityTimeOffset=\"{seconds}.{rest:03}\" availabilityTimeComplete=\"false\""
        )
    }

    /// The elements between the MPD and its first period.
    pub(super) fn service(self) -> &'static str {
        if self != Self::LowLatency {
            return "";
        }
        "  <ServiceDescription id=\"0\">\n    \
         <Latency target=\"2500\" min=\"1500\" max=\"6000\" referenceId=\"0\"/>\n    \
         <PlaybackRate min=\"0.95\" max=\"1.05\"/>\n  \
         </ServiceDescription>\n"
    }

    /// The relation of media time and wall clock: they are equal, and each part states it.
    pub(super) fn producer(self, rendition: &Rendition) -> String {
        if self != Self::LowLatency {
            return String::new();
        }
        let id = u8::from(rendition.picture.is_none());
        format!(
            "      <ProducerReferenceTime id=\"{id}\" inband=\"true\" type=\"encoder\" \
             wallClockTime=\"1970-01-01T00:00:00Z\" presentationTime=\"0\">\n        \
             <UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:http-iso:2014\" value=\"../../time\"/>\n      \
             </ProducerReferenceTime>\n"
        )
    }
}

//! The edits of manifests, as plain data.

use crate::units::{ByteSize, Ratio, span};
use std::{fmt, sync::Arc, time::Duration};

/// One edit of a manifest. Where the format has no such element (HLS has no publishTime), or the manifest does
/// not contain it, the manifest stays unchanged.
#[derive(Debug, Clone, PartialEq)]
pub enum ManifestEdit {
    /// The version first seen under this edit is served repeatedly: for this long, once for each manifest;
    /// `None` = as long as the edit applies.
    Freeze(Option<Duration>),
    /// An older version: the newest of those seen that ends at least this many segments before the current one;
    /// if none is that old, the current one without its newest segments.
    GoBack(u32),
    /// This many of the newest segments are left out, with their parts and hints: a rung that lags behind.
    Lag(u32),
    /// The end marker is added or removed.
    EndList(EndList),
    /// An empty body.
    Empty,
    /// Only the beginning.
    Truncate(Amount),
    /// Discontinuities are removed or inserted, or their count is shifted. (HLS)
    Discontinuity(Discontinuity),
    /// Segments whose media sequence number is a multiple of this are marked as gaps
    /// (EXT-X-GAP). (HLS)
    Gap(u64),
    /// Wrong durations and dates.
    Durations(Durations),
    /// These rungs of a multivariant playlist or MPD are left out (by declared bandwidth; 1 =
    /// lowest; MPD: within each AdaptationSet). The last one left is never left out.
    DropRungs(RungSet),
    /// These attributes of variants and representations are left out: `CODECS`, `RESOLUTION`, ...
    /// (MPD: compared without case, RESOLUTION = width and height).
    Strip(Arc<[Arc<str>]>),
    /// Declared bandwidths are multiplied by this.
    Bandwidth(f64),
    /// Declared resolutions all become this.
    Resolution(u32, u32),
    /// `publishTime` stays as it was first seen. (MPD)
    PublishTime,
    /// Every `UTCTiming` is changed. (MPD)
    UtcTiming(Clocks),
    /// The URIs of segments name this host, which need not exist.
    Host(Arc<str>),
    /// The preload hint of a low-latency playlist (EXT-X-PRELOAD-HINT) is changed. (HLS)
    PreloadHint(Hint),
    /// The rendition reports of a low-latency playlist (EXT-X-RENDITION-REPORT) are changed. (HLS)
    RenditionReport(Report),
    /// The delta update states that it skips this many segments more than it does. (HLS, EXT-X-SKIP)
    Skip(u32),
}

/// The end marker (HLS: EXT-X-ENDLIST; MPD: `type="static"`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EndList {
    /// Present although the stream continues.
    Early,
    /// Present, and all segments are removed. (MPD: as early)
    Bare,
    /// Absent although the stream has ended. (HLS)
    Missing,
}

/// How much of the manifest is left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Amount {
    /// A number of lines.
    Lines(usize),
    /// A number of bytes.
    Bytes(ByteSize),
    /// A share of the bytes.
    Share(Ratio),
}

/// Edits of discontinuities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Discontinuity {
    /// All are removed, also their count (EXT-X-DISCONTINUITY-SEQUENCE).
    Drop,
    /// One is inserted before each segment whose media sequence number is a multiple of this.
    Insert(u64),
    /// Their count is shifted.
    Shift(i64),
}

/// Wrong durations and dates.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Durations {
    /// Segments' durations are multiplied by this.
    pub scale: Option<f64>,
    /// The target duration becomes this. (HLS)
    pub target: Option<Duration>,
    /// EXT-X-PROGRAM-DATE-TIME is later by this many milliseconds. (HLS)
    pub date_shift: i64,
    /// And later by this many more milliseconds for each segment. (HLS)
    pub date_drift: i64,
}

/// Edits of clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Clocks {
    /// They are removed.
    Missing,
    /// Their URLs name a host that does not exist.
    Unreachable,
    /// Times in the MPD itself are later by this many milliseconds.
    Shift(i64),
}

/// Edits of a preload hint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hint {
    /// Left out.
    Missing,
    /// It names a part that does not exist.
    Wrong,
}

/// Edits of a rendition report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Report {
    /// Left out.
    Missing,
    /// Behind the real position by this many segments.
    Stale(u32),
    /// Ahead of the real position by this many segments.
    Ahead(u32),
}

/// Rungs, 1 = lowest.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RungSet {
    /// Ranges with both ends included.
    pub ranges: Vec<(u64, u64)>,
    /// The lowest rung.
    pub lowest: bool,
    /// The highest rung.
    pub highest: bool,
    /// All rungs but the lowest.
    pub all_but_lowest: bool,
    /// All rungs but the highest.
    pub all_but_highest: bool,
}

impl RungSet {
    /// Whether `rung` belongs to it, on a ladder from 1 to `highest`.
    #[must_use]
    pub fn contains(&self, rung: u64, highest: Option<u64>) -> bool {
        let top = highest == Some(rung);
        self.ranges.iter().any(|(first, last)| (*first..=*last).contains(&rung))
            || self.lowest && rung == 1
            || self.all_but_lowest && rung > 1
            || self.highest && top
            || self.all_but_highest && highest.is_some() && !top
    }

    /// Whether the highest rung must be known to decide.
    #[must_use]
    pub const fn needs_ladder(&self) -> bool {
        self.highest || self.all_but_highest
    }
}

impl ManifestEdit {
    /// The edit's name in rule files, logs and labels.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Freeze(_) => "freeze",
            Self::GoBack(_) => "go-back",
            Self::Lag(_) => "lag",
            Self::EndList(_) => "endlist",
            Self::Empty => "empty",
            Self::Truncate(_) => "truncate",
            Self::Discontinuity(_) => "discontinuity",
            Self::Gap(_) => "gap",
            Self::Durations(_) => "durations",
            Self::DropRungs(_) => "drop-rungs",
            Self::Strip(_) => "strip",
            Self::Bandwidth(_) => "bandwidth",
            Self::Resolution(..) => "resolution",
            Self::PublishTime => "publish-time",
            Self::UtcTiming(_) => "utc-timing",
            Self::Host(_) => "host",
            Self::PreloadHint(_) => "preload-hint",
            Self::RenditionReport(_) => "rendition-report",
            Self::Skip(_) => "skip",
        }
    }
}

/// The name and its parameter: `freeze 20 s`, `lag 3`.
impl fmt::Display for ManifestEdit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())?;
        match self {
            Self::Freeze(Some(time)) => write!(f, " {}", span::print(*time)),
            Self::GoBack(n) | Self::Lag(n) | Self::Skip(n) => write!(f, " {n}"),
            Self::EndList(end) => f.write_str(match end {
                EndList::Early => " early",
                EndList::Bare => " without segments",
                EndList::Missing => " missing",
            }),
            Self::Truncate(Amount::Lines(n)) => write!(f, " after {n} lines"),
            Self::Truncate(Amount::Bytes(size)) => write!(f, " after {size}"),
            Self::Truncate(Amount::Share(share)) => write!(f, " after {share}"),
            Self::Discontinuity(Discontinuity::Drop) => f.write_str(" dropped"),
            Self::Discontinuity(Discontinuity::Insert(n)) => write!(f, " every {n}"),
            Self::Discontinuity(Discontinuity::Shift(by)) => write!(f, " count {by:+}"),
            Self::Gap(n) => write!(f, " every {n}"),
            Self::Bandwidth(factor) => write!(f, " x {factor}"),
            Self::Resolution(width, height) => write!(f, " {width}x{height}"),
            Self::Strip(names) => write!(f, " {}", names.join(", ")),
            Self::Host(host) => write!(f, " {host}"),
            _ => Ok(()),
        }
    }
}

//! What can be made wrong in a manifest, as plain data.

use crate::units::{ByteSize, Ratio, span};
use std::{fmt, sync::Arc, time::Duration};

/// One thing made wrong in a manifest. Where a format has no such thing (HLS has no publishTime),
/// or the manifest none of it, the manifest stays as it is.
#[derive(Debug, Clone, PartialEq)]
pub enum ManifestEdit {
    /// The version first seen under this edit is served again and again: for this long, once for
    /// each manifest; `None` = as long as the edit is asked for.
    Freeze(Option<Duration>),
    /// An older version: the newest of those seen that ends at least so many segments before this
    /// one; while none was seen that old, this one without its newest segments.
    GoBack(u32),
    /// The newest so many segments are left out (parts and hints too): a rung that lags behind.
    Lag(u32),
    /// The mark of the end is put or taken.
    EndList(EndList),
    /// Nothing at all: zero bytes.
    Empty,
    /// Only the beginning.
    Truncate(Amount),
    /// Discontinuities dropped or put in, or their count shifted. (HLS)
    Discontinuity(Discontinuity),
    /// Segments whose media sequence number is a multiple of this are marked as gaps
    /// (EXT-X-GAP). (HLS)
    Gap(u64),
    /// Durations and dates that lie.
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
    /// Segments' URIs lead to this host, which need not exist.
    Host(Arc<str>),
    /// What a low-latency playlist says of the part to come (EXT-X-PRELOAD-HINT). (HLS)
    PreloadHint(Hint),
    /// What a low-latency playlist says of other renditions (EXT-X-RENDITION-REPORT). (HLS)
    RenditionReport(Report),
    /// The delta update says that it skips this many segments more than it does. (HLS, EXT-X-SKIP)
    Skip(u32),
}

/// The mark of the end (HLS: EXT-X-ENDLIST; MPD: `type="static"`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EndList {
    /// It is there although the stream goes on.
    Early,
    /// It is there, and no segments are. (MPD: as early)
    Bare,
    /// It is not there although the stream is over. (HLS)
    Missing,
}

/// How much is left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Amount {
    /// So many lines.
    Lines(usize),
    /// So many bytes.
    Bytes(ByteSize),
    /// That share of the bytes.
    Share(Ratio),
}

/// Discontinuities made wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Discontinuity {
    /// All left out, their count (EXT-X-DISCONTINUITY-SEQUENCE) too.
    Drop,
    /// One put before each segment whose media sequence number is a multiple of this.
    Insert(u64),
    /// Their count shifted.
    Shift(i64),
}

/// Durations and dates that lie.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Durations {
    /// Segments' durations are multiplied by this.
    pub scale: Option<f64>,
    /// The target duration becomes this. (HLS)
    pub target: Option<Duration>,
    /// EXT-X-PROGRAM-DATE-TIME is later by so much, in milliseconds. (HLS)
    pub date_shift: i64,
    /// And later by so much more for each segment, in milliseconds. (HLS)
    pub date_drift: i64,
}

/// Clocks that are wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Clocks {
    /// There are none.
    Missing,
    /// Their URLs lead to a host that does not exist.
    Unreachable,
    /// Times that stand in the MPD itself are later by so much, in milliseconds.
    Shift(i64),
}

/// A preload hint made wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hint {
    /// Left out.
    Missing,
    /// It names a part that there is not.
    Wrong,
}

/// A rendition report made wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Report {
    /// Left out.
    Missing,
    /// Behind the truth by so many segments.
    Stale(u32),
    /// Ahead of the truth by so many segments.
    Ahead(u32),
}

/// Rungs, 1 = lowest.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RungSet {
    /// Ranges with both ends included.
    pub ranges: Vec<(u64, u64)>,
    /// The lowest there is.
    pub lowest: bool,
    /// The highest there is.
    pub highest: bool,
    /// All but the lowest.
    pub all_but_lowest: bool,
    /// All but the highest.
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

    /// Whether only somebody who knows the highest rung can tell.
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

/// The name, and what there is to say of it: `freeze 20 s`, `lag 3`.
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

//! The contents of a media playlist, read tag by tag.

use super::super::{Kind, ManifestError, error::ManifestFault, place::Range};
use super::{
    define::Variables,
    line::{attribute, byte_range},
    version::Mark,
};
use std::{borrow::Cow, time::Duration};

/// The most segments read from one playlist: four and a half days of four-second segments.
pub(super) const SEGMENTS: usize = 100_000;
/// The most of a short playlist; the limit of a longer one grows with its bytes.
pub(super) const FEW: usize = 1 << 15;
const BYTES: usize = 8;
/// The most other URIs (parts, keys, maps, hints) read from one playlist.
const EXTRAS: usize = 1 << 15;
/// How many extras before the first segment that is read are kept.
const BEFORE: usize = 64;
/// How many recent extras are kept for detecting repetitions.
pub(super) const RECENT: usize = 4;

/// A media segment.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Segment<'a> {
    pub(super) uri: Cow<'a, str>,
    pub(super) range: Option<Range>,
    pub(super) duration: Duration,
    /// Whether EXT-X-DISCONTINUITY precedes it.
    pub(super) discontinuity: bool,
}

/// Another URI of the playlist: init, key, part, rendition report, ...
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Extra<'a> {
    pub(super) kind: Kind,
    pub(super) uri: Cow<'a, str>,
    pub(super) range: Option<Range>,
    /// How many segments are listed before it.
    pub(super) after: u64,
    pub(super) duration: Option<Duration>,
    /// Whether EXT-X-DISCONTINUITY precedes it, if it is a part.
    pub(super) discontinuity: bool,
}

/// An entry of the list of segments.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Listed<'a> {
    Segment(Segment<'a>),
    /// This many segments, exactly as in the version before, with the same numbers.
    Again(usize),
}

/// The contents of a media playlist.
#[derive(Debug, Default)]
pub(super) struct Playlist<'a> {
    /// The media sequence number of the first segment of the window, skipped ones included.
    pub(super) sequence: u64,
    /// Segments left out of a delta update, before the first listed one.
    pub(super) skipped: u64,
    pub(super) target: Duration,
    pub(super) ended: bool,
    pub(super) images: bool,
    pub(super) listed: Vec<Listed<'a>>,
    /// The number of segments, with those after the last one that was read.
    pub(super) count: usize,
    /// How many segments before them are not to be read, and how many were skipped.
    pub(super) unread: usize,
    passed: usize,
    /// How many are read at most.
    pub(super) most: usize,
    /// The first part that was left out, and why.
    pub(super) fault: Option<ManifestError>,
    /// Where each of them ends in the text.
    pub(super) marks: Vec<Mark>,
    pub(super) extras: Vec<Extra<'a>>,
}

/// The state between a segment's tags and its URI.
#[derive(Default)]
pub(super) struct Pending {
    pub(super) duration: Option<Duration>,
    range: Option<(u64, Option<u64>)>,
    /// Where the last range of segments, and of parts, ended.
    end: u64,
    part_end: u64,
    /// Whether the timeline breaks before the next segment, and the next part.
    breaks: bool,
    part_breaks: bool,
    /// Whether a line concerns more than this one segment.
    pub(super) changes_state: bool,
}

impl<'a> Playlist<'a> {
    /// An empty playlist, to be read from a text of `len` bytes.
    pub(super) fn of(len: usize) -> Self {
        Self { most: (len / BYTES).clamp(FEW, SEGMENTS), ..Self::default() }
    }

    /// The number of the first segment listed.
    pub(super) const fn first(&self) -> u64 {
        self.sequence.saturating_add(self.skipped).saturating_add(self.unread as u64)
    }

    pub(super) fn tag(
        &mut self,
        pending: &mut Pending,
        tag: &str,
        value: &'a str,
        variables: &Variables,
    ) -> Result<(), ManifestFault> {
        let extras = self.extras.len();
        match tag {
            "#EXT-X-TARGETDURATION" => self.target = seconds(value).unwrap_or_default(),
            "#EXT-X-MEDIA-SEQUENCE" => self.sequence = whole(tag, value)?,
            "#EXT-X-ENDLIST" => self.ended = true,
            "#EXT-X-I-FRAMES-ONLY" | "#EXT-X-IMAGES-ONLY" => self.images = true,
            "#EXT-X-BYTERANGE" => pending.range = byte_range(value),
            "#EXT-X-SKIP" => {
                self.skipped =
                    whole(tag, attribute(value, "SKIPPED-SEGMENTS").unwrap_or_default())?;
            }
            "#EXT-X-MAP" => self.extra(Kind::Init, value, &mut 0, variables)?,
            "#EXT-X-KEY" => self.extra(Kind::Key, value, &mut 0, variables)?,
            "#EXT-X-DISCONTINUITY" => (pending.breaks, pending.part_breaks) = (true, true),
            "#EXT-X-PART" => {
                self.extra(Kind::Part, value, &mut pending.part_end, variables)?;
                self.part_breaks(pending);
            }
            "#EXT-X-PRELOAD-HINT" => {
                self.hint(value, variables)?;
                self.part_breaks(pending);
            }
            "#EXT-X-RENDITION-REPORT" => {
                self.extra(Kind::MediaPlaylist, value, &mut 0, variables)?;
            }
            "#EXT-X-DATERANGE" => self.interstitial(value, variables)?,
            "#EXT-X-PREFETCH" => {
                self.keep(Kind::Segment, variables.put(value.trim()), None, None)?;
            }
            _ => return Ok(()),
        }
        // A repetition of a recent key or map changes nothing.
        pending.changes_state |= match tag {
            "#EXT-X-MAP" | "#EXT-X-KEY" => self.extras.len() != extras,
            "#EXT-X-BYTERANGE" => !value.contains('@'),
            tag => tag != "#EXT-X-DISCONTINUITY",
        };
        Ok(())
    }

    pub(super) fn segment(
        &mut self,
        pending: &mut Pending,
        uri: Cow<'a, str>,
    ) -> Result<(), ManifestFault> {
        let range = pending.range.take().map(|range| placed(range, pending.end));
        pending.end = range.as_ref().map_or(0, |range| range.end);
        let duration = pending.duration.take().unwrap_or(self.target);
        let discontinuity = std::mem::take(&mut pending.breaks);
        (pending.part_end, pending.part_breaks) = (0, false);
        if self.passed < self.unread {
            self.passed += 1;
            return Ok(());
        }
        self.count += 1;
        if self.count > self.most {
            return Err(ManifestFault::Excess { what: "segments", limit: self.most });
        }
        self.listed.push(Listed::Segment(Segment { uri, range, duration, discontinuity }));
        Ok(())
    }

    fn extra(
        &mut self,
        kind: Kind,
        list: &'a str,
        end: &mut u64,
        variables: &Variables,
    ) -> Result<(), ManifestFault> {
        let Some(uri) = attribute(list, "URI") else { return Ok(()) };
        let range =
            attribute(list, "BYTERANGE").and_then(byte_range).map(|range| placed(range, *end));
        *end = range.as_ref().map_or(0, |range| range.end);
        let duration = attribute(list, "DURATION").and_then(seconds);
        self.keep(kind, variables.put(uri), range, duration)
    }

    /// The first part after a discontinuity has it; the others of its segment do not.
    fn part_breaks(&mut self, pending: &mut Pending) {
        if let Some(part) = self.extras.last_mut().filter(|last| last.kind == Kind::Part) {
            part.discontinuity |= std::mem::take(&mut pending.part_breaks);
        }
    }

    /// An interstitial: a presentation, or a list of some.
    fn interstitial(&mut self, list: &'a str, variables: &Variables) -> Result<(), ManifestFault> {
        for (kind, name) in
            [(Kind::MultivariantPlaylist, "X-ASSET-URI"), (Kind::AssetList, "X-ASSET-LIST")]
        {
            if let Some(uri) = attribute(list, name) {
                self.keep(kind, variables.put(uri), None, None)?;
            }
        }
        Ok(())
    }

    /// A part or map that does not exist yet: its range is open until it does.
    fn hint(&mut self, list: &'a str, variables: &Variables) -> Result<(), ManifestFault> {
        let Some(uri) = attribute(list, "URI") else { return Ok(()) };
        let kind = if attribute(list, "TYPE") == Some("MAP") { Kind::Init } else { Kind::Part };
        let number = |name| attribute(list, name).and_then(|value| value.parse::<u64>().ok());
        let length = number("BYTERANGE-LENGTH");
        let range = number("BYTERANGE-START").or(length.map(|_| 0));
        let range = range
            .map(|start| start..length.map_or(u64::MAX, |length| start.saturating_add(length)));
        self.keep(kind, variables.put(uri), range, None)
    }

    fn keep(
        &mut self,
        kind: Kind,
        uri: Cow<'a, str>,
        range: Option<Range>,
        duration: Option<Duration>,
    ) -> Result<(), ManifestFault> {
        // A KEY and a MAP are often repeated before every segment.
        let repeated = self
            .extras
            .iter()
            .rev()
            .take(RECENT)
            .any(|held| held.kind == kind && held.uri == uri && held.range == range);
        if repeated {
            return Ok(());
        }
        if self.passed < self.unread && self.extras.len() >= BEFORE {
            self.extras.drain(..BEFORE / 2);
        }
        if self.extras.len() >= EXTRAS {
            return Err(ManifestFault::Excess { what: "parts, keys and maps", limit: EXTRAS });
        }
        let after = self.count as u64;
        let discontinuity = false;
        self.extras.push(Extra { kind, uri, range, after, duration, discontinuity });
        Ok(())
    }
}

/// A range without an offset begins where the one before it ended.
fn placed((length, offset): (u64, Option<u64>), end: u64) -> Range {
    let start = offset.unwrap_or(end);
    start..start.saturating_add(length)
}

fn whole(tag: &str, value: &str) -> Result<u64, ManifestFault> {
    let wrong = |_| {
        let value: String = value.chars().take(40).collect();
        ManifestFault::Syntax(format!("{tag} needs a whole number, not {value:?}"))
    };
    value.trim().parse().map_err(wrong)
}

/// Decimal seconds, exact to the nanosecond; `None` above a year.
pub(super) fn seconds(value: &str) -> Option<Duration> {
    let seconds: f64 = value.trim().parse().ok()?;
    let sane = (0.0..=31_536_000.0).contains(&seconds);
    sane.then(|| Duration::try_from_secs_f64(seconds).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absurd_durations_are_not_kept() {
        assert_eq!(seconds("1e300"), None);
        assert_eq!(seconds("NaN"), None);
        assert_eq!(seconds("-1"), None);
        assert_eq!(seconds(" 6.006 "), Some(Duration::from_micros(6_006_000)));
    }
}

//! A media playlist split into its parts: the lines before the segments, each segment, and the lines after
//! them.

use std::borrow::Cow;

/// Tags of the segment whose URI follows them.
const OF_SEGMENTS: &[&str] = &[
    "#EXTINF",
    "#EXT-X-BYTERANGE",
    "#EXT-X-DISCONTINUITY",
    "#EXT-X-KEY",
    "#EXT-X-MAP",
    "#EXT-X-PROGRAM-DATE-TIME",
    "#EXT-X-GAP",
    "#EXT-X-BITRATE",
    "#EXT-X-PART",
    "#EXT-X-DATERANGE",
    "#EXT-X-CUE-OUT",
    "#EXT-X-CUE-IN",
    "#EXT-X-CUE-OUT-CONT",
];

/// A line with its ending.
pub(super) type Line<'a> = Cow<'a, str>;

/// A media playlist split into parts; concatenated they are its text.
#[derive(Debug)]
pub(super) struct Playlist<'a> {
    pub(super) head: Vec<Line<'a>>,
    /// Tags and URI of each.
    pub(super) segments: Vec<Vec<Line<'a>>>,
    pub(super) tail: Vec<Line<'a>>,
    /// The media sequence number of its first segment.
    pub(super) first: u64,
    /// How its lines end.
    pub(super) newline: &'static str,
}

/// The most lines of a manifest that is edited, because each line is allocated.
const LINES: usize = 1 << 19;

/// The text of a manifest, if it is text and within the limit of lines.
pub(super) fn text(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    (memchr::memchr_iter(b'\n', bytes).count() <= LINES).then_some(text)
}

/// Whether a playlist lists variants instead of segments.
pub(super) fn is_multivariant(text: &str) -> bool {
    text.lines().any(|line| tag(line) == "#EXT-X-STREAM-INF")
}

/// The name of a tag's line: all before the colon.
pub(super) fn tag(line: &str) -> &str {
    line.split(':').next().unwrap_or(line).trim()
}

/// Whether a line is a URI.
pub(super) fn is_uri(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with('#')
}

/// The number after a tag's colon.
pub(super) fn number(line: &str) -> Option<u64> {
    line.split_once(':')?.1.trim().parse().ok()
}

/// The numbers of a playlist's first segment and of the one after its last.
pub(super) fn span(text: &str) -> (u64, u64) {
    let parts = Playlist::parse(text);
    (parts.first, parts.first.saturating_add(parts.segments.len() as u64))
}

impl<'a> Playlist<'a> {
    pub(super) fn parse(text: &'a str) -> Self {
        let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let (head, segments) = (Vec::new(), Vec::new());
        let mut parts = Self { head, segments, tail: Vec::new(), first: 0, newline };
        for line in text.split_inclusive('\n') {
            let of_segment = OF_SEGMENTS.contains(&tag(line));
            if is_uri(line) {
                let mut segment = std::mem::take(&mut parts.tail);
                segment.reserve_exact(1);
                segment.push(line.into());
                parts.segments.push(segment);
            } else if parts.segments.is_empty() && parts.tail.is_empty() && !of_segment {
                parts.head.push(line.into());
            } else {
                parts.tail.push(line.into());
            }
        }
        let of_head = |name| parts.head.iter().find(|line| tag(line) == name);
        let media_sequence = of_head("#EXT-X-MEDIA-SEQUENCE").and_then(|line| number(line));
        let skipped = of_head("#EXT-X-SKIP")
            .and_then(|line| super::attributes::value(line, "SKIPPED-SEGMENTS")?.parse().ok());
        // Far below `u64::MAX`, so that adding to it cannot overflow.
        let first = media_sequence.unwrap_or(0).saturating_add(skipped.unwrap_or(0));
        parts.first = first.min(u64::MAX / 2);
        parts
    }

    /// Each line, to be changed in place.
    pub(super) fn lines_mut(&mut self) -> impl Iterator<Item = &mut Line<'a>> {
        let segments = self.segments.iter_mut().flatten();
        self.head.iter_mut().chain(segments).chain(&mut self.tail)
    }

    /// Keeps the lines for which `keep` holds.
    pub(super) fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.head.retain(|line| keep(line));
        self.segments.iter_mut().for_each(|segment| segment.retain(|line| keep(line)));
        self.tail.retain(|line| keep(line));
    }

    /// Whether there is a line of this tag.
    pub(super) fn has(&self, name: &str) -> bool {
        let segments = self.segments.iter().flatten();
        self.head.iter().chain(segments).chain(&self.tail).any(|line| tag(line) == name)
    }

    /// Adds a line at the end.
    pub(super) fn append(&mut self, line: &str) {
        let last = self.tail.last_mut();
        let last = last.or_else(|| self.segments.last_mut()?.last_mut());
        if let Some(last) = last.filter(|last| !last.ends_with('\n')) {
            last.to_mut().push('\n');
        }
        self.tail.push(format!("{line}{}", self.newline).into());
    }

    pub(super) fn print(&self) -> String {
        let segments = self.segments.iter().flatten();
        self.head.iter().chain(segments).chain(&self.tail).map(Line::as_ref).collect()
    }
}

//! Reads a media playlist with the crate's own scanner.
//!
//! m3u8-rs is not used here: it drops every tag after the last segment (the parts of low latency), keeps one
//! EXT-X-KEY of several, rounds EXTINF to 24 bits, and copies each URI it meets.

use super::super::{
    ManifestError, ManifestFormat,
    error::{At, ManifestFault},
};
use super::{
    define::Variables,
    line::{Line, Lines, lines},
    playlist::{Extra, Listed, Pending, Playlist, RECENT, seconds},
    version::{Mark, Version},
};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Reads a media playlist; lines that it repeats from the version before are not read again.
pub(super) fn read<'a>(
    text: &'a str,
    variables: &'a Variables,
    old: Option<&Version>,
) -> Result<Playlist<'a>, ManifestError> {
    // An irregular reload is read as a whole, which also reports its faults.
    let reload = old.and_then(|old| {
        let read = Reader::new(text, variables, Some(old)).read().ok()?;
        let aligned = read.aligned.is_none_or(|first| first == read.playlist.first());
        let sound = aligned && !read.shifted && read.playlist.fault.is_none();
        sound.then_some(read.playlist)
    });
    if let Some(reload) = reload {
        return Ok(reload);
    }
    let playlist = Reader::new(text, variables, None).read()?.playlist;
    if playlist.ended || playlist.count <= playlist.most {
        return Ok(playlist);
    }
    // If a live playlist exceeds the limit, its newest segments are read.
    let mut reader = Reader::new(text, variables, None);
    reader.playlist.unread = playlist.count - playlist.most;
    reader.playlist.fault = playlist.fault;
    reader.read().map(|read| read.playlist)
}

/// The state of a reading.
struct Reader<'a, 'o> {
    text: &'a str,
    lines: Lines<'a>,
    variables: &'a Variables,
    old: Option<&'o Version>,
    playlist: Playlist<'a>,
    pending: Pending,
    /// How many extras there were when [`Reader::recent`] was taken.
    extras: usize,
    /// The last extras, hashed: what a repeated one is compared with.
    recent: u64,
    /// The number of the first segment, as it was known when the first repeated ones were found.
    aligned: Option<u64>,
    /// Whether it changed between repeated segments.
    shifted: bool,
}

impl<'a, 'o> Reader<'a, 'o> {
    fn new(text: &'a str, variables: &'a Variables, old: Option<&'o Version>) -> Self {
        let (playlist, pending) = (Playlist::of(text.len()), Pending::default());
        let (lines, extras, recent) = (lines(text), 0, 0);
        let (aligned, shifted) = (None, false);
        variables.allow(text.len());
        Self { text, lines, variables, old, playlist, pending, extras, recent, aligned, shifted }
    }

    fn read(mut self) -> Result<Self, ManifestError> {
        let mut said = false;
        while let Some((number, line)) = self.lines.next() {
            let fault = match line {
                Line::Uri(uri) => {
                    let uri = self.variables.put(uri);
                    self.playlist.segment(&mut self.pending, uri).map(|()| self.behind_segment())
                }
                Line::Tag("#EXTINF", value) => {
                    said = true;
                    self.pending.duration = seconds(value.split(',').next().unwrap_or_default());
                    Ok(())
                }
                Line::Tag(tag, value) => {
                    said |= matches!(
                        tag,
                        "#EXT-X-TARGETDURATION" | "#EXT-X-MEDIA-SEQUENCE" | "#EXT-X-ENDLIST"
                    );
                    self.playlist.tag(&mut self.pending, tag, value, self.variables)
                }
            };
            if let Err(cause) = fault {
                let at = At::Line(number);
                let error = || ManifestError::new(ManifestFormat::Hls, at, cause);
                self.playlist.fault.get_or_insert_with(error);
            }
        }
        if !said && self.playlist.count == 0 {
            let cause = ManifestFault::Syntax("neither renditions nor segments in it".to_owned());
            return Err(ManifestError::new(ManifestFormat::Hls, At::Whole, cause));
        }
        Ok(self)
    }

    /// Records where a segment ends, and skips those after it that the old version also had.
    fn behind_segment(&mut self) {
        let playlist = &mut self.playlist;
        if playlist.listed.is_empty() {
            return;
        }
        if self.extras != playlist.extras.len() {
            (self.extras, self.recent) = (playlist.extras.len(), recent(&playlist.extras));
        }
        let end = self.text.len() - self.lines.rest().len();
        let plain = !std::mem::take(&mut self.pending.changes_state);
        playlist.marks.push(Mark::new(end, plain, self.recent));
        let number = playlist.first().saturating_add(playlist.count as u64 - 1);
        let again = self.old.and_then(|old| old.again(number, self.recent, self.lines.rest()));
        let Some((marks, from)) = again else { return };
        if marks.len() + playlist.count > playlist.most {
            // The limit is reached; the next segment would only repeat the comparison.
            self.old = None;
            return;
        }
        let first = playlist.first();
        self.shifted |= *self.aligned.get_or_insert(first) != first;
        playlist.listed.push(Listed::Again(marks.len()));
        playlist.count += marks.len();
        let behind = marks.last().map_or(from, |last| last.end());
        playlist.marks.extend(marks.iter().map(|mark| mark.moved(from, end)));
        self.lines.pass_over(behind - from);
    }
}

fn recent(extras: &[Extra<'_>]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for extra in extras.iter().rev().take(RECENT) {
        (extra.kind, &extra.uri, &extra.range).hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::super::{super::Kind, playlist::Segment};
    use super::*;
    use std::{sync::LazyLock, time::Duration};

    fn segment<'a>(listed: &'a Listed<'_>) -> &'a Segment<'a> {
        let Listed::Segment(segment) = listed else { panic!("read before") };
        segment
    }

    fn read_it(text: &str) -> Playlist<'_> {
        static NONE: LazyLock<Variables> = LazyLock::new(Variables::default);
        read(text, &NONE, None).unwrap()
    }

    #[test]
    fn ranges_follow_one_another() {
        let text = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MAP:URI=\"f.mp4\",BYTERANGE=\"700@0\"\n\
            #EXTINF:4.004,\n#EXT-X-BYTERANGE:1000@700\nf.mp4\n#EXTINF:3.5,\n#EXT-X-BYTERANGE:500\nf.mp4\n#EXT-X-ENDLIST\n";
        let playlist = read_it(text);
        assert!(playlist.ended);
        assert_eq!(playlist.extras[0].range, Some(0..700));
        let ranges: Vec<_> =
            playlist.listed.iter().map(|listed| segment(listed).range.clone()).collect();
        assert_eq!(ranges, [Some(700..1700), Some(1700..2200)]);
        assert_eq!(segment(&playlist.listed[0]).duration, Duration::from_millis(4004));
    }

    /// What m3u8-rs loses: the second key, and everything after the last segment.
    #[test]
    fn nothing_is_lost_at_the_tail() {
        let text = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:9\n\
            #EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"k1\"\n#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"k2\"\n\
            #EXTINF:4,\na.mp4\n#EXT-X-PART:DURATION=1,URI=\"p\",BYTERANGE=\"10@0\"\n\
            #EXT-X-PART:DURATION=1,URI=\"p\",BYTERANGE=\"10\"\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"p\",BYTERANGE-START=20\n";
        let playlist = read_it(text);
        let kinds: Vec<_> = playlist
            .extras
            .iter()
            .map(|extra| (extra.kind, extra.range.clone(), extra.after))
            .collect();
        assert_eq!(
            kinds,
            [
                (Kind::Key, None, 0),
                (Kind::Key, None, 0),
                (Kind::Part, Some(0..10), 1),
                (Kind::Part, Some(10..20), 1),
                (Kind::Part, Some(20..u64::MAX), 1),
            ]
        );
    }

    #[test]
    fn errors_name_the_line() {
        let variables = Variables::default();
        let text = "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:abc\n#EXTINF:4,\na.ts\n";
        let playlist = read(text, &variables, None).unwrap();
        assert_eq!(playlist.count, 1, "the rest is read");
        let error = playlist.fault.unwrap();
        insta::assert_snapshot!(error, @r#"HLS manifest, line 2: #EXT-X-MEDIA-SEQUENCE needs a whole number, not "abc""#);
        let error = read("#EXTM3U\n", &Variables::default(), None).unwrap_err();
        insta::assert_snapshot!(error, @"HLS manifest: neither renditions nor segments in it");
    }
}

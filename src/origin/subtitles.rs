//! Subtitles: WebVTT, generated on request.

use std::fmt::Write as _;
use std::ops::RangeInclusive;

use super::timeline::{SEGMENT_SECONDS, VOD_SEGMENTS};

/// Media type of subtitles.
pub(super) const CONTENT_TYPE: &str = "text/vtt; charset=utf-8";

/// Seconds of a cue; a segment has two.
const CUE_SECONDS: u64 = 2;

/// A language with subtitles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    English,
    German,
}

impl Language {
    /// All, the default first.
    pub(super) const ALL: [Self; 2] = [Self::English, Self::German];

    /// RFC 5646's name: `en`.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// Its name in the language itself.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
        }
    }

    /// The language with that code.
    pub(super) fn named(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.code() == code)
    }

    fn cue(self, segment: u64, second: u64) -> String {
        match self {
            Self::English => format!("segment {segment}, second {second}"),
            Self::German => format!("Segment {segment}, Sekunde {second} – für alle"),
        }
    }
}

/// The subtitles of one segment, as HLS has them: cue times are those of the media, whose clock
/// starts at zero.
pub(super) fn segment(language: Language, number: u64) -> String {
    let map = "X-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n";
    format!("WEBVTT\n{map}\n{}", cues(language, number..=number))
}

/// All subtitles in one file.
pub(super) fn whole(language: Language) -> String {
    format!("WEBVTT\n\n{}", cues(language, 1..=VOD_SEGMENTS))
}

fn cues(language: Language, segments: RangeInclusive<u64>) -> String {
    let mut text = String::new();
    for number in segments {
        let start = number.saturating_sub(1) * SEGMENT_SECONDS;
        for second in (start..start + SEGMENT_SECONDS).step_by(CUE_SECONDS as usize) {
            let (from, to) = (clock(second), clock(second + CUE_SECONDS));
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{from} --> {to}\n{}\n", language.cue(number, second));
        }
    }
    text
}

fn clock(seconds: u64) -> String {
    format!("{:02}:{:02}:{:02}.000", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_has_its_own_cues_in_media_time() {
        insta::assert_snapshot!(segment(Language::German, 16), @r"
        WEBVTT
        X-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000

        00:01:00.000 --> 00:01:02.000
        Segment 16, Sekunde 60 – für alle

        00:01:02.000 --> 00:01:04.000
        Segment 16, Sekunde 62 – für alle
        ");
    }

    #[test]
    fn the_whole_has_the_cues_of_all_segments() {
        let text = whole(Language::English);
        assert_eq!(text.matches(" --> ").count(), 300);
        assert!(text.ends_with("00:09:58.000 --> 00:10:00.000\nsegment 150, second 598\n\n"));
    }
}

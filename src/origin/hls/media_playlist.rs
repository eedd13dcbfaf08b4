//! Media playlists with whole segments: on demand, live, as ranges of a file, and of subtitles.

use std::fmt::Write as _;
use std::ops::Range;
use std::time::Duration;

use super::form::HlsForm;
use crate::origin::date::iso8601;
use crate::origin::ladder::Rendition;
use crate::origin::subtitles::Language;
use crate::origin::timeline::{SEGMENT_SECONDS, Span, VOD_SEGMENTS, Window, microseconds};
use crate::units::UnixTime;

/// The media playlist of ten minutes on demand.
pub(in crate::origin) fn on_demand(form: HlsForm, rendition: &Rendition) -> String {
    let map = form.map(rendition);
    let key = match form {
        // Without an IV the segment's number is taken for it.
        HlsForm::Encrypted => "#EXT-X-KEY:METHOD=AES-128,URI=\"key\"\n",
        _ => "",
    };
    let mut text = head(form, 1, "#EXT-X-PLAYLIST-TYPE:VOD\n") + map.as_str() + key;
    for number in 1..=VOD_SEGMENTS {
        list(&mut text, rendition, number, &form.segment(rendition, number));
    }
    text + "#EXT-X-ENDLIST\n"
}

/// The media playlist of a live window.
pub(in crate::origin) fn live(form: HlsForm, rendition: &Rendition, window: Window) -> String {
    let mut text = head(form, window.first, "") + form.map(rendition).as_str();
    let moment = moment(rendition, window.first);
    let _ = writeln!(text, "#EXT-X-PROGRAM-DATE-TIME:{moment}");
    for number in window.first..=window.last {
        list(&mut text, rendition, number, &form.segment(rendition, number));
    }
    text
}

/// The media playlist of a file: the byte ranges of its initialization and its segments.
pub(in crate::origin) fn ranges(
    rendition: &Rendition,
    init: &Range<u64>,
    segments: impl Iterator<Item = Range<u64>>,
) -> String {
    let file = format!("../media/{}.mp4", rendition.name);
    let mut text = head(HlsForm::Ranges, 1, "#EXT-X-PLAYLIST-TYPE:VOD\n");
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(text, "#EXT-X-MAP:URI=\"{file}\",BYTERANGE=\"{}@0\"", init.end);
    for (number, Range { start, end }) in (1..).zip(segments) {
        list(
            &mut text,
            rendition,
            number,
            &format!("#EXT-X-BYTERANGE:{}@{start}\n{file}", end - start),
        );
    }
    text + "#EXT-X-ENDLIST\n"
}

/// The media playlist of subtitles on demand, whose segments are those of the video.
pub(in crate::origin) fn subtitles(language: Language) -> String {
    let mut text = head(HlsForm::Subtitled, 1, "#EXT-X-PLAYLIST-TYPE:VOD\n");
    for number in 1..=VOD_SEGMENTS {
        let code = language.code();
        let _ = writeln!(text, "#EXTINF:{SEGMENT_SECONDS}.000000,\n{code}/seg-{number}.vtt");
    }
    text + "#EXT-X-ENDLIST\n"
}

/// When segment `number` of a live stream starts, by the wall clock.
pub(super) fn moment(rendition: &Rendition, number: u64) -> String {
    let start = Span::of(rendition, number).start;
    iso8601(UnixTime::new(Duration::from_micros(microseconds(start, rendition.timescale))))
}

/// The lines before the segments: `more` is whole lines.
pub(super) fn head(form: HlsForm, first: u64, more: &str) -> String {
    let version = form.version();
    format!(
        "#EXTM3U\n#EXT-X-VERSION:{version}\n#EXT-X-TARGETDURATION:{SEGMENT_SECONDS}\n\
         #EXT-X-MEDIA-SEQUENCE:{first}\n{more}#EXT-X-INDEPENDENT-SEGMENTS\n"
    )
}

/// A segment: its duration, and `uri` with the tags before it.
pub(super) fn list(text: &mut String, rendition: &Rendition, number: u64, uri: &str) {
    let seconds = seconds(rendition, Span::of(rendition, number));
    let _ = writeln!(text, "#EXTINF:{seconds},\n{uri}");
}

/// A duration in seconds, to the microsecond.
pub(super) fn seconds(rendition: &Rendition, span: Span) -> String {
    let micros = microseconds(span.duration, rendition.timescale);
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> &'static Rendition {
        Rendition::named(name).unwrap()
    }

    #[test]
    fn on_demand_lists_ten_minutes_and_ends() {
        for name in ["v1", "a1"] {
            let text = on_demand(HlsForm::OnDemand, named(name));
            assert_eq!(text.matches("#EXTINF:").count(), 150);
            let seconds: f64 = text
                .lines()
                .filter_map(|line| line.strip_prefix("#EXTINF:")?.strip_suffix(','))
                .map(|seconds| seconds.parse::<f64>().unwrap())
                .sum();
            assert!((seconds - 600.0).abs() < 1e-4, "{seconds}");
            assert!(text.ends_with("#EXT-X-ENDLIST\n"));
        }
        // The head and the first segments are enough to see: the rest is the same.
        let text = on_demand(HlsForm::OnDemand, named("a1"));
        let start: Vec<_> = text.lines().take(12).collect();
        insta::assert_snapshot!(start.join("\n"));
    }

    #[test]
    fn live_lists_its_window_with_the_wall_clock_and_no_end() {
        let window = Window::at(UnixTime::from_secs(1_795_356_534));
        insta::assert_snapshot!(live(HlsForm::Live, named("v4"), window));
    }

    /// An odd number of four-second segments back, audio starts 11 ms after the video.
    #[test]
    fn live_audio_starts_where_its_first_frame_does() {
        let window = Window::at(UnixTime::from_secs(1_795_356_534));
        let text = live(HlsForm::Live, named("a1"), window);
        assert!(text.contains("#EXT-X-PROGRAM-DATE-TIME:2026-11-22T14:08:04.010Z\n"), "{text}");
        assert!(!text.contains("ENDLIST"));
    }

    fn start_of(text: &str, lines: usize) -> String {
        text.lines().take(lines).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn encrypted_segments_have_a_key_and_their_number_for_a_vector() {
        insta::assert_snapshot!(start_of(&on_demand(HlsForm::Encrypted, named("v1")), 9), @r#"
        #EXTM3U
        #EXT-X-VERSION:3
        #EXT-X-TARGETDURATION:4
        #EXT-X-MEDIA-SEQUENCE:1
        #EXT-X-PLAYLIST-TYPE:VOD
        #EXT-X-INDEPENDENT-SEGMENTS
        #EXT-X-KEY:METHOD=AES-128,URI="key"
        #EXTINF:4.000000,
        v1/seg-1.ts
        "#);
    }

    #[test]
    fn ranges_name_one_file() {
        let text = ranges(named("v1"), &(0..765), [1000..1500, 1500..2700].into_iter());
        insta::assert_snapshot!(text, @r#"
        #EXTM3U
        #EXT-X-VERSION:7
        #EXT-X-TARGETDURATION:4
        #EXT-X-MEDIA-SEQUENCE:1
        #EXT-X-PLAYLIST-TYPE:VOD
        #EXT-X-INDEPENDENT-SEGMENTS
        #EXT-X-MAP:URI="../media/v1.mp4",BYTERANGE="765@0"
        #EXTINF:4.000000,
        #EXT-X-BYTERANGE:500@1000
        ../media/v1.mp4
        #EXTINF:4.000000,
        #EXT-X-BYTERANGE:1200@1500
        ../media/v1.mp4
        #EXT-X-ENDLIST
        "#);
    }
}

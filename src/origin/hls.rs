//! HLS playlists (RFC 8216): one multivariant playlist, and a media playlist a rendition.

use std::fmt::Write as _;
use std::time::Duration;

use super::date::iso8601;
use super::ladder::{FRAME_RATE, Rendition, rungs, sounds};
use super::timeline::{SEGMENT_SECONDS, Span, VOD_SEGMENTS, Window};

/// Media type of playlists.
pub(super) const CONTENT_TYPE: &str = "application/vnd.apple.mpegurl";

/// Where media lies, seen from a playlist.
const MEDIA: &str = "../media";

/// The multivariant playlist; its URIs are relative, so the live one reads the same.
pub(super) fn multivariant() -> String {
    let mut text = String::from("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n\n");
    for sound in sounds() {
        let name = sound.name;
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(
            text,
            "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"Beep\",LANGUAGE=\"und\",\
             DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"2\",URI=\"{name}.m3u8\"\n"
        );
    }
    // The audio that plays with any rung: its bits count, its codec is named.
    let audio_peak = sounds().map(Rendition::peak_bits_per_second).max().unwrap_or(0);
    let audio_mean = sounds().map(|sound| sound.bits_per_second).max().unwrap_or(0);
    let audio_codecs = sounds().fold(String::new(), |list, sound| list + "," + sound.codecs);
    for (rung, (width, height)) in rungs() {
        let _ = writeln!(
            text,
            "#EXT-X-STREAM-INF:BANDWIDTH={},AVERAGE-BANDWIDTH={},CODECS=\"{}{audio_codecs}\",\
             RESOLUTION={width}x{height},FRAME-RATE={FRAME_RATE}.000,AUDIO=\"audio\"\n{}.m3u8",
            rung.peak_bits_per_second() + audio_peak,
            rung.bits_per_second + audio_mean,
            rung.codecs,
            rung.name,
        );
    }
    text
}

/// The media playlist of ten minutes on demand.
pub(super) fn on_demand(rendition: &Rendition) -> String {
    let mut text = head(rendition, 1, "#EXT-X-PLAYLIST-TYPE:VOD\n");
    for number in 1..=VOD_SEGMENTS {
        list(&mut text, rendition, number);
    }
    text + "#EXT-X-ENDLIST\n"
}

/// The media playlist of a live window.
pub(super) fn live(rendition: &Rendition, window: Window) -> String {
    let start = Span::of(rendition, window.first).start;
    let micros = microseconds(start, rendition.timescale);
    let mut text = head(rendition, window.first, "");
    let moment = iso8601(Duration::from_micros(micros));
    let _ = writeln!(text, "#EXT-X-PROGRAM-DATE-TIME:{moment}");
    for number in window.first..=window.last {
        list(&mut text, rendition, number);
    }
    text
}

fn head(rendition: &Rendition, first: u64, kind: &str) -> String {
    let name = rendition.name;
    format!(
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{SEGMENT_SECONDS}\n\
         #EXT-X-MEDIA-SEQUENCE:{first}\n{kind}#EXT-X-INDEPENDENT-SEGMENTS\n\
         #EXT-X-MAP:URI=\"{MEDIA}/{name}/init.mp4\"\n"
    )
}

fn list(text: &mut String, rendition: &Rendition, number: u64) {
    let micros = microseconds(Span::of(rendition, number).duration, rendition.timescale);
    let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
    let name = rendition.name;
    let _ = writeln!(text, "#EXTINF:{seconds}.{fraction:06},\n{MEDIA}/{name}/seg-{number}.m4s");
}

/// Ticks in microseconds, rounded; seconds and rest apart, so that no product overflows.
fn microseconds(ticks: u64, timescale: u64) -> u64 {
    let rest = (ticks % timescale * 1_000_000 + timescale / 2) / timescale;
    ticks / timescale * 1_000_000 + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> &'static Rendition {
        Rendition::named(name).unwrap()
    }

    #[test]
    fn the_multivariant_playlist_declares_peaks_and_means_with_audio() {
        insta::assert_snapshot!(multivariant());
    }

    #[test]
    fn on_demand_lists_ten_minutes_and_ends() {
        for name in ["v1", "a1"] {
            let text = on_demand(named(name));
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
        let text = on_demand(named("a1"));
        let start: Vec<_> = text.lines().take(12).collect();
        insta::assert_snapshot!(start.join("\n"));
    }

    #[test]
    fn live_lists_its_window_with_the_wall_clock_and_no_end() {
        let window = Window::at(Duration::from_secs(1_795_356_534));
        insta::assert_snapshot!(live(named("v4"), window));
    }

    /// An odd number of four-second segments back, audio starts 11 ms after the video.
    #[test]
    fn live_audio_starts_where_its_first_frame_does() {
        let window = Window::at(Duration::from_secs(1_795_356_534));
        let text = live(named("a1"), window);
        assert!(text.contains("#EXT-X-PROGRAM-DATE-TIME:2026-11-22T14:08:04.010Z\n"), "{text}");
        assert!(!text.contains("ENDLIST"));
    }
}

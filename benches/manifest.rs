//! Manifests of the size that long presentations have.

use std::fmt::Write as _;

/// A media playlist of `segments` segments of 4 s, each with an absolute or a relative URI.
pub(crate) fn playlist(segments: usize, absolute: bool) -> String {
    let mut text = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:4\n\
        #EXT-X-MAP:URI=\"init.mp4\"\n"
        .to_owned();
    let head = if absolute { "https://media.example/v/1080p/" } else { "" };
    for n in 1..=segments {
        let _ = writeln!(text, "#EXTINF:4.000,\n{head}segment-{n:06}.m4s");
    }
    text.push_str("#EXT-X-ENDLIST\n");
    text
}

/// The window of a live playlist: `segments` segments of 4 s from number `first` on.
pub(crate) fn live_playlist(first: usize, segments: usize) -> String {
    let mut text = format!(
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:{first}\n\
         #EXT-X-MAP:URI=\"init.mp4\"\n"
    );
    for n in first..first + segments {
        let _ = writeln!(text, "#EXTINF:4.000,\nsegment-{n:06}.m4s");
    }
    text
}

/// A multivariant playlist of `rungs` variants on another host, with two groups of sound.
pub(crate) fn multivariant(rungs: usize) -> String {
    let mut text = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n".to_owned();
    for group in ["aac", "ec3"] {
        let _ = writeln!(
            text,
            "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"{group}\",NAME=\"English\",LANGUAGE=\"en\",\
             DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"2\",URI=\"https://media.example/v/{group}/en.m3u8\""
        );
    }
    for n in 1..=rungs {
        let _ = writeln!(
            text,
            "#EXT-X-STREAM-INF:BANDWIDTH={n}00000,AVERAGE-BANDWIDTH={n}00000,\
             CODECS=\"avc1.64001f,mp4a.40.2\",RESOLUTION=1920x1080,FRAME-RATE=25.000,AUDIO=\"aac\"\n\
             https://media.example/v/rung-{n:02}/index.m3u8?token=a%2Fb"
        );
    }
    text
}

/// An MPD of six video rungs and one of sound over a timeline of `segments` segments, no two
/// neighbours of one length: each is a line of its own.
pub(crate) fn timeline(segments: usize) -> String {
    let mut text = "<?xml version=\"1.0\"?>\n<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" \
        type=\"static\" mediaPresentationDuration=\"PT8H\" \
        profiles=\"urn:mpeg:dash:profile:isoff-live:2011\" minBufferTime=\"PT4S\">\n\
        <BaseURL>https://media.example/v/</BaseURL>\n<Period id=\"p0\">\n"
        .to_owned();
    set(&mut text, "video", &[235, 560, 1050, 2350, 4300, 8000], segments);
    set(&mut text, "audio", &[128], segments);
    text.push_str("</Period>\n</MPD>\n");
    text
}

fn set(text: &mut String, kind: &str, kilobits: &[u32], segments: usize) {
    let _ = write!(
        text,
        "<AdaptationSet contentType=\"{kind}\" mimeType=\"{kind}/mp4\" segmentAlignment=\"true\">\n\
         <SegmentTemplate timescale=\"1000\" initialization=\"$RepresentationID$/init.mp4\" \
         media=\"$RepresentationID$/$Time$.m4s\">\n<SegmentTimeline>\n"
    );
    for n in 0..segments {
        let _ = writeln!(text, "<S d=\"{}\"/>", length(n));
    }
    text.push_str("</SegmentTimeline>\n</SegmentTemplate>\n");
    for rate in kilobits {
        let _ = writeln!(text, "<Representation id=\"{kind}-{rate}\" bandwidth=\"{rate}000\"/>");
    }
    text.push_str("</AdaptationSet>\n");
}

/// The window of a live MPD over a timeline: `segments` segments from number `first` on, of two lengths
/// in turn.
pub(crate) fn live_timeline(first: usize, segments: usize) -> String {
    let mut lines = String::new();
    for n in first..first + segments {
        let (start, length) = (n * 4000 + n % 2 * 40, if n % 2 == 0 { 4040 } else { 3960 });
        let _ = writeln!(lines, "<S t=\"{start}\" d=\"{length}\"/>");
    }
    live(
        first,
        &format!("$Time$.m4s\"><SegmentTimeline>\n{lines}</SegmentTimeline></SegmentTemplate>"),
    )
}

/// A live MPD whose segments are numbered from the start on, with a window as long as `segments` of them.
pub(crate) fn live_numbers(first: usize, segments: usize) -> String {
    let text = live(first, "$Number$.m4s\" duration=\"4000\"/>");
    text.replacen("<MPD", &format!("<MPD timeShiftBufferDepth=\"PT{}S\"", segments * 4), 1)
}

fn live(version: usize, rest_of_template: &str) -> String {
    let at = version * 4;
    let (hours, minutes, seconds) = (at / 3600, at / 60 % 60, at % 60);
    format!(
        "<?xml version=\"1.0\"?>\n<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"dynamic\" \
         profiles=\"urn:mpeg:dash:profile:isoff-live:2011\" minBufferTime=\"PT4S\" \
         availabilityStartTime=\"2025-01-01T00:00:00Z\" minimumUpdatePeriod=\"PT4S\" \
         publishTime=\"2025-01-01T{hours:02}:{minutes:02}:{seconds:02}Z\">\n<Period id=\"p0\" start=\"PT0S\">\n\
         <AdaptationSet contentType=\"video\" mimeType=\"video/mp4\"><SegmentTemplate timescale=\"1000\" \
         initialization=\"$RepresentationID$/init.mp4\" media=\"$RepresentationID$/{rest_of_template}\n\
         <Representation id=\"video\" bandwidth=\"4300000\"/></AdaptationSet></Period></MPD>\n"
    )
}

/// Milliseconds of segment `n` of [`timeline`].
const fn length(n: usize) -> u64 {
    3960 + 40 * (n % 3) as u64
}

/// When segment `n` of [`timeline`] starts.
pub(crate) fn start(n: usize) -> u64 {
    (0..n).map(length).sum()
}

//! The page at `/demo/`: a list of all addresses.

use std::fmt::Write as _;

use super::ladder::{RENDITIONS, Rendition, rungs};

/// Media type of the page.
pub(super) const CONTENT_TYPE: &str = "text/html; charset=utf-8";

/// Addresses that do not depend on a rendition: the title of each section, and its lines.
const SECTIONS: [(&str, &[(&str, &str)]); 5] = [
    (
        "On demand, ten minutes",
        &[
            ("hls/master.m3u8", "HLS: fragmented MP4, audio apart"),
            ("range/master.m3u8", "HLS: byte ranges of one file a rendition"),
            ("ts/master.m3u8", "HLS: MPEG-TS, audio and video in one"),
            ("aes/master.m3u8", "HLS: MPEG-TS encrypted with AES-128"),
            ("subtitles/master.m3u8", "HLS: WebVTT subtitles, English and German"),
            ("steering/master.m3u8", "HLS: content steering between two pathways"),
            ("dash/manifest.mpd", "DASH: SegmentTemplate with $Number$"),
            ("dash/timeline.mpd", "DASH: SegmentTimeline with $Time$"),
            ("dash/periods.mpd", "DASH: three periods"),
            ("dash/list.mpd", "DASH: SegmentList"),
            ("dash/base.mpd", "DASH: SegmentBase, one file a representation, with sidx"),
            ("subtitles/manifest.mpd", "DASH: WebVTT subtitles, English and German"),
            ("smooth/demo.ism/Manifest", "Smooth Streaming"),
        ],
    ),
    (
        "Live",
        &[
            ("live/hls/master.m3u8", "HLS: fragmented MP4, audio apart"),
            ("live/ts/master.m3u8", "HLS: MPEG-TS; its clock goes on over the loops"),
            ("live/dash/manifest.mpd", "DASH: SegmentTemplate with $Number$"),
            ("live/dash/timeline.mpd", "DASH: SegmentTimeline with $Time$, new every four seconds"),
            (
                "live/smooth/demo.isml/Manifest",
                "Smooth Streaming, fragments announce the next ones",
            ),
        ],
    ),
    (
        "Live with low latency",
        &[
            (
                "ll/hls/master.m3u8",
                "HLS: parts of half a second, blocking reload, preload hints, rendition reports, \
                 delta updates",
            ),
            (
                "ll/dash/manifest.mpd",
                "DASH: each segment is sent in chunks of half a second while it is made",
            ),
        ],
    ),
    (
        "Beside the streams",
        &[
            ("time", "the wall clock, for DASH players (http-iso)"),
            ("aes/key", "the key of the encrypted segments"),
            ("steering/manifest.json", "the steering manifest; the pathways take turns"),
            ("subtitles/en.m3u8", "subtitles in segments, English"),
            ("subtitles/de.m3u8", "subtitles in segments, German"),
            ("subtitles/en.vtt", "subtitles in one file, English"),
            ("subtitles/de.vtt", "subtitles in one file, German"),
        ],
    ),
    (
        "Segments, to be requested by number",
        &[
            (
                "media/v1/seg-1.m4s",
                "segments 1 to 150; live ones are under live/media/, and in parts under ll/media/",
            ),
            (
                "media/v1/time-360000.m4s",
                "the same by time, in ticks of 90 kHz; audio in ticks of 48 kHz",
            ),
            ("ts/v1/seg-1.ts", "segments 1 to 150 of MPEG-TS; live ones are under live/ts/"),
            ("aes/v1/seg-1.ts", "encrypted segments 1 to 150"),
            ("subtitles/en/seg-1.vtt", "subtitles of segments 1 to 150"),
            (
                "smooth/demo.ism/QualityLevels(235000)/Fragments(video=0)",
                "Smooth fragments by bitrate and time",
            ),
        ],
    ),
];

/// The page; its links are relative, so they work under a proxy's prefix.
pub(super) fn index() -> String {
    let mut body = String::new();
    for (title, lines) in SECTIONS {
        section(&mut body, title, |rows| {
            lines.iter().for_each(|(address, meaning)| row(rows, address, meaning));
        });
    }
    section(&mut body, "Without segments: audio and video in one stream", |rows| {
        for (rung, _) in rungs() {
            let (name, what) = (rung.name, describe(rung));
            let stream = format!("{what}: endless MPEG-TS, live");
            row(rows, &format!("live/stream/{name}.ts"), &stream);
            let file = format!("{what}: MP4, ten minutes");
            row(rows, &format!("progressive/{name}.mp4"), &file);
        }
    });
    section(&mut body, "Renditions, each by itself", |rows| {
        RENDITIONS.iter().for_each(|rendition| renditions(rows, rendition));
    });
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <title>vsps test origin</title>\n<h1>vsps test origin</h1>\n\
         <p>H.264 and AAC in four-second segments, padded to their declared bitrates: one loop in \
         every form.</p>\n{body}</html>\n"
    )
}

fn renditions(rows: &mut String, rendition: &Rendition) {
    let (name, what) = (rendition.name, describe(rendition));
    row(rows, &format!("hls/{name}.m3u8"), &format!("{what}: playlist on demand"));
    row(rows, &format!("live/hls/{name}.m3u8"), &format!("{what}: live playlist"));
    row(rows, &format!("ll/hls/{name}.m3u8"), &format!("{what}: playlist with low latency"));
    row(rows, &format!("media/{name}/init.mp4"), &format!("{what}: initialization"));
    row(rows, &format!("media/{name}.mp4"), &format!("{what}: all segments in one file"));
}

fn describe(rendition: &Rendition) -> String {
    let kilobits = rendition.bits_per_second / 1000;
    match rendition.picture {
        Some((width, height)) => format!("{width}x{height} at {kilobits} kbit/s"),
        None => format!("audio at {kilobits} kbit/s"),
    }
}

fn section(body: &mut String, title: &str, rows: impl FnOnce(&mut String)) {
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(body, "<h2>{title}</h2>\n<table>");
    rows(body);
    body.push_str("</table>\n");
}

fn row(rows: &mut String, address: &str, meaning: &str) {
    let _ = writeln!(rows, "<tr><td><a href=\"{address}\">{address}</a><td>{meaning}");
}

#[cfg(test)]
mod tests {
    use super::super::address::Address;
    use super::*;

    #[test]
    fn every_link_leads_somewhere() {
        let page = index();
        let links: Vec<_> = page
            .split("href=\"")
            .skip(1)
            .filter_map(|rest| rest.split_once('"').map(|(link, _)| link))
            .collect();
        let fixed: usize = SECTIONS.iter().map(|(_, lines)| lines.len()).sum();
        assert_eq!(links.len(), fixed + 2 * 6 + 5 * RENDITIONS.len());
        for link in links {
            assert!(Address::parse(&format!("/demo/{link}")).is_some(), "{link}");
        }
    }
}

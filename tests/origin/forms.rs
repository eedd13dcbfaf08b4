//! Each form of the built-in stream, compared with the bytes that it serves.

use http::header::{CONTENT_LENGTH, CONTENT_TYPE, RANGE};
use http::{Method, StatusCode};
use hyper::body::Bytes;

use crate::{NEWEST, NOW, ask, ask_at, get, text};

fn body(path: &str) -> Bytes {
    let response = get(path);
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    response.into_body()
}

fn read(path: &str) -> String {
    String::from_utf8(body(path).to_vec()).unwrap()
}

fn range(path: &str, extent: &str) -> Bytes {
    let response = ask(Method::GET, path, &[(RANGE, &format!("bytes={extent}"))]);
    assert_eq!(response.status(), StatusCode::PARTIAL_CONTENT, "{path} {extent}");
    response.into_body()
}

#[test]
fn every_form_has_its_type() {
    for (path, content_type) in [
        ("/demo/ts/v1/seg-1.ts", "video/mp2t"),
        ("/demo/aes/v1/seg-1.ts", "video/mp2t"),
        ("/demo/aes/key", "application/octet-stream"),
        ("/demo/ll/hls/v1.m3u8", "application/vnd.apple.mpegurl"),
        ("/demo/dash/base.mpd", "application/dash+xml"),
        ("/demo/subtitles/en/seg-1.vtt", "text/vtt; charset=utf-8"),
        ("/demo/subtitles/de.vtt", "text/vtt; charset=utf-8"),
        ("/demo/steering/manifest.json", "application/json"),
        ("/demo/smooth/demo.ism/Manifest", "text/xml; charset=utf-8"),
        ("/demo/smooth/demo.ism/QualityLevels(128000)/Fragments(audio=0)", "audio/mp4"),
        ("/demo/live/smooth/demo.isml/Manifest", "text/xml; charset=utf-8"),
        ("/demo/media/v1.mp4", "video/mp4"),
        ("/demo/progressive/v1.mp4", "video/mp4"),
        ("/demo/live/stream/v1.ts", "video/mp2t"),
    ] {
        let head = ask(Method::HEAD, path, &[]);
        assert_eq!(head.status(), StatusCode::OK, "{path}");
        assert_eq!(text(head.headers(), CONTENT_TYPE), content_type, "{path}");
    }
}

/// Each link of the page can be fetched, except those of its own lists.
#[test]
fn everything_the_page_lists_is_there() {
    let page = read("/demo/");
    let links = page.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    let mut count = 0;
    for link in links {
        let path = format!("/demo/{link}");
        assert_eq!(ask(Method::HEAD, &path, &[]).status(), StatusCode::OK, "{path}");
        count += 1;
    }
    assert!(count > 70, "{count}");
}

/// The segments of a file equal those with their own addresses, at the ranges in the playlist.
#[test]
fn ranges_of_a_file_are_its_segments() {
    for name in ["v1", "a1"] {
        let playlist = read(&format!("/demo/range/{name}.m3u8"));
        let ranges: Vec<_> = playlist
            .lines()
            .filter_map(|line| line.strip_prefix("#EXT-X-BYTERANGE:")?.split_once('@'))
            .map(|(length, start)| (start.parse::<u64>().unwrap(), length.parse::<u64>().unwrap()))
            .collect();
        assert_eq!(ranges.len(), 150);
        let file = format!("/demo/media/{name}.mp4");
        for number in [1, 2, 75, 150] {
            let (start, length) = ranges[number - 1];
            let part = range(&file, &format!("{start}-{}", start + length - 1));
            let segment = body(&format!("/demo/media/{name}/seg-{number}.m4s"));
            assert!(part == segment, "{name} {number}: {} {}", part.len(), segment.len());
        }
        let (start, length) = ranges[149];
        let head = ask(Method::HEAD, &file, &[]);
        assert_eq!(text(head.headers(), CONTENT_LENGTH), (start + length).to_string());
        // Across the joint of two segments, and in the middle of one.
        let (second, _) = ranges[1];
        let across = range(&file, &format!("{}-{}", second - 5, second + 4));
        let first = body(&format!("/demo/media/{name}/seg-1.m4s"));
        assert_eq!(across[..5], first[first.len() - 5..]);
        assert_eq!(&across[9..], &body(&format!("/demo/media/{name}/seg-2.m4s"))[4..5]);
    }
}

/// The index has the sizes and durations of the segments.
#[test]
fn the_index_of_a_file_adds_up() {
    let file = "/demo/media/v2.mp4";
    let init = body("/demo/media/v2/init.mp4").len();
    let index = range(file, &format!("{init}-{}", init + 32 + 12 * 150 - 1));
    assert_eq!(&index[4..8], b"sidx");
    let word = |at: usize| u64::from(u32::from_be_bytes(index[at..at + 4].try_into().unwrap()));
    assert_eq!(word(28) & 0xffff, 150);
    let sizes: u64 = (0..150).map(|at| word(32 + 12 * at)).sum();
    let ticks: u64 = (0..150).map(|at| word(36 + 12 * at)).sum();
    let whole = ask(Method::HEAD, file, &[]);
    let length: u64 = text(whole.headers(), CONTENT_LENGTH).parse().unwrap();
    assert_eq!((init + index.len()) as u64 + sizes, length);
    assert_eq!(ticks, 600 * 90_000);
}

/// Whatever segment comes after whatever segment before it, also over the loop and live: whole packets,
/// counters and times that continue.
#[test]
fn transport_streams_are_continuous() {
    let vod = (1..=8).map(|number| format!("/demo/ts/v1/seg-{number}.ts")).collect();
    let live = (NEWEST - 8..=NEWEST).map(|n| format!("/demo/live/ts/v6/seg-{n}.ts")).collect();
    for segments in [vod, live] as [Vec<String>; 2] {
        let mut counters = [None; 8192];
        let mut clock = None;
        let mut packets = 0;
        for segment in &segments {
            let bytes = body(segment);
            assert_eq!(bytes.len() % 188, 0);
            for packet in bytes.chunks(188) {
                assert_eq!(packet[0], 0x47);
                let pid = usize::from(packet[1] & 0x1f) << 8 | usize::from(packet[2]);
                if pid == 0x1fff {
                    continue;
                }
                packets += 1;
                let counter = packet[3] & 15;
                if let Some(last) = counters[pid].replace(counter) {
                    assert_eq!((last + 1) % 16, counter, "{segment}, PID {pid}");
                }
                if packet[3] & 0x20 != 0 && packet[4] > 0 && packet[5] & 0x10 != 0 {
                    let word = u32::from_be_bytes(packet[6..10].try_into().unwrap());
                    let now = u64::from(word) << 1 | u64::from(packet[10] >> 7);
                    if let Some(last) = clock.replace(now) {
                        assert_eq!((now + (1 << 33) - last) % (1 << 33), 3000, "{segment}");
                    }
                }
            }
        }
        assert!(packets > 1000);
    }
}

/// A segment of MPEG-TS is as large as its two renditions, to within a packet.
#[test]
fn transport_segments_have_their_declared_weight() {
    for (name, number) in [("v1", 1), ("v1", 2), ("v6", 9)] {
        let stream = body(&format!("/demo/ts/{name}/seg-{number}.ts")).len();
        let apart = body(&format!("/demo/media/{name}/seg-{number}.m4s")).len()
            + body(&format!("/demo/media/a1/seg-{number}.m4s")).len();
        assert_eq!(stream, apart / 188 * 188);
    }
}

/// A range of an encrypted segment has the bytes of the whole.
#[test]
fn encrypted_segments_have_ranges() {
    let whole = body("/demo/aes/v2/seg-3.ts");
    assert_eq!(whole.len() % 16, 0);
    assert_eq!(range("/demo/aes/v2/seg-3.ts", "70000-70099"), whole[70_000..70_100]);
    assert_eq!(range("/demo/aes/v2/seg-3.ts", "-16"), whole[whole.len() - 16..]);
    assert_eq!(body("/demo/aes/key").len(), 16);
}

/// The parts of a live segment are the segment.
#[test]
fn parts_make_up_their_segment() {
    for name in ["v3", "a1"] {
        let whole = body(&format!("/demo/ll/media/{name}/seg-{NEWEST}.m4s"));
        let parts =
            (0..8).map(|part| body(&format!("/demo/ll/media/{name}/seg-{NEWEST}.{part}.m4s")));
        assert!(parts.collect::<Vec<_>>().concat() == whole, "{name}");
    }
}

/// Each segment and part in a low-latency playlist can be fetched at that time.
#[test]
fn everything_a_low_latency_playlist_lists_is_there() {
    for millis in (0..8_000).step_by(900) {
        let now = NOW + std::time::Duration::from_millis(millis);
        let playlist = ask_at(now, Method::GET, "/demo/ll/hls/v2.m3u8", &[]);
        let playlist = String::from_utf8(playlist.body().to_vec()).unwrap();
        let parts = playlist.lines().filter_map(|line| {
            line.strip_prefix("#EXT-X-PART:")?.split_once("URI=\"../")?.1.split('"').next()
        });
        let segments = playlist.lines().filter_map(|line| line.strip_prefix("../"));
        let mut count = 0;
        for address in parts.chain(segments) {
            let path = format!("/demo/ll/{address}");
            assert_eq!(ask_at(now, Method::HEAD, &path, &[]).status(), StatusCode::OK, "{path}");
            count += 1;
        }
        assert!(count >= 12 + 24, "{count}");
    }
}

/// A live timeline and a live Smooth manifest list segments that exist.
#[test]
fn live_lists_by_time_are_there() {
    let manifest = read("/demo/live/dash/timeline.mpd");
    let start = manifest.split("<S t=\"").nth(1).unwrap().split('"').next().unwrap();
    let first: u64 = start.parse().unwrap();
    for at in [0, 11] {
        let path = format!("/demo/live/media/v1/time-{}.m4s", first + at * 360_000);
        assert_eq!(body(&path), body(&format!("/demo/live/media/v1/seg-{}.m4s", NEWEST - 11 + at)));
    }
    let manifest = read("/demo/live/smooth/demo.isml/Manifest");
    let mut starts = manifest.split("<c t=\"").skip(1);
    for (level, kind) in [("235000", "video"), ("128000", "audio")] {
        let start = starts.next().unwrap().split('"').next().unwrap();
        let path =
            format!("/demo/live/smooth/demo.isml/QualityLevels({level})/Fragments({kind}={start})");
        assert!(body(&path).len() > 10_000, "{path}");
    }
}

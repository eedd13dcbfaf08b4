//! Long playlists, repeated names, and names with several spellings.

#![allow(clippy::unwrap_used, reason = "a test whose manifest cannot be read has failed")]

use std::fmt::Write as _;
use url::Url;
use vsps::media::{Kind, Ladder, ManifestFormat, Resource};

fn learn(ladder: &mut Ladder, url: &str, body: &str) {
    let _ = try_learn(ladder, url, body).unwrap();
}

fn try_learn(ladder: &mut Ladder, url: &str, body: &str) -> Result<Kind, String> {
    let url = Url::parse(url).unwrap();
    let kind = ladder.learn(&url, ManifestFormat::Hls, body.as_bytes());
    kind.map_err(|error| error.to_string())
}

fn found(ladder: &Ladder, url: &str) -> Resource {
    ladder.resolve(url, None)
}

fn playlist(first: u64, names: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let mut text = format!("#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:{first}\n");
    for name in names {
        let _ = write!(text, "#EXTINF:4,\n{}\n", name.as_ref());
    }
    text
}

#[test]
fn playlists_of_a_hundred_thousand_segments() {
    let mut ladder = Ladder::default();
    let names = (1..=100_000).map(|n| format!("https://cdn-a.example/v/{n}.ts"));
    learn(&mut ladder, "https://o/long.m3u8", &(playlist(1, names) + "#EXT-X-ENDLIST\n"));
    for n in [1, 32_768, 33_000, 100_000] {
        let found = found(&ladder, &format!("https://cdn-a.example/v/{n}.ts"));
        assert_eq!((found.index, found.number), (Some(n), Some(n)));
        assert_eq!(found.time.unwrap().since_zero().as_secs(), 4 * (n - 1));
    }
}

#[test]
fn a_key_for_each_segment() {
    let mut text = playlist(0, [""; 0]);
    for n in 1..=17_000 {
        let _ = write!(
            text,
            "#EXT-X-KEY:METHOD=AES-128,URI=\"https://k.example/{n}\"\n#EXTINF:4,\n{n}.ts\n"
        );
    }
    let mut ladder = Ladder::default();
    learn(&mut ladder, "https://o/keys.m3u8", &text);
    assert_eq!(found(&ladder, "https://o/17000.ts").index, Some(17_000));
    assert_eq!(found(&ladder, "https://k.example/17000").kind, Kind::Key);
}

/// What is longer still is known as far as it goes: from its start if it is over, or else at its live edge.
#[test]
fn what_is_too_long_is_known_in_part() {
    let names = || (0..110_000).map(|n| format!("{n}.ts"));
    let url = "https://o/v.m3u8";
    let mut ladder = Ladder::default();
    let error =
        try_learn(&mut ladder, url, &(playlist(0, names()) + "#EXT-X-ENDLIST\n")).unwrap_err();
    assert_eq!(error, "HLS manifest, line 200005: more than 100000 segments");
    assert_eq!(found(&ladder, "https://o/99999.ts").number, Some(99_999));
    assert_eq!(found(&ladder, "https://o/109999.ts").number, None);
    let mut ladder = Ladder::default();
    try_learn(&mut ladder, url, &playlist(0, names())).unwrap_err();
    let newest = found(&ladder, "https://o/109999.ts");
    assert_eq!((newest.number, newest.behind_live), (Some(109_999), Some(0)));
    assert_eq!(found(&ladder, "https://o/9999.ts").number, None);
    // The window slides on.
    let names = (1..110_001).map(|n| format!("{n}.ts"));
    try_learn(&mut ladder, url, &playlist(1, names)).unwrap_err();
    assert_eq!(found(&ladder, "https://o/110000.ts").number, Some(110_000));
    assert_eq!(found(&ladder, "https://o/109999.ts").behind_live, Some(1));
}

/// Where a number cannot be read, the position in the list is used.
#[test]
fn numbers_that_cannot_be_read() {
    for number in ["-11", "", "x", "99999999999999999999"] {
        let text =
            playlist(0, ["1.ts", "2.ts"]).replace("SEQUENCE:0", &format!("SEQUENCE:{number}"));
        let mut ladder = Ladder::default();
        assert!(try_learn(&mut ladder, "https://o/v.m3u8", &text).is_err(), "{number}");
        assert_eq!(found(&ladder, "https://o/2.ts").index, Some(2), "{number}");
    }
}

#[test]
fn more_renditions_than_are_read() {
    let mut text = "#EXTM3U\n".to_owned();
    for n in 1..=2000 {
        let _ = write!(text, "#EXT-X-STREAM-INF:BANDWIDTH={n}000\n{n}.m3u8\n");
    }
    let mut ladder = Ladder::default();
    assert!(try_learn(&mut ladder, "https://o/m.m3u8", &text).is_err());
    assert_eq!(found(&ladder, "https://o/1000.m3u8").rung, Some(1000));
}

#[test]
fn an_attribute_list_that_breaks_off() {
    let text = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000,CODECS=\"avc1\na.m3u8\n\
        #EXT-X-STREAM-INF:BANDWIDTH=2000\nb.m3u8\n";
    let mut ladder = Ladder::default();
    assert!(try_learn(&mut ladder, "https://o/m.m3u8", text).is_err());
    assert_eq!(found(&ladder, "https://o/a.m3u8").rung, Some(1));
    assert_eq!(found(&ladder, "https://o/b.m3u8").rung, Some(2));
}

#[test]
fn numbers_that_wrap() {
    for (wrap, window) in [(8, 4), (4, 4), (5, 4), (3, 3), (20, 6)] {
        let mut ladder = Ladder::default();
        learn(
            &mut ladder,
            "https://o/m.m3u8",
            "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000\nv.m3u8\n",
        );
        for n in 0..80_u64 {
            let names = (n..n + window).map(|n| format!("seg{}.ts", n % wrap));
            learn(&mut ladder, "https://o/v.m3u8", &playlist(n, names));
            for number in n..n + window {
                let found = found(&ladder, &format!("https://o/seg{}.ts", number % wrap));
                assert_eq!(
                    (found.number, found.rung),
                    (Some(number), Some(1)),
                    "{wrap} {window} {n}"
                );
                assert_eq!(found.behind_live, Some(n + window - 1 - number));
            }
        }
    }
}

/// One file in ranges, written over again and again.
#[test]
fn ranges_that_recur() {
    let mut ladder = Ladder::default();
    for n in 0..60_u64 {
        let segments = (n..n + 3).map(|n| format!("#EXT-X-BYTERANGE:100@{}\nf.ts", n % 5 * 100));
        learn(&mut ladder, "https://o/v.m3u8", &playlist(n, segments));
        for number in n..n + 3 {
            let found = ladder.resolve("https://o/f.ts", Some(number % 5 * 100));
            assert_eq!(found.number, Some(number), "{n}");
        }
    }
}

/// A slate fills the breaks: its newest place is known as long as it is in the window.
#[test]
fn a_slate_that_recurs() {
    let mut ladder = Ladder::default();
    let name = |n: u64| if n % 7 < 2 { "slate.ts".to_owned() } else { format!("{n}.ts") };
    for n in 0..80_u64 {
        learn(&mut ladder, "https://o/v.m3u8", &playlist(n, (n..n + 9).map(name)));
        let newest = (n..n + 9).filter(|n| n % 7 < 2).max();
        assert_eq!(found(&ladder, "https://o/slate.ts").number, newest, "{n}");
    }
}

/// Two renditions share a file: it stays stored while one of them names it.
#[test]
fn a_file_of_two_renditions() {
    let mut ladder = Ladder::default();
    let name = |n: u64| if n == 3 { "slate.ts".to_owned() } else { format!("{n}.ts") };
    for n in 0..30_u64 {
        learn(&mut ladder, "https://o/a/v.m3u8", &playlist(n, (n..n + 5).map(name)));
        learn(&mut ladder, "https://o/b/v.m3u8", &playlist(0, ["../a/slate.ts", "x.ts"]));
        assert!(found(&ladder, "https://o/a/slate.ts").rendition.is_some(), "{n}");
    }
}

#[test]
fn parts_whose_names_recur() {
    let mut ladder = Ladder::default();
    for n in 0..40_u64 {
        let mut text = playlist(n, [format!("{n}.mp4"), format!("{}.mp4", n + 1)]);
        let _ = writeln!(text, "#EXT-X-PART:DURATION=1,URI=\"p{}.mp4\"", n % 4);
        learn(&mut ladder, "https://o/v.m3u8", &text);
        let part = found(&ladder, &format!("https://o/p{}.mp4", n % 4));
        assert_eq!((part.kind, part.number), (Kind::Part, Some(n + 2)));
    }
}

#[test]
fn however_it_is_percent_encoded() {
    let mut ladder = Ladder::default();
    let names = ["a|b.ts", "c[1].ts", "f%7E4.ts", "g%2fh.ts", "sp ace.ts", "%C3%a4.ts"];
    learn(&mut ladder, "https://o/v.m3u8", &playlist(1, names));
    for (index, spellings) in [
        (1, ["a|b", "a%7Cb", "a%7cb"]),
        (2, ["c[1]", "c%5B1%5D", "c%5b1%5d"]),
        (3, ["f~4", "f%7E4", "%66%7e4"]),
        (4, ["g%2Fh", "g%2fh", "g%2F%68"]),
        (5, ["sp%20ace", "sp%20%61ce", "s%70%20ace"]),
        (6, ["%C3%A4", "%c3%a4", "ä"]),
    ] {
        for spelling in spellings {
            assert_eq!(
                found(&ladder, &format!("https://o/{spelling}.ts")).index,
                Some(index),
                "{spelling}"
            );
        }
    }
    assert_eq!(found(&ladder, "https://o/g/h.ts").index, None);
}

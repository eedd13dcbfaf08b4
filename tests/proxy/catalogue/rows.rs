//! The table: for each built-in fault file, requests that it should apply to, requests that it should not, and
//! the results on the wire.

use super::{
    stage::{How, Step, chunks},
    stream::{LENGTH, Sent, body},
};
use crate::player::{End, Got, unchunked};
use How::{Cut, Late, Led, Like, Never, Silent, Slow, Stall, Status, Whole};
use Step::{Ask, At, SomeLate, Stay};

/// A fault's name, and its steps.
pub(super) type Row = (&'static str, &'static [Step]);

const HALF: usize = LENGTH / 2;

const fn whole(path: &'static str) -> Step {
    Ask(path, "", &[], Whole)
}

const fn hit(path: &'static str, effects: &'static [&'static str], how: How) -> Step {
    Ask(path, "", effects, how)
}

const fn failed(path: &'static str, status: u16) -> Step {
    hit(path, &["status"], Status(status, ""))
}

const MAIN: Step = whole("/hls/main.m3u8");
const V1: Step = whole("/hls/v1.m3u8");
const V3: Step = whole("/hls/v3.m3u8");

/// Requests for the first segments of one rung.
const S1: Step = whole("/hls/v1/10.m4s");
const S2: Step = whole("/hls/v1/11.m4s");
const S3: Step = whole("/hls/v1/12.m4s");
const S4: Step = whole("/hls/v1/13.m4s");
const S5: &str = "/hls/v1/14.m4s";
const S6: Step = whole("/hls/v1/15.m4s");

const RANGE: &str = "Range: bytes=100-199\r\n";

/// Reports of a player, which go to a collector at the origin.
const REPORTS: Step = whole("POST /cmcd");

pub(super) const ROWS: &[Row] = &[
    ("collector-204", &[
        REPORTS,
        At(11),
        hit("POST /cmcd", &["status"], Like(|got, _| assert_eq!(got.status(), 204))),
        S1,
        At(31),
        REPORTS,
    ]),
    ("collector-429", &[
        REPORTS,
        At(11),
        hit("POST /cmcd", &["status"], Status(429, "5")),
        S1,
        At(31),
        REPORTS,
    ]),
    ("collector-410", &[
        REPORTS,
        At(11),
        failed("POST /cmcd", 410),
        S1,
        At(60),
        failed("POST /-/cmcd", 410),
    ]),
    ("collector-503", &[
        REPORTS,
        At(11),
        failed("POST /cmcd", 503),
        S1,
        At(31),
        REPORTS,
    ]),
    ("collector-slow", &[
        S1,
        hit("POST /cmcd", &["delay"], Late(8)),
        S2,
    ]),
    ("collector-offline", &[
        REPORTS,
        At(11),
        hit("POST /cmcd", &["refuse"], Cut(0, 0, End::Reset)),
        S1,
        At(31),
        REPORTS,
    ]),
    ("collector-redirect", &[
        S1,
        hit("POST /cmcd", &["redirect"], Like(|got, _| {
            assert_eq!(got.status(), 307);
            assert!(got.header("location").contains("/cmcd"), "{}", got.header("location"));
        })),
        S2,
    ]),
    ("stuck-playlist", &[
        MAIN, V1, V1,
        hit("/hls/v1.m3u8", &["freeze"], Whole),
        hit("/hls/v1.m3u8", &["freeze"], Like(|got, _| says(got, "SEQUENCE:12"))),
        S6,
        At(10),
        hit("/hls/v1.m3u8", &["freeze"], Like(|got, _| says(got, "SEQUENCE:12"))),
        At(40),
        V1,
    ]),
    ("stuck-rendition", &[
        MAIN, V1, V3,
        hit("/hls/v3.m3u8", &["freeze"], Whole),
        hit("/hls/v3.m3u8", &["freeze"], Like(|got, _| says(got, "SEQUENCE:11"))),
        V1, V1,
        At(40),
        V3,
    ]),
    ("playlist-goes-back", &[
        MAIN, V1, V1, V1,
        hit("/hls/v1.m3u8", &["go-back"], Like(|got, _| says(got, "SEQUENCE:10"))),
        V1,
        hit("/hls/v1.m3u8", &["go-back"], Like(|got, _| says(got, "SEQUENCE:12"))),
        S6,
    ]),
    ("early-end", &[
        MAIN, V1, V1, V1, V1, MAIN,
        hit("/hls/v1.m3u8", &["endlist"], Like(|got, sent| {
            assert_eq!(got.text(), format!("{}#EXT-X-ENDLIST\n", text(sent)));
        })),
    ]),
    ("empty-playlist", &[
        MAIN, V1, V1,
        hit("/hls/v1.m3u8", &["empty"], Cut(0, 0, End::Fin)),
        MAIN,
        hit("/hls/v3.m3u8", &["empty"], Like(|got, _| {
            assert_eq!((got.status(), got.header("content-length"), got.text()), (200, "0", ""));
        })),
        V1, V3,
    ]),
    ("half-playlist", &[
        MAIN, V1, V1,
        hit("/hls/v1.m3u8", &["truncate"], Like(half)),
        hit("/hls/v1.m3u8", &["truncate"], Like(half)),
        V1,
    ]),
    ("captive-portal", &[
        MAIN, V1, S1,
        At(11),
        hit("/hls/v1.m3u8", &["body"], Like(portal)),
        hit("/hls/v1/11.m4s", &["body"], Like(portal)),
        At(31),
        S2,
    ]),
    ("playlist-outage", &[
        MAIN, V1,
        At(51),
        failed("/hls/v1.m3u8", 503), MAIN, S1,
        At(61),
        V1,
    ]),
    ("slow-playlist", &[
        hit("/hls/main.m3u8", &["delay"], Late(6)),
        hit("/hls/v1.m3u8", &["delay"], Late(6)),
        S1,
    ]),
    ("wrong-discontinuities", &[
        MAIN, V1,
        hit("/hls/v3.m3u8", &["discontinuity"], Like(|got, sent| {
            marked(got, sent, "#EXT-X-DISCONTINUITY\n");
        })),
    ]),
    ("gap", &[
        MAIN,
        hit("/hls/v1.m3u8", &["gap"], Like(|got, sent| marked(got, sent, "#EXT-X-GAP\n"))),
        S6,
    ]),
    ("rung-lags", &[
        MAIN, V1,
        hit("/hls/v3.m3u8", &["lag"], Like(|got, sent| {
            assert!(text(sent).starts_with(got.text()) && got.text().ends_with("v3/18.m4s\n"));
        })),
        whole("/hls/v2.m3u8"),
    ]),
    ("stale-mpd", &[
        hit("/dash/main.mpd", &["publish-time"], Whole),
        hit("/dash/main.mpd", &["publish-time"], Like(|got, sent| {
            assert_eq!(got.text(), text(sent).replace("00:00:01Z", "00:00:00Z"));
            assert_ne!(got.text(), text(sent));
        })),
        whole("/dash/v1/11.m4s"), MAIN,
    ]),
    ("clock-skew", &[
        hit("/dash/main.mpd", &["utc-timing", "2 date-skew"], Like(|got, sent| {
            let clock = |time| format!("value=\"2026-01-01T00:00:{time}Z\"");
            assert_eq!(got.text(), text(sent).replace(&clock("00"), &clock("30.000")));
            assert_ne!(got.text(), text(sent));
            assert_eq!(got.header("date"), "Thu, 01 Jan 2026 00:00:30 GMT");
        })),
        hit("/time", &["2 date-skew"], Like(|got, _| {
            assert!(got.text().starts_with("2026-01-01T00:00:30"), "{}", got.text());
            assert_eq!(got.header("date"), "Thu, 01 Jan 2026 00:00:30 GMT");
        })),
    ]),
    ("segment-404", &[
        MAIN, V1, V3, S4, failed(S5, 404), failed(S5, 404), failed("/hls/v3/14.m4s", 404), S6,
    ]),
    ("live-edge-404", &[
        MAIN, V1,
        whole("/hls/v1/20.m4s"),
        failed("/hls/v1/21.m4s", 404), failed("/hls/v1/21.m4s", 404), whole("/hls/v1/21.m4s"),
    ]),
    ("behind-the-window", &[
        MAIN, V1,
        failed("/hls/v1/10.m4s", 404), failed("/hls/v1/11.m4s", 404), S3,
        whole("/hls/v1/21.m4s"),
    ]),
    ("token-expires", &[
        MAIN, V1, S1,
        At(31),
        failed("/hls/main.m3u8", 403), failed("/hls/v1.m3u8", 403), failed("/hls/v1/11.m4s", 403),
        failed("/hls/v1/init.mp4", 403), failed("/hls/v1/k1.key", 403),
        whole("/time"),
    ]),
    ("retry-after", &[
        MAIN, V1, S1,
        At(21),
        hit("/hls/v1/11.m4s", &["status"], Status(503, "5")), V1,
        At(26),
        S2,
    ]),
    ("retry-storm", &[
        MAIN, V1, S4, failed(S5, 500), failed(S5, 500), failed(S5, 500), S6,
    ]),
    ("redirects", &[
        MAIN, V1, S1, S2, S3, hit("/hls/v1/13.m4s", &["redirect"], Led(5)), S1,
    ]),
    ("cors", &[
        MAIN, V1,
        Ask("/hls/v1/10.m4s", "", &[], Like(|got, _| assert_eq!(got.header(CORS), "http://p"))),
        At(11),
        hit("/hls/v1/11.m4s", &["cors"], Like(|got, sent| {
            assert!(got.all(CORS).is_empty() && got.body == sent.body, "{}", got.head);
        })),
        Ask("/hls/v1.m3u8", "", &[], Like(|got, _| assert_eq!(got.header(CORS), "http://p"))),
        At(21),
        Ask("/hls/v1/12.m4s", "", &[], Like(|got, _| assert_eq!(got.header(CORS), "http://p"))),
    ]),
    ("wrong-content-type", &[
        hit("/hls/main.m3u8", &["headers"], Like(|got, sent| {
            assert!(got.all("content-type") == ["text/plain"] && got.body == sent.body);
        })),
        Ask("/hls/v1/10.m4s", "", &[], Like(|got, _| {
            assert_eq!(got.header("content-type"), "video/mp4");
        })),
    ]),
    ("premature-end", &[
        MAIN, V1, S1, S2, S3, S4, hit(S5, &["truncate"], Cut(HALF, LENGTH, End::Fin)), S6,
    ]),
    ("short-body", &[
        MAIN, V1, S1, S2, S3, S4, hit(S5, &["truncate"], Cut(HALF, HALF, End::Fin)), S6,
    ]),
    ("reset", &[
        MAIN, V1, S1, S2, S3, S4, hit(S5, &["reset"], Cut(HALF, LENGTH, End::Reset)), S6,
    ]),
    ("not-http", &[
        MAIN, V1, S1, S2, S3, S4,
        hit(S5, &["refuse"], Like(|got, _| {
            assert_eq!((got.head.as_str(), got.body.len(), got.end), ("", 256, End::Fin));
            assert!(!got.body.starts_with(b"HTTP"));
        })),
        S6,
    ]),
    ("bad-chunk", &[
        MAIN, V1, S1, S2, S3, S4,
        hit(S5, &["bad-chunk"], Like(|got, sent| {
            assert_eq!(got.header("transfer-encoding"), "chunked", "{}", got.head);
            assert!(got.all("content-length").is_empty() && got.end == End::Fin);
            let good = got.body.strip_suffix(b"not-a-chunk-size\r\n").unwrap();
            let (body, ended) = unchunked(good);
            assert!(!ended && body == sent.body[..HALF], "{} B", body.len());
        })),
        S6,
    ]),
    ("no-length", &[
        MAIN, V1,
        hit(S5, &["framing"], Like(|got, sent| {
            assert!(got.head.starts_with("HTTP/1.1 200 "), "{}", got.head);
            assert!(got.all("content-length").is_empty(), "{}", got.head);
            assert!(got.all("transfer-encoding").is_empty(), "{}", got.head);
            assert!(got.body == sent.body && got.end == End::Fin);
        })),
        V1,
    ]),
    ("no-answer", &[
        MAIN, V1, S1, S2, S3, S4, hit(S5, &["hang"], Never(100, false)), S6,
    ]),
    ("stall-and-go-on", &[
        MAIN, V1, S1, S2, S3, S4, hit(S5, &["stall"], Stall(HALF, 8)), S6,
    ]),
    ("drip", &[
        MAIN, V1, S1, S2, S3, S4, hit(S5, &["drip"], Slow(LENGTH - 1)), S6,
    ]),
    ("offline", &[
        MAIN, V1, S1,
        At(31),
        hit("/hls/v1.m3u8", &["refuse"], Cut(0, 0, End::Reset)),
        hit("/hls/v1/11.m4s", &["refuse"], Cut(0, 0, End::Reset)),
        At(41),
        S2,
    ]),
    ("dns-failure", &[
        MAIN, V1,
        At(21),
        hit("/hls/v1.m3u8", &["host"], Like(|got, _| {
            let uris = got.text().lines().filter(|line| !line.starts_with('#'));
            assert_eq!(uris.filter(|uri| uri.contains("/nowhere.invalid/v1/")).count(), 12);
        })),
        MAIN, S6,
        At(41),
        V1,
    ]),
    ("connection-refused", &[
        Stay("/hls/main.m3u8", false, &[], Whole),
        At(31),
        Stay("/hls/v1.m3u8", true, &[], Whole),
        hit("/hls/v1.m3u8", &["refuse"], Cut(0, 0, End::Reset)),
        At(41),
        V1,
    ]),
    ("deep-drop", &[
        MAIN, V1, S1,
        At(21),
        hit("/hls/v1/11.m4s", &["rate"], Slow(LENGTH - 1)), V1,
        At(31),
        S3,
    ]),
    ("bandwidth-lie", &[MAIN, V1, S1, hit("/hls/v1/11.m4s", &["rate"], Slow(LENGTH - 1)), S3]),
    ("corrupt", &[
        MAIN, V1, S1, S2, S3, S4,
        hit(S5, &["corrupt"], Like(|got, sent| {
            let wrong: Vec<_> =
                got.body.iter().zip(&sent.body).map(|(a, b)| (a ^ b).count_ones()).collect();
            assert_eq!((got.status(), got.body.len()), (200, LENGTH));
            assert!(wrong.iter().all(|bits| *bits <= 1), "one bit of a byte");
            assert!((50..200).contains(&wrong.iter().sum::<u32>()), "about one byte in a thousand");
        })),
        S6,
    ]),
    ("empty-segment", &[
        MAIN, V1, S1, S2, S3, S4,
        hit(S5, &["body"], Like(|got, _| {
            assert_eq!((got.status(), got.header("content-length"), got.text()), (200, "0", ""));
        })),
        S6,
    ]),
    ("wrong-segment", &[
        MAIN, V1, S1, S2, S3, S4,
        hit(S5, &["body"], Like(|got, _| {
            assert!(got.status() == 200 && got.body == body("/hls/v1/13.m4s"));
        })),
        S6,
    ]),
    ("init-404", &[
        MAIN, V1,
        failed("/hls/v1/init.mp4", 404), whole("/hls/v1/init.mp4"),
        failed("/hls/v3/init.mp4", 404), S1,
    ]),
    ("key", &[
        MAIN, V1,
        hit("/hls/v1/k1.key", &["delay"], Late(5)), S1,
        hit("/hls/v3/k1.key", &["2 body"], Like(|got, _| {
            assert_eq!((got.status(), got.header("content-length"), got.body.len()), (200, "15", 15));
        })),
        whole("/hls/v1/k1.key"),
    ]),
    ("range-ignored", &[
        S1,
        Ask("/hls/v1/11.m4s", RANGE, &["range"], Like(|got, sent| {
            assert!(got.status() == 200 && got.all("content-range").is_empty());
            assert!(got.body == sent.body && got.body.len() == LENGTH);
        })),
    ]),
    ("range-unsized", &[
        S1,
        Ask("/hls/v1/11.m4s", RANGE, &["range"], Like(|got, sent| {
            assert_eq!((got.status(), got.all("content-length").len()), (206, 0));
            assert!(chunks(got) == sent.body[100..200]);
        })),
    ]),
    ("slow-audio", &[
        MAIN, V1, whole("/hls/a1.m3u8"), S1,
        hit("/hls/a1/10.m4s", &["delay"], Late(3)), S2,
    ]),
    ("cdn-down", &[
        MAIN,
        hit("/hls/steering.dcsm", &["status"], Status(429, "30")),
        Ask("/hls/steered.m3u8", "", &[], Like(|got, _| says(got, "/-/o/http/cdn-b.invalid/v1.m3u8"))),
        V1,
        hit("/-/o/http/cdn-b.invalid/v1.m3u8", &["2 status"], Status(503, "")),
    ]),
    ("reload-late", &[
        whole("/ll/main.m3u8"),
        whole("/ll/v1.m3u8?_HLS_msn=22"), whole("/ll/v1.m3u8?_HLS_msn=23"),
        whole("/ll/v1.m3u8?_HLS_msn=24"), whole("/ll/v1.m3u8?_HLS_msn=25"), whole("/ll/v1.m3u8"),
        hit("/ll/v1.m3u8?_HLS_msn=26", &["delay"], Late(12)), whole("/ll/v1.m3u8?_HLS_msn=27"),
    ]),
    ("hint-never-comes", &[
        whole("/ll/main.m3u8"), whole("/ll/v1.m3u8"),
        whole("/ll/v1/22.0.m4s"), whole("/ll/v1/22.1.m4s"), whole("/ll/v1/22.2.m4s"),
        whole("/ll/v1.m3u8"), whole("/ll/v1/21.m4s"),
        whole("/ll/v1/23.0.m4s"), whole("/ll/v1/23.1.m4s"), whole("/ll/v1/23.2.m4s"),
        whole("/ll/v1.m3u8"),
        whole("/ll/v1/24.0.m4s"), whole("/ll/v1/24.1.m4s"), whole("/ll/v1/24.2.m4s"),
        hit("/ll/v1/24.3.m4s", &["silence"], Silent(HALF)), whole("/ll/v1/24.0.m4s"),
    ]),
    ("wrong-report", &[
        MAIN, V1, whole("/ll/main.m3u8"),
        hit("/ll/v1.m3u8", &["rendition-report"], Like(|got, sent| {
            assert_eq!(got.text(), text(sent).replace("LAST-MSN=22", "LAST-MSN=19"));
            assert_ne!(got.text(), text(sent));
        })),
    ]),
    ("coalesced-chunks", &[
        MAIN, whole("/slow/main.m3u8"),
        hit("/slow/v1/10.m4s", &["coalesce"], Slow(0)),
        Ask("/slow/film.bin", "", &[], Stall(HALF, 2)),
    ]),
    ("cached-error", &[
        MAIN, V1, S4, failed(S5, 404),
        hit(S5, &["keep-errors"], Status(404, "")),
        S6,
        At(21),
        whole(S5),
    ]),
    ("ladder", &[
        V1,
        hit("/hls/main.m3u8", &["drop-rungs", "strip", "bandwidth"], Like(|got, sent| {
            assert!(text(sent).contains("CODECS") && text(sent).contains("v3"));
            assert!(!got.text().contains("CODECS") && !got.text().contains("v3"));
            for line in ["BANDWIDTH=500000,AUDIO=\"a\"\nv1", "BANDWIDTH=1000000,AUDIO=\"a\"\nv2"] {
                says(got, line);
            }
        })),
        S1,
        hit("/dash/main.mpd", &["drop-rungs", "strip", "bandwidth"], Like(|got, _| {
            assert!(!got.text().contains("codecs") && !got.text().contains("\"v3\""));
            says(got, "id=\"v2\" bandwidth=\"1000000\"");
        })),
    ]),
    ("wrong-durations", &[
        MAIN,
        hit("/hls/v1.m3u8", &["durations"], Like(|got, _| {
            assert_eq!(got.text().matches("#EXTINF:6.000,").count(), 12);
            // The second segment a tenth of a second late, the twelfth eleven tenths.
            says(got, "00:00:40.000Z\n#EXTINF:6.000,\nv1/10.m4s");
            says(got, "00:00:44.100Z\n#EXTINF:6.000,\nv1/11.m4s");
            says(got, "00:01:25.100Z\n#EXTINF:6.000,\nv1/21.m4s");
        })),
        S1,
    ]),
    ("licence", &[
        hit("POST /license", &["2 delay"], Late(5)),
        hit("POST /license", &["2 delay"], Late(5)),
        S1,
        hit("POST /license", &["2 delay", "status"], Like(|got, _| {
            assert_eq!(got.failure(), (500, "injected; rule"));
        })),
    ]),
    ("cold-cache", &[MAIN, V1, SomeLate(30), V1]),
    ("hand-over", &[
        MAIN, V1, whole("/slow/v1/10.m4s"),
        At(21),
        hit("/slow/v1/11.m4s", &["truncate"], Cut(HALF, LENGTH, End::Fin)), V1, S1,
        At(25),
        hit("/hls/v1/11.m4s", &["2 delay", "2 rate"], Slow(LENGTH - 1)),
    ]),
    ("delayAudio", &[
        MAIN, V1, whole("/hls/a1.m3u8"), S1, hit("/hls/a1/10.m4s", &["delay"], Late(2)), S2,
    ]),
    ("dropPacket", &[
        MAIN, V1, S1,
        At(31),
        hit("/hls/v1/11.m4s", &["hang"], Never(60, true)),
        hit("/hls/v1.m3u8", &["hang"], Never(60, true)),
    ]),
    ("segmentFailure", &[MAIN, V1, S1, S2, S3, S4, failed(S5, 404), S6, V1]),
    ("stuckPlaylist", &[
        MAIN, V1, V1,
        hit("/hls/v1.m3u8", &["freeze"], Whole),
        hit("/hls/v1.m3u8", &["freeze"], Like(|got, _| says(got, "SEQUENCE:12"))),
        S6,
        At(25),
        V1,
    ]),
];

const CORS: &str = "access-control-allow-origin";

fn text(sent: &Sent) -> &str {
    str::from_utf8(&sent.body).unwrap()
}

fn says(got: &Got, words: &str) {
    assert!(got.status() == 200 && got.text().contains(words), "no {words} in {}", got.text());
}

fn half(got: &Got, sent: &Sent) {
    assert_eq!((got.status(), got.text()), (200, &text(sent)[..sent.body.len() / 2]));
    assert_eq!(got.header("content-length"), got.body.len().to_string());
}

fn portal(got: &Got, _: &Sent) {
    assert_eq!((got.status(), got.header("content-type")), (200, "text/html; charset=utf-8"));
    says(got, "<html");
}

/// The tag is once in each segment whose number is a multiple of five, and nowhere else; all other lines are as
/// they were sent.
fn marked(got: &Got, sent: &Sent, mark: &str) {
    assert_eq!(got.text().replace(mark, ""), text(sent));
    let segments: Vec<_> = got.text().split_inclusive(".m4s\n").collect();
    assert_eq!(segments.len(), 12);
    for segment in segments {
        let number = segment.rsplit(['/', '.']).nth(1).unwrap();
        let expected = ["10", "15", "20"].contains(&number);
        assert_eq!(segment.matches(mark).count(), usize::from(expected), "{}", got.text());
    }
}

//! Edits of small manifests, and of hostile ones.

use super::*;
use crate::{
    media::ManifestFormat,
    units::{Ratio, SessionTime},
};
use bytes::Bytes;
use proptest::prelude::*;
use std::time::Duration;

const LIVE: &str = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:10\n\
    #EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00Z\n#EXTINF:4.0,\na10.ts\n#EXTINF:4.0,\na11.ts\n\
    #EXT-X-DISCONTINUITY\n#EXTINF:3.5,x\n/p/a12.ts\n#EXT-X-PART:DURATION=1.0,URI=\"a13.0.mp4\"\n\
    #EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"v/a13.1.mp4\"\n\
    #EXT-X-RENDITION-REPORT:URI=\"b.m3u8\",LAST-MSN=12,LAST-PART=0\n";

const MASTER: &str = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=300000,CODECS=\"avc1\",RESOLUTION=640x360\n\
    low.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=900000,CODECS=\"avc1,mp4a\"\nmid.m3u8\n\
    #EXT-X-STREAM-INF:BANDWIDTH=2000000\nhttps://a/high.m3u8\n\
    #EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"de\",URI=\"de.m3u8\"\n";

const MPD: &str = r#"<MPD type="dynamic" minimumUpdatePeriod='PT2S' publishTime="2026-01-01T00:00:10Z">
<UTCTiming schemeIdUri="urn:mpeg:dash:utc:direct:2014" value="2026-01-01T00:00:10Z"/>
<Period><AdaptationSet codecs="avc1" width="1280" height="720">
<SegmentTemplate timescale="1" media="$Time$.m4s"><SegmentTimeline><S t="0" d="4" r="2"/><S d="2"/></SegmentTimeline></SegmentTemplate>
<Representation id="1" bandwidth="300000"/><Representation id="2" bandwidth="900000" codecs="x"><A/></Representation>
</AdaptationSet></Period></MPD>"#;

fn at<'a>(url: &'a str, seconds: u64, format: ManifestFormat) -> Edition<'a> {
    Edition { url, format, now: SessionTime::from_secs(seconds) }
}

fn edited(edit: &ManifestEdit, format: ManifestFormat, text: &str) -> String {
    let bytes = Bytes::copy_from_slice(text.as_bytes());
    let memory = &mut EditMemory::default();
    let out = apply([("r", edit)].into_iter(), at("u", 0, format), bytes, memory).bytes;
    String::from_utf8(out.to_vec()).unwrap()
}

/// The lines removed (-) and added (+).
fn difference(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let mut start = 0;
    while start < old.len().min(new.len()) && old[start] == new[start] {
        start += 1;
    }
    let mut end = 0;
    while end < old.len().min(new.len()) - start
        && old[old.len() - 1 - end] == new[new.len() - 1 - end]
    {
        end += 1;
    }
    let gone = old[start..old.len() - end].iter().map(|line| format!("  - {line}"));
    let came = new[start..new.len() - end].iter().map(|line| format!("  + {line}"));
    gone.chain(came).collect::<Vec<_>>().join("\n")
}

fn every_edit() -> Vec<ManifestEdit> {
    let set = |text: &str| RungSet {
        lowest: text == "lowest",
        highest: text == "highest",
        ..RungSet::default()
    };
    vec![
        ManifestEdit::Lag(1),
        ManifestEdit::Lag(9),
        ManifestEdit::GoBack(1),
        ManifestEdit::EndList(EndList::Early),
        ManifestEdit::EndList(EndList::Bare),
        ManifestEdit::Truncate(Amount::Lines(2)),
        ManifestEdit::Discontinuity(Discontinuity::Drop),
        ManifestEdit::Discontinuity(Discontinuity::Insert(5)),
        ManifestEdit::Discontinuity(Discontinuity::Shift(2)),
        ManifestEdit::Gap(2),
        ManifestEdit::Durations(Durations {
            scale: Some(1.5),
            target: Some(Duration::from_secs(2)),
            date_shift: -1000,
            date_drift: 10,
        }),
        ManifestEdit::DropRungs(set("lowest")),
        ManifestEdit::DropRungs(set("highest")),
        ManifestEdit::DropRungs(RungSet { ranges: vec![(1, 9)], ..RungSet::default() }),
        ManifestEdit::Strip(["CODECS".into(), "RESOLUTION".into()].into()),
        ManifestEdit::Bandwidth(0.5),
        ManifestEdit::Resolution(1920, 1080),
        ManifestEdit::PublishTime,
        ManifestEdit::UtcTiming(Clocks::Missing),
        ManifestEdit::UtcTiming(Clocks::Unreachable),
        ManifestEdit::UtcTiming(Clocks::Shift(-30_000)),
        ManifestEdit::Host("x.invalid".into()),
        ManifestEdit::PreloadHint(Hint::Missing),
        ManifestEdit::PreloadHint(Hint::Wrong),
        ManifestEdit::RenditionReport(Report::Stale(2)),
        ManifestEdit::RenditionReport(Report::Missing),
    ]
}

#[test]
fn what_each_edit_does() {
    let mut story = String::new();
    let manifests = [
        ("live", ManifestFormat::Hls, LIVE),
        ("master", ManifestFormat::Hls, MASTER),
        ("mpd", ManifestFormat::Mpd, MPD),
    ];
    for (name, format, text) in manifests {
        for edit in every_edit() {
            let new = edited(&edit, format, text);
            if new != text {
                story += &format!("{name}: {edit}\n{}\n", difference(text, &new));
            }
        }
    }
    insta::assert_snapshot!(story);
}

#[test]
fn nothing_is_left_or_less() {
    assert_eq!(edited(&ManifestEdit::Empty, ManifestFormat::Hls, LIVE), "");
    let half = ManifestEdit::Truncate(Amount::Share(Ratio::new(0.5).unwrap()));
    assert_eq!(edited(&half, ManifestFormat::Hls, LIVE).len(), LIVE.len() / 2);
    let over = format!("{LIVE}#EXT-X-ENDLIST\n");
    let missing = ManifestEdit::EndList(EndList::Missing);
    assert_eq!(edited(&missing, ManifestFormat::Hls, &over), LIVE);
    assert_eq!(edited(&ManifestEdit::Lag(1), ManifestFormat::Hls, &over), over);
    let endless = LIVE.replace(":10\n", ":18446744073709551615\n");
    assert!(edited(&ManifestEdit::Gap(1), ManifestFormat::Hls, &endless).contains("#EXT-X-GAP"));
    let delta = LIVE.replace("#EXT-X-MEDIA", "#EXT-X-SKIP:SKIPPED-SEGMENTS=4\n#EXT-X-MEDIA");
    let skip = edited(&ManifestEdit::Skip(3), ManifestFormat::Hls, &delta);
    assert_eq!(skip, delta.replace("=4", "=7"));
}

/// A live playlist whose newest segment has this number.
fn version(newest: u64) -> Bytes {
    let mut text =
        format!("#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:{}\n", newest - 2);
    for n in newest - 2..=newest {
        text += &format!("#EXTINF:4.0,\n{n}.ts\n");
    }
    Bytes::from(text)
}

#[test]
fn a_freeze_begins_with_its_first_request_and_ends_on_time() {
    let memory = &mut EditMemory::default();
    let freeze = ManifestEdit::Freeze(Some(Duration::from_secs(20)));
    let mut served = |url: &str, seconds: u64, edits: &[(&str, &ManifestEdit)]| {
        let edition = at(url, seconds, ManifestFormat::Hls);
        apply(edits.iter().copied(), edition, version(10 + seconds / 4), memory).bytes
    };
    let on: &[_] = &[("r", &freeze)];
    assert_eq!(served("a", 0, &[]), version(10));
    assert_eq!(served("a", 4, on), version(11));
    assert_eq!(served("a", 8, on), version(11));
    // Others are not frozen, neither by URL nor by rule.
    assert_eq!(served("b", 8, &[]), version(12));
    assert_eq!(served("a", 20, on), version(11));
    assert_eq!(served("a", 24, on), version(16), "20 s after the first");
    assert_eq!(served("a", 28, on), version(17), "once for each manifest");
    assert_eq!(served("a", 28, &[("other", &freeze)]), version(17));
    assert_eq!(served("a", 32, &[("other", &freeze)]), version(17));
}

#[test]
fn a_freeze_without_end_thaws_when_it_is_no_longer_asked_for() {
    let memory = &mut EditMemory::default();
    let freeze = ManifestEdit::Freeze(None);
    let mut served = |seconds: u64, on: bool| {
        let edits: &[_] = if on { &[("r", &freeze)] } else { &[] };
        let edition = at("a", seconds, ManifestFormat::Hls);
        apply(edits.iter().copied(), edition, version(10 + seconds / 4), memory).bytes
    };
    let numbers = [(0, true), (40, true), (44, false), (48, true), (52, true)];
    let served: Vec<_> = numbers.iter().map(|(at, on)| served(*at, *on)).collect();
    assert_eq!(served, [10, 10, 21, 22, 22].map(version));
}

#[test]
fn an_older_version_comes_from_memory() {
    let memory = &mut EditMemory::default();
    let back = ManifestEdit::GoBack(3);
    let mut served = |newest: u64, edits: &[(&str, &ManifestEdit)]| {
        apply(edits.iter().copied(), at("a", 0, ManifestFormat::Hls), version(newest), memory).bytes
    };
    for newest in [10, 12, 13] {
        assert_eq!(served(newest, &[]), version(newest));
    }
    // The newest that ends at least three before 14; 13 and 12 are too new.
    assert_eq!(served(14, &[("r", &back)]), version(10));
    assert_eq!(served(15, &[("r", &back)]), version(12));
    // No version is that old: the newest three segments are left out, and one stays.
    let memory = &mut EditMemory::default();
    let first =
        apply([("r", &back)].into_iter(), at("a", 0, ManifestFormat::Hls), version(14), memory)
            .bytes;
    assert_eq!(first, version(14).slice(..first.len()));
    assert!(String::from_utf8_lossy(&first).ends_with("12.ts\n"));
}

/// Each edit reports on its own whether it was applied: one that changes nothing was not, even next to one that
/// was.
#[test]
fn an_edit_that_changes_nothing_does_not_strike() {
    let memory = &mut EditMemory::default();
    let freeze = ManifestEdit::Freeze(Some(Duration::from_secs(20)));
    let edits = [ManifestEdit::Lag(1), ManifestEdit::PublishTime, ManifestEdit::Skip(1), freeze];
    let mut applied = |seconds| {
        let edition = at("a", seconds, ManifestFormat::Hls);
        let edits = edits.iter().map(|edit| ("r", edit));
        apply(edits, edition, Bytes::from_static(LIVE.as_bytes()), memory).applied
    };
    assert_eq!(applied(0), [true, false, false, true]);
    assert_eq!(applied(19), [true, false, false, true]);
    assert_eq!(applied(20), [true, false, false, false], "thawed");
}

/// RFC 8216 demands the comma of EXTINF; playlists without it exist, and players read them.
#[test]
fn a_duration_without_its_comma_is_scaled() {
    let edit = ManifestEdit::Durations(Durations { scale: Some(1.5), ..Durations::default() });
    for (line, scaled) in [
        ("#EXTINF:6", "#EXTINF:9.000"),
        ("#EXTINF:6\r", "#EXTINF:9.000\r"),
        ("#EXTINF:6,", "#EXTINF:9.000,"),
        ("#EXTINF:6,title 6", "#EXTINF:9.000,title 6"),
    ] {
        let list = |line: &str| format!("#EXTM3U\n#EXT-X-TARGETDURATION:6\n{line}\n1.ts\n");
        assert_eq!(edited(&edit, ManifestFormat::Hls, &list(line)), list(scaled), "{line:?}");
    }
}

#[test]
fn memory_is_bounded() {
    let memory = &mut EditMemory::default();
    let large = "#EXTINF:4,\nx.ts\n".repeat(10_000);
    for n in 0..250_u64 {
        let url = format!("u{}", n % 50);
        let bytes = Bytes::from(format!("#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:{n}\n{large}"));
        let _ = apply(std::iter::empty(), at(&url, n, ManifestFormat::Hls), bytes, memory);
    }
    assert!(memory.bytes() <= 32 << 20, "{}", memory.bytes());
    assert!(memory.len() <= 32);
}

proptest! {
    #[test]
    fn nothing_breaks(text in "\\PC{0,200}", lines in prop::collection::vec(prop::sample::select(vec![
        "#EXTM3U", "#EXTINF:4,", "a.ts", "#EXT-X-STREAM-INF:BANDWIDTH=1", "#EXT-X-MEDIA-SEQUENCE:18446744073709551615",
        "#EXT-X-SKIP:SKIPPED-SEGMENTS=18446744073709551615", "#EXT-X-PART:DURATION=x", "#EXT-X-DISCONTINUITY", "\r",
        "<MPD type=\"dynamic\">", "</MPD>", "<S d='0' r='18446744073709551615'/>", "<a", "é='",
    ]), 0..30)) {
        let text = format!("{text}\n{}", lines.join("\n"));
        for format in [ManifestFormat::Hls, ManifestFormat::Mpd] {
            for edit in every_edit() {
                let _ = edited(&edit, format, &text);
            }
        }
    }

    /// Bytes that no edit changes stay.
    #[test]
    fn parts_make_the_whole(lines in prop::collection::vec("[#a-zA-Z:=,\"\r -]{0,20}", 0..30)) {
        let text = lines.join("\n");
        prop_assert_eq!(playlist::Playlist::parse(&text).print(), text);
    }
}

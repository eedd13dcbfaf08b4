//! Any input is refused or read, in bounded time, and nothing panics.

use super::{cases::cases, maps::Proxy};
use proptest::prelude::*;
use url::Url;
use vsps::media::{Ladder, ManifestFormat, rewrite, sniff};

const FORMATS: [ManifestFormat; 6] = [
    ManifestFormat::Hls,
    ManifestFormat::Mpd,
    ManifestFormat::MpdPatch,
    ManifestFormat::Smooth,
    ManifestFormat::Steering,
    ManifestFormat::AssetList,
];

/// Applies all operations to a body, and classifies the URLs that it may have named.
fn exercise(format: ManifestFormat, body: &[u8], asked: &str) {
    let url = Url::parse("https://origin.example/a/b.mpd?x=1").unwrap();
    let rewritten = rewrite(format, body, &Proxy);
    let mut ladder = Ladder::default();
    for body in [body, rewritten.ok().flatten().as_deref().unwrap_or_default(), body] {
        let _ = ladder.learn(&url, format, body);
    }
    for asked in
        [asked, "https://cdn.example/a/99999.m4s", "https://origin.example/v/v1/00001.m4s?a=1&b=2"]
    {
        for first in [None, Some(0), Some(u64::MAX)] {
            let _ = ladder.resolve(asked, first);
        }
    }
    let _ = sniff(None, asked, body);
}

/// Numbers that break arithmetic, and text that breaks grammars.
const POISON: &[&str] = &[
    "18446744073709551615",
    "-1",
    "0",
    "99999999999999999999999",
    "1e308",
    "NaN",
    "P999999999Y",
    "PT99999999999999999H",
    "\"",
    "'",
    "<",
    ">",
    "&",
    "$",
    "$Number%099d$",
    "{$",
    "\u{0}",
    "\r",
    "\n",
    "é",
    "/",
    "//",
    "https://",
    "#EXTM3U",
    "]]>",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 192 } else { 4096 }))]

    #[test]
    fn arbitrary_bytes_never_panic(body in proptest::collection::vec(any::<u8>(), 0..512), asked in ".{0,64}") {
        for format in FORMATS {
            exercise(format, &body, &asked);
            let mut headed = match format {
                ManifestFormat::Hls => b"#EXTM3U\n".to_vec(),
                ManifestFormat::Mpd => b"<MPD>".to_vec(),
                ManifestFormat::MpdPatch => b"<Patch>".to_vec(),
                ManifestFormat::Smooth => b"<SmoothStreamingMedia>".to_vec(),
                _ => b"{\"ASSETS\":[],\"PATHWAY-CLONES\":[{\"URI-REPLACEMENT\":{".to_vec(),
            };
            headed.extend_from_slice(&body);
            exercise(format, &headed, &asked);
        }
    }

    #[test]
    fn mutated_manifests_never_panic(
        which in any::<prop::sample::Index>(),
        cuts in proptest::collection::vec((any::<prop::sample::Index>(), 0_usize..24, any::<prop::sample::Index>()), 1..6),
    ) {
        let cases = cases();
        let case = which.get(&cases);
        let mut body = case.origin.clone();
        for (at, len, poison) in cuts {
            let at = at.index(body.len() + 1);
            let end = (at + len).min(body.len());
            body.splice(at..end, poison.get(POISON).bytes());
        }
        exercise(case.format, &body, "https://cdn.example/v/all.mp4");
    }

    #[test]
    fn numbers_of_any_size_never_panic(which in any::<prop::sample::Index>(), seed in any::<u64>(), poison in any::<prop::sample::Index>()) {
        let cases = cases();
        let case = which.get(&cases);
        let text = String::from_utf8_lossy(&case.origin).into_owned();
        // Every number of the manifest in turn may become a poisonous one.
        let poison = poison.get(&POISON[..8]);
        let mut out = String::new();
        let mut nth = 0_u32;
        let mut inside = false;
        for character in text.chars() {
            let digit = character.is_ascii_digit();
            if digit && !inside {
                nth += 1;
            }
            let poisoned = (seed >> (nth % 64)) & 1 == 1;
            match (digit, poisoned) {
                (true, true) if !inside => out.push_str(poison),
                (true, true) => {}
                _ => out.push(character),
            }
            inside = digit;
        }
        exercise(case.format, out.as_bytes(), "https://live.example/267.0.mp4");
    }
}

/// Huge, deep, and something else: refused in bounded time, and earlier knowledge is kept.
#[test]
fn bad_input_is_refused() {
    let url = Url::parse("https://origin.example/a").unwrap();
    let deep = |open: &str| format!("{{\"PATHWAY-CLONES\":{}", open.repeat(1_000_000)).into_bytes();
    let utf16 = "<MPD/>".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    for (format, body) in [
        (ManifestFormat::Hls, b"<!DOCTYPE html><title>Sign in</title>".to_vec()),
        (ManifestFormat::Hls, "#EXTM3U".encode_utf16().flat_map(u16::to_le_bytes).collect()),
        // Half a character is missing.
        (ManifestFormat::Mpd, [&b"\xff\xfe"[..], &utf16[1..]].concat()),
        (ManifestFormat::Steering, deep("[")),
        (ManifestFormat::Steering, deep("{\"a\":")),
        (ManifestFormat::AssetList, b"<html>".to_vec()),
        (ManifestFormat::AssetList, b"{\"ASSETS\":7}".to_vec()),
        (ManifestFormat::Steering, vec![b' '; 17 << 20]),
    ] {
        let mut ladder = Ladder::default();
        assert!(ladder.learn(&url, format, &body).is_err(), "{format}: {} bytes", body.len());
        assert_eq!(ladder.renditions().count(), 0);
    }
}

/// Of too many clones, assets and variables, only the limit is kept.
#[test]
fn what_is_too_much_is_cut_off() {
    let url = Url::parse("https://origin.example/a").unwrap();
    let clone = r#"{"URI-REPLACEMENT":{"HOST":"b.example"}},"#.repeat(100_000);
    let steering = format!("{{\"PATHWAY-CLONES\":[{clone}{{}}]}}");
    let asset = r#"{"URI":"https://ads.example/1"},"#.repeat(100_000);
    let assets = format!("{{\"ASSETS\":[{asset}{{}}]}}");
    for (format, body) in
        [(ManifestFormat::Steering, steering), (ManifestFormat::AssetList, assets)]
    {
        Ladder::default().learn(&url, format, body.as_bytes()).unwrap();
        let led = rewrite(format, body.as_bytes(), &Proxy).unwrap().unwrap();
        assert!(led.len() < 4 * body.len());
    }
}

#[test]
fn a_manifest_cut_anywhere_never_panics() {
    for case in cases() {
        for end in (0..case.origin.len()).step_by(13) {
            exercise(case.format, &case.origin[..end], "https://cdn.example/a/96000.m4s");
        }
    }
}

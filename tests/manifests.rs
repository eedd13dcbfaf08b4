//! Manifests rewritten in place: golden pairs, the laws of rewriting, and no panic on anything.

#![allow(clippy::unwrap_used, reason = "a test whose fixture cannot be read has failed")]

use proptest::prelude::*;
use std::{borrow::Cow, fs, path::Path};
use url::Url;
use vsps::media::{Ladder, ManifestFormat, UriMap, rewrite, sniff};

/// The proxy's mapping, for a manifest of the default origin inside session 7.
struct Proxy;

impl UriMap for Proxy {
    fn absolute(&self, scheme: Option<&str>, authority: &str) -> Option<Cow<'_, str>> {
        (authority != "proxy.test")
            .then(|| format!("/-/s/7/-/o/{}/{authority}", scheme.unwrap_or("https")).into())
    }

    fn root_relative(&self, path: &str) -> Option<Cow<'_, str>> {
        (!path.starts_with("/-/")).then_some("/-/s/7".into())
    }

    fn own(&self) -> Option<&str> {
        Some("http://proxy.test")
    }
}

/// Leads back: every reference becomes the absolute one it was.
struct Back;

/// The scheme and host of a path through the proxy, and how long that is.
fn proxied(path: &str) -> Option<(String, usize)> {
    let Some(named) = path.strip_prefix("/-/s/7/-/o/") else {
        return path.starts_with("/-/s/7").then(|| (String::new(), "/-/s/7".len()));
    };
    let (scheme, rest) = named.split_once('/')?;
    let host = rest.split('/').next()?;
    Some((format!("{scheme}://{host}"), path.len() - rest.len() + host.len()))
}

impl UriMap for Back {
    fn absolute(&self, scheme: Option<&str>, authority: &str) -> Option<Cow<'_, str>> {
        if authority == "proxy.test" {
            return Some("".into());
        }
        Some(format!("{}://{authority}", scheme.unwrap_or("https")).into())
    }

    fn root_relative(&self, path: &str) -> Option<Cow<'_, str>> {
        Some(proxied(path).map_or(String::new(), |(head, _)| head).into())
    }

    fn replaced(&self, path: &str) -> usize {
        proxied(path).map_or(0, |(_, length)| length)
    }
}

/// Every URI leads where it led.
struct Identity;

impl UriMap for Identity {
    fn absolute(&self, scheme: Option<&str>, authority: &str) -> Option<Cow<'_, str>> {
        let scheme = scheme.map(|scheme| format!("{scheme}:")).unwrap_or_default();
        Some(format!("{scheme}//{authority}").into())
    }

    fn root_relative(&self, _path: &str) -> Option<Cow<'_, str>> {
        Some("".into())
    }
}

const FORMATS: [ManifestFormat; 6] = [
    ManifestFormat::Hls,
    ManifestFormat::Mpd,
    ManifestFormat::MpdPatch,
    ManifestFormat::Smooth,
    ManifestFormat::Steering,
    ManifestFormat::AssetList,
];

struct Case {
    name: String,
    format: ManifestFormat,
    origin: Vec<u8>,
    proxied: Vec<u8>,
}

fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut cases = Vec::new();
    // What a case is, its extension tells.
    for (folder, format, extension) in [
        ("hls", ManifestFormat::Hls, "m3u8"),
        ("dash", ManifestFormat::Mpd, "mpd"),
        ("dash", ManifestFormat::MpdPatch, "mpp"),
        ("smooth", ManifestFormat::Smooth, "ismc"),
        ("steering", ManifestFormat::Steering, "json"),
        ("asset-list", ManifestFormat::AssetList, "json"),
    ] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let read = |name: &str| fs::read(path.join(name).with_extension(extension)).unwrap();
            if !path.join("origin").with_extension(extension).exists() {
                continue;
            }
            let name = format!("{folder}/{}", path.file_name().unwrap().to_string_lossy());
            cases.push(Case { name, format, origin: read("origin"), proxied: read("proxied") });
        }
    }
    assert!(cases.len() > 10, "only {} cases found", cases.len());
    cases
}

/// The rewritten body, whether or not anything changed.
fn led(format: ManifestFormat, body: &[u8], map: &dyn UriMap) -> Vec<u8> {
    rewrite(format, body, map).unwrap().unwrap_or_else(|| body.to_vec())
}

#[test]
fn each_origin_becomes_its_proxied() {
    for case in cases() {
        let out = led(case.format, &case.origin, &Proxy);
        // For the eye; where the text is not UTF-8, the bytes decide.
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(text(&out), text(&case.proxied), "{}", case.name);
        assert_eq!(out, case.proxied, "{}", case.name);
    }
}

#[test]
fn what_need_not_change_is_not_copied() {
    for case in cases() {
        let changed = rewrite(case.format, &case.origin, &Proxy).unwrap().is_some();
        assert_eq!(changed, case.origin != case.proxied, "{}", case.name);
    }
}

#[test]
fn the_identity_changes_only_a_missing_path() {
    for case in cases()
        .into_iter()
        .filter(|case| !case.name.contains("bare") && !case.name.contains("xlink"))
    {
        assert_eq!(rewrite(case.format, &case.origin, &Identity).unwrap(), None, "{}", case.name);
    }
}

#[test]
fn rewriting_twice_changes_nothing_more() {
    for case in cases() {
        assert_eq!(rewrite(case.format, &case.proxied, &Proxy).unwrap(), None, "{}", case.name);
    }
}

/// Every URI led back, as text; a host without a scheme comes back with one.
fn unrewritten(proxied: &str) -> String {
    let mut pieces = proxied.split("/-/s/7/-/o/");
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        out += &piece.replacen('/', "://", 1);
    }
    out.replace("/-/s/7/", "/")
}

/// Hosts without a scheme get the one that they stand for; all else stays.
struct Absolute;

impl UriMap for Absolute {
    fn absolute(&self, scheme: Option<&str>, authority: &str) -> Option<Cow<'_, str>> {
        Some(format!("{}://{authority}", scheme.unwrap_or("https")).into())
    }

    fn root_relative(&self, _path: &str) -> Option<Cow<'_, str>> {
        None
    }
}

#[test]
fn unrewriting_restores_the_original() {
    let mut restored = 0;
    for case in cases() {
        // Documents of text lead back by another law, below: their variables and escapes are led too.
        let xml = [ManifestFormat::Mpd, ManifestFormat::MpdPatch, ManifestFormat::Smooth];
        // UTF-16 has no bytes to search, and some hold an address of the proxy's from the start.
        let Ok(proxied) = std::str::from_utf8(&case.proxied) else { continue };
        let ours = String::from_utf8_lossy(&case.origin).contains("/-/s/7");
        if ours || !xml.contains(&case.format) {
            continue;
        }
        let origin = String::from_utf8(led(case.format, &case.origin, &Absolute)).unwrap();
        assert_eq!(unrewritten(proxied), origin, "{}", case.name);
        restored += 1;
    }
    assert!(restored > 12, "only {restored} cases restored");
}

/// What was led through the proxy leads back to where it led: unrewriting restores the original, but
/// for what stood there in short (`//host`, and escapes of JSON).
#[test]
fn leading_back_restores_the_original() {
    let text = |body: &[u8]| String::from_utf8_lossy(body).replace("\\/", "/");
    let mut restored = 0;
    for case in cases() {
        let back = led(case.format, &case.proxied, &Back);
        restored += usize::from(back == case.origin);
        // A clone's host leads to the proxy's own redirects, whose way back is the request's.
        if !case.name.contains("clone-by") {
            let spelled_out = led(case.format, &case.origin, &Back);
            assert_eq!(text(&back), text(&spelled_out), "{}", case.name);
        }
    }
    assert!(restored >= 12, "{restored}");
}

#[test]
fn every_origin_is_sniffed_and_learnt() {
    let url = Url::parse("https://origin.example/a/manifest?token=1").unwrap();
    for case in cases() {
        let json = matches!(case.format, ManifestFormat::Steering | ManifestFormat::AssetList);
        let sniffed = (!json).then_some(case.format);
        assert_eq!(sniff(None, "/a/manifest", &case.origin), sniffed, "{}", case.name);
        // One golden case has a tag that breaks off: it is rewritten, and learnt, all the same.
        Ladder::default().learn(&url, case.format, &case.origin).unwrap();
    }
}

/// Does everything that can be done with a body, and asks about what it may have named.
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

/// Huge, deep, and something else: refused in bounded time, and what was known stays known.
#[test]
fn bad_input_is_refused() {
    let url = Url::parse("https://origin.example/a").unwrap();
    let deep = |open: &str| format!("{{\"PATHWAY-CLONES\":{}", open.repeat(1_000_000)).into_bytes();
    let segments = format!("#EXTM3U\n{}", "#EXTINF:4,\na.ts\n".repeat(100_000)).into_bytes();
    let utf16 = "<MPD/>".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    for (format, body) in [
        (ManifestFormat::Hls, segments),
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

/// More clones, assets and variables than any manifest has are as many as are kept.
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

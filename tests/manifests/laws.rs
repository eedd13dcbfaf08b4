//! Properties of rewriting, for every golden pair.

use super::{
    cases::cases,
    maps::{Absolute, Back, Identity, OWN, Proxy},
};
use url::Url;
use vsps::media::{Ladder, ManifestFormat, UriMap, rewrite, sniff};

/// The rewritten body, whether or not anything changed.
fn led(format: ManifestFormat, body: &[u8], map: &dyn UriMap) -> Vec<u8> {
    rewrite(format, body, map).unwrap().unwrap_or_else(|| body.to_vec())
}

/// Their root-relative references are below bases of other hosts: rewritten back, they name these hosts, which
/// is the same target in another form.
///
/// Some are spelled with character references or in pieces: what is replaced of them comes back in
/// characters.
const ROOTS_ELSEWHERE: [&str; 11] = [
    "dash/base-urls-at-four-levels",
    "dash/character-references",
    "dash/live",
    "dash/prefixed-and-entities",
    "dash/roots-of-bases",
    "dash/roots-of-several-hosts",
    "dash/segment-base",
    "dash/segment-list-with-timeline",
    "dash/template",
    "dash/text-in-pieces",
    "smooth/latin-1-and-references",
];

/// A body without the proxy's own address before its paths, whichever its characters are made of.
fn without_own(body: &[u8]) -> Vec<u8> {
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let mut out = body.to_vec();
    let big = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
    for (own, path) in [
        (OWN.as_bytes().to_vec(), b"/-/".to_vec()),
        (wide(OWN), wide("/-/")),
        (big(OWN), big("/-/")),
    ] {
        let all = [own.clone(), path].concat();
        while let Some(at) = out.windows(all.len()).position(|part| part == all) {
            out.drain(at..at + own.len());
        }
    }
    out
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
    // A host without a scheme gets the one of its base.
    for case in cases().into_iter().filter(|case| {
        !["bare", "xlink", "clocks", "segment-list-with", "character-references", "dash/patch"]
            .iter()
            .any(|name| case.name.contains(name))
    }) {
        assert_eq!(rewrite(case.format, &case.origin, &Identity).unwrap(), None, "{}", case.name);
    }
}

#[test]
fn rewriting_twice_changes_nothing_more() {
    for case in cases() {
        assert_eq!(rewrite(case.format, &case.proxied, &Proxy).unwrap(), None, "{}", case.name);
    }
}

/// Every URI rewritten back, as text; a host without a scheme gets one.
fn unrewritten(proxied: &[u8]) -> String {
    let proxied = String::from_utf8(without_own(proxied)).unwrap();
    let mut pieces = proxied.split("/-/s/7/-/o/");
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        out += &piece.replacen('/', "://", 1);
    }
    out.replace("/-/s/7/", "/")
}

#[test]
fn unrewriting_restores_the_original() {
    let mut restored = 0;
    for case in cases() {
        // Text documents have another property, below: their variables and escapes are rewritten too.
        let xml = [ManifestFormat::Mpd, ManifestFormat::MpdPatch, ManifestFormat::Smooth];
        // UTF-16 has no bytes to search, and some hold an address of the proxy's from the start.
        let Ok(origin) = std::str::from_utf8(&case.origin) else { continue };
        let name = &*case.name;
        if origin.contains("/-/s/7")
            || ROOTS_ELSEWHERE.contains(&name)
            || !xml.contains(&case.format)
        {
            continue;
        }
        let origin = String::from_utf8(led(case.format, &case.origin, &Absolute)).unwrap();
        assert_eq!(unrewritten(&case.proxied), origin, "{}", case.name);
        restored += 1;
    }
    assert!(restored > 12, "only {restored} cases restored");
}

/// Rewriting back restores the original target, and the original text except for abbreviated forms (`//host`,
/// and escapes of JSON).
#[test]
fn leading_back_restores_the_original() {
    let text =
        |body: &[u8]| String::from_utf8_lossy(body).replace("\\/", "/").replace("\\u0026", "&");
    let mut restored = 0;
    for case in cases() {
        let back = led(case.format, &without_own(&case.proxied), &Back);
        restored += usize::from(back == case.origin);
        // A clone's host is replaced by the proxy's own redirects, which the request resolves.
        if !case.name.contains("clone-by") && !ROOTS_ELSEWHERE.contains(&&*case.name) {
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
        // Known by the manifest that names them.
        let json = matches!(case.format, ManifestFormat::Steering | ManifestFormat::AssetList);
        let named = json || case.name == "dash/linked-periods";
        let sniffed = (!named).then_some(case.format);
        assert_eq!(sniff(None, "/a/manifest", &case.origin), sniffed, "{}", case.name);
        // One golden case has a tag that breaks off: it is still rewritten and read.
        Ladder::default().learn(&url, case.format, &case.origin).unwrap();
    }
}

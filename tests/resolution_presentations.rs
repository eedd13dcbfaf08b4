//! Sessions with more than one presentation: the ladder of an interstitial is not the session's.

#![allow(clippy::unwrap_used, reason = "a test whose manifest cannot be read has failed")]

use url::Url;
use vsps::media::{Ladder, ManifestFormat};

const VARIANT: &str = "#EXT-X-STREAM-INF:CODECS=\"avc1.64001f,mp4a.40.2\",BANDWIDTH=";

/// A multivariant playlist with `name`1.m3u8, …, of these bandwidths in kbit/s.
fn multivariant(name: &str, bandwidths: &[u32]) -> String {
    let variant =
        |(at, kbps): (usize, &u32)| format!("{VARIANT}{kbps}000\n{name}{}.m3u8\n", at + 1);
    format!("#EXTM3U\n{}", bandwidths.iter().enumerate().map(variant).collect::<String>())
}

/// A media playlist of two segments, with `tags` before them.
fn media(name: &str, tags: &str) -> String {
    format!(
        "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-PROGRAM-DATE-TIME:2024-01-01T00:00:00Z\n{tags}\
         #EXTINF:4,\n{name}-1.ts\n#EXTINF:4,\n{name}-2.ts\n#EXT-X-ENDLIST\n"
    )
}

fn interstitial(attribute: &str) -> String {
    format!(
        "#EXT-X-DATERANGE:ID=\"a\",CLASS=\"com.apple.hls.interstitial\",\
         START-DATE=\"2024-01-01T00:00:04Z\",{attribute}\n"
    )
}

const AD_MPD: &str = "<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" mediaPresentationDuration=\"PT8S\" minBufferTime=\"PT2S\"><Period>\
    <AdaptationSet mimeType=\"video/mp4\"><SegmentTemplate media=\"$RepresentationID$-$Number$.m4s\" duration=\"4\"/>\
    <Representation id=\"d1\" bandwidth=\"500000\"/><Representation id=\"d2\" bandwidth=\"9000000\"/>\
    </AdaptationSet></Period></MPD>";

fn learn(ladder: &mut Ladder, name: &str, body: &str) {
    let format = match body.as_bytes().first() {
        Some(b'#') => ManifestFormat::Hls,
        Some(b'{') => ManifestFormat::AssetList,
        _ => ManifestFormat::Mpd,
    };
    let url = Url::parse("https://o/").unwrap().join(name).unwrap();
    ladder.learn(&url, format, body.as_bytes()).unwrap();
}

/// The film, with `tags` in its playlist.
fn film(tags: &str) -> Ladder {
    let mut ladder = Ladder::default();
    learn(&mut ladder, "m.m3u8", &multivariant("v", &[1000, 2000, 3000]));
    learn(&mut ladder, "v3.m3u8", &media("v3", tags));
    learn(&mut ladder, "v2.m3u8", &media("v2", ""));
    ladder
}

fn highest(ladder: &Ladder, name: &str) -> (Option<u16>, Option<u16>) {
    let found = ladder.resolve(&format!("https://o/{name}"), None);
    (found.rung, found.highest_rung())
}

fn bandwidths(ladder: &Ladder) -> Vec<u64> {
    ladder.renditions().filter_map(|r| Some(r.bandwidth?.bits_per_second() / 1000)).collect()
}

#[track_caller]
fn is_the_films(ladder: &Ladder) {
    assert_eq!(highest(ladder, "v3-2.ts"), (Some(3), Some(3)));
    assert_eq!(highest(ladder, "v2-2.ts"), (Some(2), Some(3)));
    assert_eq!(bandwidths(ladder), [1000, 2000, 3000]);
}

#[test]
fn an_interstitial_named_by_its_playlist() {
    let mut ladder = film(&interstitial("X-ASSET-URI=\"ad.m3u8\""));
    learn(&mut ladder, "ad.m3u8", &multivariant("ad", &[1500, 2500]));
    is_the_films(&ladder);
    learn(&mut ladder, "ad2.m3u8", &media("ad2", ""));
    is_the_films(&ladder);
    assert_eq!(highest(&ladder, "ad2-1.ts"), (Some(2), Some(2)), "it has a ladder of its own");
    let ad = ladder.resolve("https://o/ad2-1.ts", None);
    assert_eq!(ladder.rendition_on(1, &ad).unwrap().name.as_deref(), Some("ad1.m3u8"));
    // The film is fetched again, and the advertisement as well.
    learn(&mut ladder, "m.m3u8", &multivariant("v", &[1000, 2000, 3000]));
    learn(&mut ladder, "ad.m3u8", &multivariant("ad", &[1500, 2500]));
    is_the_films(&ladder);
}

#[test]
fn an_interstitial_of_an_asset_list() {
    let mut ladder = film(&interstitial("X-ASSET-LIST=\"list.json\""));
    learn(&mut ladder, "list.json", "{\"ASSETS\":[{\"URI\":\"x/ad.m3u8\",\"DURATION\":8}]}");
    learn(&mut ladder, "x/ad.m3u8", &multivariant("ad", &[1500, 2500]));
    learn(&mut ladder, "x/ad1.m3u8", &media("ad1", ""));
    is_the_films(&ladder);
}

#[test]
fn an_interstitial_behind_a_redirect() {
    let mut ladder = film(&interstitial("X-ASSET-URI=\"ad.m3u8\""));
    let url = |name| Url::parse("https://o/").unwrap().join(name).unwrap();
    ladder.redirected(&url("ad.m3u8"), &url("https://ads.example/1.m3u8"));
    learn(&mut ladder, "https://ads.example/1.m3u8", &multivariant("ad", &[1500, 2500]));
    learn(&mut ladder, "https://ads.example/ad1.m3u8", &media("ad1", ""));
    is_the_films(&ladder);
}

/// A playlist of one rendition may be an advertisement, or the film.
#[test]
fn interstitials_without_a_multivariant_playlist() {
    let mut ladder = film(&interstitial("X-ASSET-URI=\"lone.m3u8\""));
    learn(&mut ladder, "lone.m3u8", &media("lone", ""));
    is_the_films(&ladder);
    let mut ladder = Ladder::default();
    learn(&mut ladder, "lone.m3u8", &media("lone", &interstitial("X-ASSET-URI=\"ad.m3u8\"")));
    learn(&mut ladder, "ad.m3u8", &multivariant("ad", &[1500, 2500]));
    learn(&mut ladder, "ad1.m3u8", &media("ad1", ""));
    assert_eq!(bandwidths(&ladder), [0; 0]);
}

#[test]
fn an_mpd_in_a_session_of_hls_and_the_other_way_round() {
    for tags in ["", &interstitial("X-ASSET-URI=\"ad.mpd\"")] {
        let mut ladder = film(tags);
        learn(&mut ladder, "ad.mpd", AD_MPD);
        is_the_films(&ladder);
        assert_eq!(highest(&ladder, "d2-1.m4s"), (Some(2), Some(2)));
    }
    let mut ladder = Ladder::default();
    learn(&mut ladder, "film.mpd", AD_MPD);
    learn(&mut ladder, "ad.m3u8", &multivariant("ad", &[1500, 2500, 3500]));
    learn(&mut ladder, "ad3.m3u8", &media("ad3", ""));
    assert_eq!(bandwidths(&ladder), [500, 9000]);
    assert_eq!(highest(&ladder, "d2-1.m4s"), (Some(2), Some(2)));
}

/// Where neither is marked as the advertisement, the one that is played is the session's.
#[test]
fn several_presentations_that_nothing_names() {
    let mut ladder = film("");
    let other = multivariant("b", &[700, 900]);
    learn(&mut ladder, "b.m3u8", &other);
    is_the_films(&ladder);
    learn(&mut ladder, "b2.m3u8", &media("b2", ""));
    assert_eq!(bandwidths(&ladder), [700, 900]);
    assert_eq!(highest(&ladder, "v3-2.ts"), (Some(3), Some(3)));
    assert_eq!(highest(&ladder, "b2-2.ts"), (Some(2), Some(2)));
    learn(&mut ladder, "v3.m3u8", &media("v3", ""));
    is_the_films(&ladder);
    // Neither was played yet: the newer one is the session's.
    let mut ladder = Ladder::default();
    learn(&mut ladder, "m.m3u8", &multivariant("v", &[1000, 2000]));
    learn(&mut ladder, "b.m3u8", &other);
    assert_eq!(bandwidths(&ladder), [700, 900]);
}

/// Each break has new advertisements, for days.
#[test]
fn any_number_of_interstitials() {
    let mut ladder = film("");
    for n in 0..600 {
        let ad = format!("ads/{n}.m3u8");
        let named = interstitial(&format!("X-ASSET-URI=\"{ad}\""));
        learn(&mut ladder, "v3.m3u8", &media("v3", &named));
        learn(&mut ladder, &ad, &multivariant(&format!("{n}-"), &[500, 600, 700, 800]));
        learn(&mut ladder, &format!("ads/{n}-1.m3u8"), &media(&format!("{n}-1"), ""));
    }
    is_the_films(&ladder);
}

/// A playlist's imported variables come from its own presentation, or from the session's.
#[test]
fn variables_of_an_interstitial_are_its_own() {
    let define =
        |value: &str| format!("#EXT-X-DEFINE:NAME=\"p\",VALUE=\"{value}\"\n#EXT-X-STREAM-INF");
    let with = |text: String, value: &str| text.replacen("#EXT-X-STREAM-INF", &define(value), 1);
    let mut ladder = Ladder::default();
    learn(&mut ladder, "m.m3u8", &with(multivariant("v", &[1000]), "film"));
    learn(&mut ladder, "v1.m3u8", &media("v1", &interstitial("X-ASSET-URI=\"ad.m3u8\"")));
    learn(&mut ladder, "ad.m3u8", &with(multivariant("ad", &[1000]), "ad"));
    let imported =
        |name| ladder.imported(&Url::parse("https://o/").unwrap().join(name).unwrap(), "p");
    assert_eq!(imported("unnamed.m3u8"), Some("film"));
    assert_eq!(imported("ad1.m3u8"), Some("ad"));
}

//! MPDs through the proxy: where the requests from them arrive, and which ladder rules and links use.

use super::{
    leading::{between, follow, holding, resolved},
    origin::{Origin, Step, ok},
    rig::Rig,
};
use serde_json::json;
use std::sync::Arc;
use vsps::profiles::Profile;

/// Each of several BaseURLs has its own host for root-relative references.
#[tokio::test]
async fn every_base_is_asked_at_its_own_root() {
    const MPD: &str = "<MPD type=\"static\"><BaseURL>/one/</BaseURL><BaseURL>http://{other}/two/deep/</BaseURL><Period><AdaptationSet mimeType=\"video/mp4\">\
        <SegmentTemplate media=\"/s/$Number$.m4s\" duration=\"4\"/><Representation id=\"v\" bandwidth=\"9\"/></AdaptationSet></Period></MPD>";
    let cdn = holding(None, &[]).await;
    let main = holding(Some(&cdn), &[("/m.mpd", MPD)]).await;
    let rig = Rig::before(&main).await;
    let path = format!("{}/m.mpd", rig.session("").await);
    let document = rig.get(&path).await.text().to_owned();
    let bases: Vec<_> =
        document.split("<BaseURL>").skip(1).map(|rest| rest.split('<').next().unwrap()).collect();
    let media = between(&document, "media=\"", "\"").replace("$Number$", "1");
    for (base, there) in bases.iter().zip([&main, &cdn]) {
        assert_eq!(follow(&rig, &path, &[base, &media]).await.text(), "media", "{document}");
        assert_eq!(there.last().path(), "/s/1.m4s", "{document}");
    }
    let planned = rig.told("request_planned", 3).await;
    let at = |event: &serde_json::Value| event.get("resource").unwrap_or(event)["index"].clone();
    assert_eq!((at(&planned[1]), at(&planned[2])), (1.into(), 1.into()));
}

/// An MPD that is not well-formed, or not in UTF-8, is rewritten as far as it can be read; parts that cannot be
/// read are reported.
#[tokio::test]
async fn what_cannot_be_learnt_is_led_all_the_same() {
    let cdn = holding(None, &[]).await;
    let (deep, wide) = ("<a>".repeat(100_000), "<S/>".repeat(1 << 19));
    let latin = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><MPD><Label>Qu\xe9bec</Label>";
    for (head, tail, unread) in [
        (&latin[..], "</MPD>", 0),
        (b"<MPD>\xff", "</MPD>", 0),
        (b"<MPD><ProgramInformation></MPD>", "", 1),
        (b"<MPD>", "<Period", 1),
        (b"<MPD>", &*deep, 1),
        (b"<MPD>", &*wide, 1),
    ] {
        let base = format!("<BaseURL>http://{}/v/</BaseURL>{tail}", cdn.address);
        let body = [head, base.as_bytes()].concat();
        let origin = Origin::saying(ok("Content-Type: application/dash+xml\r\n", &body)).await;
        let rig = Rig::before(&origin).await;
        let path = format!("{}/m.mpd", rig.session("").await);
        let got = rig.get(&path).await;
        assert!(got.body.starts_with(head), "{}", String::from_utf8_lossy(&got.body));
        let text = String::from_utf8_lossy(&got.body).into_owned();
        follow(&rig, &path, &[between(&text, "<BaseURL>", "</BaseURL>"), "1.m4s"]).await;
        assert_eq!(cdn.last().path(), "/v/1.m4s");
        rig.told("manifest_unread", unread).await;
    }
}

/// References of a patch are resolved against the BaseURL of the MPD that it is for.
#[tokio::test]
async fn roots_of_patches_are_those_of_their_mpd() {
    let cdn = holding(None, &[]).await;
    let main = holding(
        Some(&cdn),
        &[
            ("/m.mpd", "<MPD type=\"dynamic\" id=\"m\" publishTime=\"1\"><PatchLocation>p.mpp</PatchLocation><BaseURL>http://{other}/v/</BaseURL>\
                <Period id=\"1\" start=\"PT0S\"><AdaptationSet mimeType=\"video/mp4\"><SegmentTemplate media=\"/one/$Number$\" duration=\"4\"/>\
                <Representation id=\"v\" bandwidth=\"9\"/></AdaptationSet></Period></MPD>"),
            ("/p.mpp", "<Patch mpdId=\"m\" originalPublishTime=\"1\" publishTime=\"2\"><add sel=\"/MPD\"><Period id=\"2\" start=\"PT12S\">\
                <AdaptationSet mimeType=\"video/mp4\"><SegmentTemplate media=\"/two/$Number$\" duration=\"4\"/><Representation id=\"v\" bandwidth=\"9\"/>\
                </AdaptationSet></Period></add><replace sel=\"/MPD/Period[1]/AdaptationSet[1]/SegmentTemplate/@media\">/three/$Number$</replace></Patch>"),
        ],
    )
    .await;
    let rig = Rig::before(&main).await;
    let path = format!("{}/m.mpd", rig.session("").await);
    let document = rig.get(&path).await.text().to_owned();
    let base = between(&document, "<BaseURL>", "</BaseURL>");
    let patch = follow(&rig, &path, &["p.mpp"]).await.text().to_owned();
    let replaced = between(&patch, "@media\">", "<").to_owned();
    for (media, there) in [(between(&patch, "media=\"", "\""), "/two/1"), (&replaced, "/three/1")] {
        let media = media.replace("$Number$", "1");
        assert_eq!(follow(&rig, &path, &[base, &media]).await.text(), "media", "{patch}");
        assert_eq!(cdn.last().path(), there, "{patch}");
    }
}

/// A patch that adds a BaseURL changes the host of references that were there before.
#[tokio::test]
async fn a_base_of_a_patch_is_asked_at_its_root() {
    let cdn = holding(None, &[]).await;
    let main = holding(
        Some(&cdn),
        &[
            ("/m/m.mpd", "<MPD type=\"dynamic\" id=\"m\" publishTime=\"1\"><PatchLocation>p.mpp</PatchLocation>\
                <Period id=\"1\" start=\"PT0S\"><AdaptationSet mimeType=\"video/mp4\"><SegmentTemplate media=\"/one/$Number$\" duration=\"4\"/>\
                <Representation id=\"v\" bandwidth=\"9\"/></AdaptationSet></Period></MPD>"),
            ("/m/p.mpp", "<Patch mpdId=\"m\" originalPublishTime=\"1\" publishTime=\"2\"><add sel=\"/MPD\" pos=\"prepend\"><BaseURL>http://{other}/w/</BaseURL></add>\
                <add sel=\"/MPD\"><Period id=\"2\" start=\"PT12S\"><BaseURL>/x/</BaseURL><AdaptationSet mimeType=\"video/mp4\">\
                <SegmentTemplate media=\"/two/$Number$\" initialization=\"i\" duration=\"4\"/><Representation id=\"v\" bandwidth=\"9\"/>\
                </AdaptationSet></Period></add></Patch>"),
        ],
    )
    .await;
    let rig = Rig::before(&main).await;
    let path = format!("{}/m/m.mpd", rig.session("").await);
    let document = rig.get(&path).await.text().to_owned();
    let one = between(&document, "media=\"", "\"").replace("$Number$", "1");
    assert_eq!(follow(&rig, &path, &[&one]).await.text(), "media");
    assert_eq!(main.last().path(), "/one/1", "{document}");
    let patch = follow(&rig, &path, &["p.mpp"]).await.text().to_owned();
    let (added, two) = (between(&patch, "<BaseURL>", "<"), between(&patch, "media=\"", "\""));
    let inner = between(&patch, "\"PT12S\"><BaseURL>", "<");
    for (references, there) in [
        (vec![added, &*one], "/one/1"),
        (vec![added, inner, two], "/two/$Number$"),
        (vec![added, inner, "i"], "/x/i"),
    ] {
        assert_eq!(follow(&rig, &path, &references).await.text(), "media", "{patch}");
        assert_eq!(cdn.last().path(), there, "{patch}");
    }
}

/// A patch changes the MPD that the player has: what it inserts is resolved as the rest of this MPD, wherever the patch
/// itself comes from (ISO/IEC 23009-1, 5.15 and 5.6.4).
#[tokio::test]
async fn references_of_a_patch_on_another_host_are_those_of_its_mpd() {
    let cdn = holding(
        None,
        &[("/deep/er/p.mpp", "<Patch mpdId=\"m\" originalPublishTime=\"1\" publishTime=\"2\"><replace sel=\"/MPD/PatchLocation/text()\">/next.mpp</replace>\
            <add sel=\"/MPD\" pos=\"prepend\"><Location>/moved/m.mpd</Location></add><add sel=\"/MPD\"><PatchLocation ttl=\"60\">../../up.mpp</PatchLocation></add>\
            <add sel=\"/MPD/Period[1]\" pos=\"prepend\"><BaseURL>/v/</BaseURL></add></Patch>")],
    )
    .await;
    let main = holding(
        Some(&cdn),
        &[("/live/m.mpd", "<MPD type=\"dynamic\" id=\"m\" publishTime=\"1\"><PatchLocation>http://{other}/deep/er/p.mpp</PatchLocation>\
            <Period id=\"1\" start=\"PT0S\"><AdaptationSet mimeType=\"video/mp4\"><SegmentTemplate media=\"$Number$\" duration=\"4\"/>\
            <Representation id=\"v\" bandwidth=\"9\"/></AdaptationSet></Period></MPD>")],
    )
    .await;
    let rig = Rig::before(&main).await;
    let path = format!("{}/live/m.mpd", rig.session("").await);
    let document = rig.get(&path).await.text().to_owned();
    let patch = between(&document, "<PatchLocation>", "<");
    let patch = follow(&rig, &path, &[patch]).await.text().to_owned();
    assert_eq!(cdn.last().path(), "/deep/er/p.mpp");
    for (reference, there) in [
        (between(&patch, "text()\">", "<"), "/next.mpp"),
        (between(&patch, "<Location>", "<"), "/moved/m.mpd"),
        (between(&patch, "ttl=\"60\">", "<"), "/up.mpp"),
        (between(&patch, "<BaseURL>", "<"), "/v/"),
    ] {
        assert_eq!(follow(&rig, &path, &[reference]).await.text(), "media", "{patch}");
        assert_eq!(main.last().path(), there, "{reference}");
    }
}

/// What a patch changes in a Period is resolved against the BaseURL of this Period.
#[tokio::test]
async fn a_patch_of_a_period_has_its_base() {
    let cdn = holding(None, &[]).await;
    let main = holding(
        Some(&cdn),
        &[
            ("/m.mpd", "<MPD type=\"dynamic\" id=\"m\" publishTime=\"1\"><PatchLocation>p.mpp</PatchLocation>\
                <Period id=\"1\" start=\"PT0S\"><BaseURL>http://{other}/one/</BaseURL><AdaptationSet mimeType=\"video/mp4\">\
                <SegmentTemplate media=\"$Number$\" duration=\"4\"/><Representation id=\"v\" bandwidth=\"9\"/></AdaptationSet></Period>\
                <Period id=\"2\" start=\"PT8S\"><AdaptationSet mimeType=\"video/mp4\"><SegmentTemplate media=\"$Number$\" duration=\"4\"/>\
                <Representation id=\"v\" bandwidth=\"9\"/></AdaptationSet></Period></MPD>"),
            ("/p.mpp", "<Patch mpdId=\"m\" originalPublishTime=\"1\" publishTime=\"2\">\
                <replace sel=\"/MPD/Period[@id='1']/AdaptationSet[1]/SegmentTemplate/@media\">/x/$Number$</replace>\
                <replace sel=\"/MPD/Period[@id='1']/AdaptationSet[1]/SegmentTemplate/@initialization\">../../i</replace>\
                <replace sel=\"/MPD/Period[@id='2']/AdaptationSet[1]/SegmentTemplate/@media\">/y/$Number$</replace></Patch>"),
        ],
    )
    .await;
    let rig = Rig::before(&main).await;
    let path = format!("{}/m.mpd", rig.session("").await);
    let document = rig.get(&path).await.text().to_owned();
    let base = between(&document, "<BaseURL>", "</BaseURL>");
    let patch = follow(&rig, &path, &["p.mpp"]).await.text().to_owned();
    let changed: Vec<_> = patch.split("sel=").skip(1).map(|one| between(one, "\">", "<")).collect();
    for (references, server, there) in [
        (vec![base, changed[0]], &cdn, "/x/$Number$"),
        (vec![base, changed[1]], &cdn, "/i"),
        (vec![changed[2]], &main, "/y/$Number$"),
    ] {
        assert_eq!(follow(&rig, &path, &references).await.text(), "media", "{patch}");
        assert_eq!(server.last().path(), there, "{patch}");
    }
}

/// An id may begin a URL with `/` or `..`.
#[tokio::test]
async fn ids_that_lead_elsewhere_stay_in_the_session() {
    const MPD: &str = "<MPD type=\"static\"><Period duration=\"PT8S\"><AdaptationSet mimeType=\"video/mp4\">\
        <SegmentTemplate media=\"$RepresentationID$/$Number$.m4s\" duration=\"4\"/><Representation id=\"/abs\" bandwidth=\"1\"/>\
        <Representation id=\"../up\" bandwidth=\"2\"/><Representation id=\"../../top\" bandwidth=\"3\"/>\
        <Representation id=\"plain\" bandwidth=\"4\"/></AdaptationSet></Period></MPD>";
    let main = holding(None, &[("/a/b.mpd", MPD)]).await;
    let rig = Rig::before(&main).await;
    let session = rig.session("").await;
    let path = format!("{session}/a/b.mpd");
    let document = rig.get(&path).await.text().to_owned();
    let ids = document.split("<Representation id=\"").skip(1);
    let ids: Vec<_> = ids.map(|rest| rest.split('"').next().unwrap()).collect();
    let all = ["/abs/1.m4s", "/up/1.m4s", "/top/1.m4s", "/a/plain/1.m4s"];
    for (id, there) in ids.iter().zip(all) {
        let media = format!("{id}/1.m4s");
        assert!(resolved(&rig, &path, &[&media]).starts_with(&session), "{document}");
        assert_eq!(follow(&rig, &path, &[&media]).await.text(), "media", "{document}");
        assert_eq!(main.last().path(), there, "{document}");
    }
    for (nth, event) in rig.told("request_planned", 5).await.iter().skip(1).enumerate() {
        assert_eq!(event["resource"]["kind"], "segment", "{event}");
        assert_eq!(event["resource"]["rung"], nth + 1, "{event}");
    }
}

fn period(name: &str, rates: &[u32]) -> String {
    let of = |(at, rate): (usize, &u32)| {
        format!("<Representation id=\"r{}\" bandwidth=\"{rate}\"/>", at + 1)
    };
    let all: String = rates.iter().enumerate().map(of).collect();
    format!(
        "<Period id=\"{name}\" duration=\"PT8S\"><AdaptationSet mimeType=\"video/mp4\" codecs=\"avc1.64001f\">\
         <SegmentTemplate media=\"{name}/$RepresentationID$/$Number$.m4s\" duration=\"4\"/>{all}</AdaptationSet></Period>"
    )
}

async fn presentation(periods: String) -> Origin {
    let mpd = format!("<MPD type=\"static\" mediaPresentationDuration=\"PT16S\">{periods}</MPD>");
    Origin::start(move |asked| {
        let body = if asked.path().ends_with(".mpd") { &*mpd } else { "media" };
        let kind = if body == "media" { "video/mp4" } else { "application/dash+xml" };
        vec![Step::Send(ok(&format!("Content-Type: {kind}\r\n"), body.as_bytes()))]
    })
    .await
}

#[tokio::test]
async fn the_highest_rung_is_that_of_the_period_that_plays() {
    let origin =
        presentation([period("ad", &[1, 2, 3, 4, 5]), period("main", &[1, 2, 3])].concat()).await;
    let rules =
        json!([{ "when": { "kind": "segment", "rung": "highest" }, "then": { "status": 404 } }]);
    let rig = Rig::with_rules(&origin, rules).await;
    let session = rig.session("").await;
    rig.get(&format!("{session}/m.mpd")).await;
    for (path, status) in
        [("ad/r5/1", 404), ("ad/r3/1", 200), ("main/r3/1", 404), ("main/r2/2", 200)]
    {
        assert_eq!(rig.get(&format!("{session}/{path}.m4s")).await.status(), status, "{path}");
    }
}

#[tokio::test]
async fn a_link_relative_to_the_ladder_follows_the_period_that_plays() {
    let origin = presentation(
        [
            period("ad", &[100_000, 200_000, 300_000]),
            period("main", &[1_000_000, 2_000_000, 3_000_000]),
        ]
        .concat(),
    )
    .await;
    let text = "summary = \"a\"\nsource = \"b\"\n[downlink]\nrate = \"100 % of rung 3\"\nfallback = \"700 kbit/s\"\n";
    let profile = Profile::from_toml("p", "p.toml", text).unwrap();
    let rig = Rig::start(Some(origin.address), |config| config.profile = Arc::new(profile)).await;
    let session = rig.session("").await;
    for path in ["m.mpd", "ad/r1/1.m4s", "ad/r3/2.m4s", "main/r1/1.m4s", "main/r3/2.m4s"] {
        assert_eq!(rig.get(&format!("{session}/{path}")).await.status(), 200);
    }
    let changes = rig.told("link_changed", 2).await;
    let rates: Vec<_> = changes.iter().map(|change| change["rate_bps"].as_u64()).collect();
    assert_eq!(rates, [Some(300_000), Some(3_000_000)]);
}

#[tokio::test]
async fn an_edited_bandwidth_changes_no_url() {
    const MPD: &str = "<MPD type=\"static\" mediaPresentationDuration=\"PT20S\"><Period><AdaptationSet mimeType=\"video/mp4\">\
        <SegmentTemplate timescale=\"1\" initialization=\"/Q($Bandwidth$)/F(video=i)\" media=\"Q($Bandwidth$)/F(video=$Time$)\">\
        <SegmentTimeline><S t=\"0\" d=\"4\" r=\"4\"/></SegmentTimeline></SegmentTemplate>\
        <Representation id=\"1\" bandwidth=\"400000\"/><Representation id=\"2\" bandwidth=\"900000\"/></AdaptationSet></Period></MPD>";
    let origin = Origin::saying(ok("Content-Type: application/dash+xml\r\n", MPD.as_bytes())).await;
    let rig =
        Rig::with_rules(&origin, json!([{ "then": { "manifest": { "bandwidth": "50 %" } } }]))
            .await;
    let path = format!("{}/a.ism/a.mpd", rig.session("").await);
    let got = rig.get(&path).await.text().to_owned();
    let first = between(&got, "<Representation id=\"1\"", "</Representation>");
    assert!(first.starts_with(" bandwidth=\"200000\""), "{got}");
    assert_eq!(between(first, "media=\"", "\""), "Q(400000)/F(video=$Time$)");
    let init = resolved(&rig, &path, &[between(first, "initialization=\"", "\"")]);
    rig.get(&init).await;
    assert_eq!(origin.last().path(), "/Q(400000)/F(video=i)");
}

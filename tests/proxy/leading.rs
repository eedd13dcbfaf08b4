//! The references of rewritten manifests, resolved as players do: they stay in the session and go to the host
//! that they name.

use super::{
    origin::{Origin, Step, ok},
    player::Got,
    rig::Rig,
};
use url::Url;

/// An origin whose documents are `held`, path and body, with `{other}` for another origin; all else is media.
pub(crate) async fn holding(
    other: Option<&Origin>,
    held: &'static [(&'static str, &'static str)],
) -> Origin {
    let other = other.map(|other| other.address.to_string()).unwrap_or_default();
    Origin::start(move |asked| {
        let path = asked.path().split('?').next().unwrap_or_default();
        let body = held.iter().find(|(name, _)| *name == path).map_or("media", |(_, body)| *body);
        let kind = if body.starts_with('<') { "application/dash+xml" } else { "text/plain" };
        let body = body.replace("{other}", &other);
        vec![Step::Send(ok(&format!("Content-Type: {kind}\r\n"), body.as_bytes()))]
    })
    .await
}

/// The text between the first `open` and the next `close`.
pub(crate) fn between<'a>(text: &'a str, open: &str, close: &str) -> &'a str {
    text.split_once(open).and_then(|(_, rest)| rest.split_once(close)).map_or("", |(held, _)| held)
}

/// The resources at `references`, each resolved against the one before, the first against `path`.
pub(crate) fn resolved(rig: &Rig, path: &str, references: &[&str]) -> String {
    let base = Url::parse(&format!("http://{}{path}", rig.listen)).unwrap();
    let url = references.iter().fold(base, |base, reference| base.join(reference).unwrap());
    assert_eq!(url.authority(), rig.listen.to_string(), "{url} is outside of the proxy");
    url[url::Position::BeforePath..].to_owned()
}

pub(crate) async fn follow(rig: &Rig, path: &str, references: &[&str]) -> Got {
    rig.get(&resolved(rig, path, references)).await
}

/// A remote element takes the place of its link, so that players resolve what it holds from its MPD's
/// host (or from the host of its MPD's BaseURL), not from the one it was fetched from.
#[tokio::test]
async fn roots_of_linked_elements_are_those_of_their_mpd() {
    const PERIOD: &str = "<Period duration=\"PT4S\"><AdaptationSet mimeType=\"video/mp4\">\
        <SegmentTemplate media=\"/v/$Number$.m4s\" duration=\"2\"/><Representation id=\"v\" bandwidth=\"9\"/>\
        </AdaptationSet></Period>";
    let ads = holding(None, &[("/deep/ad.xml", PERIOD)]).await;
    let main = holding(
        Some(&ads),
        &[
            ("/a/m.mpd", "<MPD type=\"static\"><Period xlink:href=\"http://{other}/deep/ad.xml?n=1\"/></MPD>"),
            ("/b/m.mpd", "<MPD type=\"static\"><BaseURL>http://{other}/film/</BaseURL><Period xlink:href=\"/ad.xml\"/></MPD>"),
            ("/ad.xml", PERIOD),
        ],
    )
    .await;
    for (mpd, there) in [("/a/m.mpd", &main), ("/b/m.mpd", &ads)] {
        let rig = Rig::before(&main).await;
        let path = format!("{}{mpd}", rig.session("").await);
        let document = rig.get(&path).await.text().to_owned();
        let base = between(&document, "<BaseURL>", "</BaseURL>");
        let linked = follow(&rig, &path, &[between(&document, "xlink:href=\"", "\"")]).await;
        let media = between(linked.text(), "media=\"", "\"").replace("$Number$", "2");
        assert_eq!(follow(&rig, &path, &[base, &media]).await.text(), "media", "{mpd}");
        assert_eq!(there.last().path(), "/v/2.m4s", "{mpd}");
        let planned = rig.told("request_planned", 3).await;
        let resource = planned[2].get("resource").unwrap_or(&planned[2]);
        assert_eq!((&resource["rendition"], &resource["index"]), (&"v".into(), &2.into()), "{mpd}");
    }
}

/// The root of the document's own host needs no prefix where addresses have no session, but that of another host does.
#[tokio::test]
async fn roots_of_bases_are_reached_where_addresses_have_no_session() {
    let cdn = holding(None, &[]).await;
    let main = holding(
        Some(&cdn),
        &[("/m.mpd", "<MPD><BaseURL>http://{other}/v/</BaseURL><Period><AdaptationSet mimeType=\"video/mp4\">\
            <SegmentTemplate media=\"/x/$Number$\" duration=\"4\"/><Representation id=\"v\" bandwidth=\"9\"/></AdaptationSet></Period></MPD>")],
    )
    .await;
    let rig = Rig::start(Some(main.address), |config| {
        config.proxy.session_by = vsps::proxy::SessionBy::Client;
    })
    .await;
    let document = rig.get("/m.mpd").await.text().to_owned();
    let base = between(&document, "<BaseURL>", "</BaseURL>");
    let media = between(&document, "media=\"", "\"").replace("$Number$", "2");
    assert_eq!(follow(&rig, "/m.mpd", &[base, &media]).await.text(), "media", "{document}");
    assert_eq!(cdn.last().path(), "/x/2", "{document}");
}

/// dash.js uses only the first relative BaseURL of a level, and does not resolve links and steering servers
/// against a base: absolute URLs must stay absolute.
#[tokio::test]
async fn absolute_bases_and_links_stay_absolute() {
    let cdn = holding(None, &[]).await;
    let main = holding(
        Some(&cdn),
        &[("/m.mpd", "<MPD type=\"dynamic\"><BaseURL serviceLocation=\"a\">http://{other}/a/</BaseURL>\
            <BaseURL serviceLocation=\"b\">http://{other}/b/</BaseURL><ContentSteering>http://{other}/s</ContentSteering>\
            <Period xlink:href=\"http://{other}/p\"/></MPD>")],
    )
    .await;
    let rig = Rig::before(&main).await;
    let session = rig.session("").await;
    let inside = format!("{}{session}/-/o/http/{}", rig.listen, cdn.address);
    let path = format!("{session}/m.mpd");
    for (told, scheme) in [
        ("", "http"),
        ("X-Forwarded-Proto: https\r\n", "https"),
        ("X-Forwarded-Proto: HTTPS, http\r\n", "https"),
        // Not a valid host name: as if none were given.
        ("X-Forwarded-Host: a&b\r\n", ""),
    ] {
        let got = rig.ask("GET", &path, told).await;
        for led in ["\"a\">*/a/<", "\"b\">*/b/<", "ContentSteering>*/s<", "href=\"*/p\""] {
            let own = match scheme {
                "" => inside.trim_start_matches(|byte| byte != '/').to_owned(),
                scheme => format!("{scheme}://{inside}"),
            };
            let led = led.replace('*', &own);
            assert!(got.text().contains(&led), "{led} is not in {}", got.text());
        }
    }
    let got = rig.get(&path).await;
    let second = between(got.text(), "\"b\">", "<").to_owned();
    assert_eq!(follow(&rig, &path, &[&second, "1.m4s"]).await.text(), "media");
    assert_eq!(cdn.last().path(), "/b/1.m4s");
}

/// A variable may contain a host or a whole reference; both are reached through the session.
#[tokio::test]
async fn hosts_in_variables_are_reached() {
    let cdn = holding(None, &[]).await;
    let main = holding(
        Some(&cdn),
        &[("/v.m3u8", "#EXTM3U\n#EXT-X-DEFINE:NAME=\"host\",VALUE=\"{other}\"\n#EXT-X-DEFINE:NAME=\"all\",VALUE=\"http://{other}/x\"\n\
            #EXT-X-TARGETDURATION:4\n#EXTINF:4,\nhttp://{$host}/1.ts\n#EXTINF:4,\n{$all}/2.ts\n#EXT-X-ENDLIST\n")],
    )
    .await;
    let rig = Rig::before(&main).await;
    let path = format!("{}/v.m3u8", rig.session("").await);
    let got = rig.get(&path).await;
    let all = between(got.text(), "NAME=\"all\",VALUE=\"", "\"").to_owned();
    let lines: Vec<_> = got.text().lines().filter(|line| !line.starts_with('#')).collect();
    let put =
        |line: &str| line.replace("{$host}", &cdn.address.to_string()).replace("{$all}", &all);
    for (line, there) in lines.into_iter().zip(["/1.ts", "/x/2.ts"]) {
        assert_eq!(follow(&rig, &path, &[&put(line)]).await.text(), "media", "{line}");
        assert_eq!(cdn.last().path(), there);
    }
    let planned = rig.told("request_planned", 3).await;
    let index = |event: &serde_json::Value| event.get("resource").unwrap_or(event)["index"].clone();
    assert_eq!((index(&planned[1]), index(&planned[2])), (1.into(), 2.into()));
}

/// A root-relative path that a media playlist imports is at that playlist's host, whichever host defined it.
#[tokio::test]
async fn imported_paths_are_those_of_the_importer() {
    let cdn = holding(
        None,
        &[("/lo.m3u8", "#EXTM3U\n#EXT-X-DEFINE:IMPORT=\"root\"\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n{$root}/1.ts\n#EXTINF:4,\nx{$root}/2.ts\n")],
    )
    .await;
    let main = holding(
        Some(&cdn),
        &[("/main.m3u8", "#EXTM3U\n#EXT-X-DEFINE:NAME=\"root\",VALUE=\"/r\"\n#EXT-X-STREAM-INF:BANDWIDTH=1\nhttp://{other}/lo.m3u8\n")],
    )
    .await;
    let rig = Rig::before(&main).await;
    let path = format!("{}/main.m3u8", rig.session("").await);
    let got = rig.get(&path).await;
    let list = resolved(&rig, &path, &[got.text().lines().last().unwrap()]);
    let got = rig.get(&list).await;
    for (line, there) in
        got.text().lines().filter(|line| !line.starts_with('#')).zip(["/r/1.ts", "/x/r/2.ts"])
    {
        assert_eq!(
            follow(&rig, &list, &[&line.replace("{$root}", "/r")]).await.text(),
            "media",
            "{line}"
        );
        assert_eq!(cdn.last().path(), there);
    }
}

//! Manifests through the proxy: encoded, without a name, steering, redirected, held by the origin.

use super::{
    origin::{Origin, Step, ok},
    player::End,
    rig::Rig,
};
use std::{io::Read as _, io::Write as _, time::Duration};

const PLAYLIST: &[u8] =
    b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nhttp://cdn.test/1\n#EXTINF:4,\n2\n#EXT-X-ENDLIST\n";

/// The playlist as a player inside a session gets it.
fn inside_of(session: &str) -> Vec<u8> {
    let text = String::from_utf8(PLAYLIST.to_vec()).unwrap();
    text.replace("http://cdn.test/", &format!("{session}/-/o/http/cdn.test/")).into_bytes()
}

pub(crate) fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn deflate(body: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn brotli(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    brotli::CompressorWriter::new(&mut out, 4096, 9, 22).write_all(body).unwrap();
    out
}

fn decoded(coding: &str, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    match coding {
        "gzip" => flate2::read::GzDecoder::new(body).read_to_end(&mut out).unwrap(),
        "deflate" => flate2::read::ZlibDecoder::new(body).read_to_end(&mut out).unwrap(),
        "br" => brotli::Decompressor::new(body, 4096).read_to_end(&mut out).unwrap(),
        _ => zstd::stream::read::Decoder::new(body).unwrap().read_to_end(&mut out).unwrap(),
    };
    out
}

#[tokio::test]
async fn encoded_manifests_are_rewritten_and_encoded_again() {
    for (coding, body) in [
        ("gzip", gzip(PLAYLIST)),
        ("br", brotli(PLAYLIST)),
        ("zstd", zstd::stream::encode_all(PLAYLIST, 19).unwrap()),
    ] {
        let headers = format!("Content-Encoding: {coding}\r\nETag: \"q\"\r\n");
        let origin = Origin::saying(ok(&headers, &body)).await;
        let rig = Rig::before(&origin).await;
        let session = rig.session("").await;
        let asked = "Accept-Encoding: gzip, deflate, br, zstd\r\n";
        let got = rig.ask("GET", &format!("{session}/v.m3u8"), asked).await;
        assert_eq!(got.header("content-encoding"), coding);
        assert_eq!(decoded(coding, &got.body), inside_of(&session));
        assert_eq!(origin.last().header("accept-encoding"), ["gzip, br, zstd"]);
        let head = rig.ask("HEAD", &format!("{session}/v.m3u8"), asked).await;
        assert_eq!(head.header("content-length"), got.body.len().to_string());
        rig.get(&format!("{session}/-/o/http/cdn.test/1")).await;
        let planned = rig.told("request_planned", 3).await;
        assert_eq!(planned[2]["resource"]["kind"], "segment", "it was learnt");
    }
}

/// Codings that were not asked for, and several of them: the player decodes them in reverse.
#[tokio::test]
async fn manifests_in_any_codings_are_rewritten() {
    let raw = {
        let level = flate2::Compression::best();
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), level);
        encoder.write_all(PLAYLIST).unwrap();
        encoder.finish().unwrap()
    };
    for (headers, body) in [
        ("Content-Encoding: deflate\r\n", deflate(PLAYLIST)),
        ("Content-Encoding: deflate\r\n", raw),
        ("Content-Encoding: gzip, gzip\r\n", gzip(&gzip(PLAYLIST))),
        ("Content-Encoding: br, gzip\r\n", gzip(&brotli(PLAYLIST))),
        ("Content-Encoding: br\r\nContent-Encoding: deflate\r\n", deflate(&brotli(PLAYLIST))),
    ] {
        let origin = Origin::saying(ok(headers, &body)).await;
        let rig = Rig::before(&origin).await;
        let session = rig.session("").await;
        let got = rig.get(&format!("{session}/v.m3u8")).await;
        let codings: Vec<_> = headers.split([' ', ',', '\r', '\n']).collect();
        let codings = codings.iter().filter(|word| ["gzip", "br", "deflate"].contains(word));
        let body = codings.rev().fold(got.body.clone(), |body, coding| decoded(coding, &body));
        assert_eq!(body, inside_of(&session), "{headers}");
        let over = rig.told("request_finished", 1).await;
        assert_eq!(over[0]["resource"]["kind"], "media-playlist", "{headers}");
    }
}

/// The value of a variable reaches the origin as its manifest defines it, not as an address of the proxy.
#[tokio::test]
async fn a_variable_in_a_query_has_the_value_of_the_origin() {
    const MAIN: &str = "#EXTM3U\n#EXT-X-DEFINE:NAME=\"all\",VALUE=\"https://cdn-b/x\"\n\
                        #EXT-X-STREAM-INF:BANDWIDTH=1\nv.m3u8?u={$all}/8\n";
    const MEDIA: &str = "#EXTM3U\n#EXT-X-DEFINE:IMPORT=\"all\"\n#EXT-X-TARGETDURATION:4\n\
                         #EXTINF:4,\nseg.ts?u={$all}/8\n";
    let origin = Origin::start(|asked| {
        let body = match asked.path().split('?').next().unwrap() {
            "/main.m3u8" => MAIN,
            "/v.m3u8" => MEDIA,
            _ => "media",
        };
        vec![Step::Send(ok("", body.as_bytes()))]
    })
    .await;
    let rig = Rig::before(&origin).await;
    let session = rig.session("").await;
    let main = rig.get(&format!("{session}/main.m3u8")).await.text().to_owned();
    // As a player does it, with the definition that it got.
    let value = main.split("VALUE=\"").nth(1).unwrap().split('"').next().unwrap();
    let last = |playlist: &str| playlist.lines().last().unwrap().replace("{$all}", value);
    let media = rig.get(&format!("{session}/{}", last(&main))).await.text().to_owned();
    assert_eq!(origin.last().path(), "/v.m3u8?u=https://cdn-b/x/8");
    rig.get(&format!("{session}/{}", last(&media))).await;
    assert_eq!(origin.last().path(), "/seg.ts?u=https://cdn-b/x/8");
    assert_eq!(rig.told("request_planned", 3).await[2]["resource"]["kind"], "segment");
}

#[tokio::test]
async fn an_encoded_manifest_that_need_not_change_keeps_its_bytes() {
    let body = gzip(b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n1.ts\n");
    let origin = Origin::saying(ok("Content-Encoding: gzip\r\n", &body)).await;
    let rig = Rig::before(&origin).await;
    let session = rig.session("").await;
    let got = rig.ask("GET", &format!("{session}/v.m3u8"), "Accept-Encoding: gzip\r\n").await;
    assert!(got.body == body);
}

/// 64 MiB of zeros in 64 KiB, an unknown coding, and a body with the wrong coding.
#[tokio::test]
async fn odd_encodings_pass_untouched_with_one_warning() {
    let mut bomb = b"#EXTM3U\n".to_vec();
    bomb.resize(64 << 20, b'\n');
    for (coding, body) in
        [("gzip", gzip(&bomb)), ("x-odd", PLAYLIST.to_vec()), ("zstd", PLAYLIST.to_vec())]
    {
        let headers = format!("Content-Encoding: {coding}\r\n");
        let origin = Origin::saying(ok(&headers, &body)).await;
        let rig = Rig::before(&origin).await;
        let session = rig.session("").await;
        let got = rig.get(&format!("{session}/v.m3u8")).await;
        assert!(got.body == body, "{coding}");
        rig.told("manifest_unread", 1).await;
    }
}

#[tokio::test]
async fn a_manifest_without_a_telling_name_is_known_by_its_type_or_first_bytes() {
    for (headers, body) in [
        ("Content-Type: application/vnd.apple.mpegurl\r\n", PLAYLIST.to_vec()),
        ("Content-Type: application/octet-stream\r\n", PLAYLIST.to_vec()),
        ("", PLAYLIST.to_vec()),
        ("Content-Type: text/plain\r\nContent-Encoding: gzip\r\n", gzip(PLAYLIST)),
    ] {
        let origin = Origin::saying(ok(headers, &body)).await;
        let rig = Rig::before(&origin).await;
        let session = rig.session("").await;
        let got = rig.get(&format!("{session}/play?id=7")).await;
        let coded = !got.header("content-encoding").is_empty();
        let body = if coded { decoded("gzip", &got.body) } else { got.body.clone() };
        assert_eq!(body, inside_of(&session), "{headers}");
        let over = rig.told("request_finished", 1).await;
        assert_eq!(over[0]["resource"]["kind"], "media-playlist");
        rig.get(&format!("{session}/2")).await;
        assert_eq!(rig.told("request_planned", 2).await[1]["resource"]["number"], 1);
    }
}

/// A body without a media type that is not a manifest passes as it arrives.
#[tokio::test]
async fn what_is_no_manifest_streams_on() {
    let first = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nticks: 1\n".to_vec();
    let origin = Origin::start(move |_| {
        vec![Step::Send(first.clone()), Step::Pause(Duration::from_secs(60))]
    })
    .await;
    let rig = Rig::before(&origin).await;
    let session = rig.session("").await;
    let mut player = rig.player().await;
    player.send(format!("GET {session}/ticks HTTP/1.0\r\n\r\n")).await;
    let got = player.read_for(Duration::from_secs(1)).await;
    assert_eq!((got.text(), got.end), ("ticks: 1\n", End::Open));
}

#[tokio::test]
async fn steering_keeps_the_player_inside() {
    let main = "#EXTM3U\n#EXT-X-CONTENT-STEERING:SERVER-URI=\"/st\"\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlo.m3u8\n";
    let steering = r#"{"VERSION":1,"RELOAD-URI":"http://steer.test/2","PATHWAY-CLONES":[{"BASE-ID":"A","ID":"B","URI-REPLACEMENT":{"HOST":"b.test:81","PER-VARIANT-URIS":{"x":"http://c.test/x"}}}]}"#;
    let origin = Origin::start(move |asked| {
        let json = "Content-Type: application/json\r\n";
        vec![Step::Send(match asked.path().starts_with("/st?") {
            true => ok(json, steering.as_bytes()),
            false => ok("", main.as_bytes()),
        })]
    })
    .await;
    let rig = Rig::before(&origin).await;
    let session = rig.session("").await;
    rig.get(&format!("{session}/main.m3u8")).await;
    let got = rig.get(&format!("{session}/st?_HLS_pathway=A&_HLS_throughput=5140000")).await;
    assert_eq!(origin.last().path(), "/st?_HLS_pathway=A&_HLS_throughput=5140000");
    let text = got.text();
    assert!(text.contains(&format!(r#""RELOAD-URI":"{session}/-/o/http/steer.test/2""#)), "{text}");
    assert!(
        text.contains(r#"{"PARAMS":{"vsps.host":"b.test:81"},"X-VSPS-HOST":"b.test:81""#),
        "{text}"
    );
    let whole = format!(r#""x":"http://{}{session}/-/o/http/c.test/x""#, rig.listen);
    assert!(text.contains(&whole), "{text}");
    let got = rig.get(&format!("{session}/lo.m3u8?t=1&vsps.host=b.test%3A81")).await;
    let there = format!("{session}/-/o/http/b.test:81/lo.m3u8?t=1");
    assert_eq!((got.status(), got.header("location")), (307, &*there));
}

#[tokio::test]
async fn what_a_redirect_leads_to_is_what_was_asked_for() {
    let origin = Origin::start(|asked| {
        vec![Step::Send(match asked.path() {
            "/v.m3u8" => {
                ok("", b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n1.ts\n#EXT-X-ENDLIST\n")
            }
            "/1.ts" => {
                b"HTTP/1.1 302 Found\r\nLocation: /blob?id=1\r\nContent-Length: 0\r\n\r\n".to_vec()
            }
            _ => ok("", b"x"),
        })]
    })
    .await;
    let rig = Rig::before(&origin).await;
    let session = rig.session("").await;
    rig.get(&format!("{session}/v.m3u8")).await;
    let got = rig.get(&format!("{session}/1.ts")).await;
    assert_eq!(got.header("location"), format!("{session}/blob?id=1"));
    rig.get(got.header("location")).await;
    let planned = rig.told("request_planned", 3).await;
    assert_eq!(planned[2]["resource"], planned[1]["resource"]);
    assert_eq!(planned[2]["resource"]["index"], 1);
}

/// The origin holds a blocking reload: its parameters arrive as they were sent, and the wait does not count as
/// a slow origin.
#[tokio::test]
async fn a_blocking_reload_goes_through_and_is_no_slowness() {
    let playlist = ok("", b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n1.ts\n");
    let origin = Origin::start(move |asked| {
        let held = asked.path().contains("_HLS_msn");
        let wait = Duration::from_millis(if held { 300 } else { 0 });
        vec![Step::Pause(wait), Step::Send(playlist.clone())]
    })
    .await;
    let rig = Rig::before(&origin).await;
    let session = rig.session("").await;
    rig.get(&format!("{session}/v.m3u8")).await;
    let directives = "/v.m3u8?_HLS_part=1&t=%2f&_HLS_msn=2&_HLS_skip=v2";
    rig.get(&format!("{session}{directives}")).await;
    assert_eq!(origin.last().path(), directives);
    rig.told("request_finished", 2).await;
    assert_eq!(rig.counted("vsps_upstream_ttfb_seconds_count").await, 1.0);
}

/// A hinted part arrives as the origin produces it.
#[tokio::test]
async fn a_hinted_part_passes_chunk_by_chunk() {
    let playlist = b"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n1.mp4\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"2.0.mp4\"\n";
    let origin = Origin::start(move |asked| match asked.path() {
        "/2.0.mp4" => {
            let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nmoof\r\n";
            vec![Step::Send(head.into()), Step::Pause(Duration::from_secs(60))]
        }
        _ => vec![Step::Send(ok("", playlist))],
    })
    .await;
    let rig = Rig::before(&origin).await;
    let session = rig.session("").await;
    rig.get(&format!("{session}/v.m3u8")).await;
    let mut player = rig.player().await;
    player.send(format!("GET {session}/2.0.mp4 HTTP/1.0\r\n\r\n")).await;
    let got = player.read_for(Duration::from_secs(1)).await;
    assert_eq!((got.text(), got.end), ("moof", End::Open));
    assert_eq!(rig.told("request_planned", 2).await[1]["resource"]["kind"], "part");
    drop(player);
    rig.told("request_finished", 2).await;
    assert_eq!(rig.counted("vsps_upstream_ttfb_seconds_count").await, 1.0, "the playlist's");
}

/// An MPD that would expand without limit: a few KiB of gzip.
fn hostile_mpd() -> Vec<u8> {
    let template = format!("<SegmentTemplate media=\"{}$Number$\"/>", "$$".repeat(1 << 19));
    let codecs = "avc1,".repeat(100_000);
    let sets = "<Representation id=\"v\" bandwidth=\"1\"/>".repeat(20_000);
    let set = format!("<AdaptationSet codecs=\"{codecs}\">{template}{sets}</AdaptationSet>");
    format!("<MPD><BaseURL>http://cdn.test/</BaseURL><Period>{set}</Period></MPD>").into_bytes()
}

/// On a single thread: a manifest that takes seconds to read does not delay other requests.
#[tokio::test]
async fn a_long_manifest_is_read_while_others_are_answered() {
    let bodies = [
        ("/long.mpd", gzip(&hostile_mpd())),
        (
            "/long.m3u8",
            gzip(
                format!(
                    "{}{}",
                    "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-DEFINE:NAME=\"v\",VALUE=\"1\"\n",
                    "{$".repeat(1 << 20)
                )
                .as_bytes(),
            ),
        ),
    ];
    for (path, body) in bodies {
        assert!(body.len() < 64 << 10, "{path}: {} bytes", body.len());
        let long = ok("Content-Encoding: gzip\r\n", &body);
        let origin = Origin::start(move |asked| {
            vec![Step::Send(if asked.path() == path { long.clone() } else { ok("", b"short") })]
        })
        .await;
        let rig = Rig::before(&origin).await;
        let (slow, other) = (rig.session("").await, rig.session("").await);
        let mut player = rig.player().await;
        player
            .send(format!("GET {slow}{path} HTTP/1.1\r\nHost: p\r\nAccept-Encoding: gzip\r\n\r\n"))
            .await;
        while origin.asked().is_empty() {
            tokio::task::yield_now().await;
        }
        let mut answered = 0;
        let long = player.answer();
        tokio::pin!(long);
        let got = loop {
            let path = format!("{other}/{answered}.ts");
            tokio::select! {
                got = &mut long => break got,
                short = rig.get(&path) => {
                    assert_eq!(short.text(), "short");
                    answered += 1;
                }
            }
        };
        assert_eq!(got.status(), 200, "{path}");
        assert!(answered > 5, "{path}: {answered} others meanwhile");
    }
}

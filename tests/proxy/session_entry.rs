//! Addresses at which sessions start, and URLs that would leave them.

use super::{
    origin::{Origin, ok},
    rig::Rig,
};

const HEAD: &str = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n";
const TYPE: &str = "Content-Type: application/vnd.apple.mpegurl\r\n";

fn playlist(uris: &[&str]) -> String {
    uris.iter().fold(HEAD.to_owned(), |text, uri| text + "#EXTINF:4,\n" + *uri + "\n")
}

/// The URIs of a playlist.
fn uris(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.starts_with('#')).collect()
}

#[tokio::test]
async fn user_information_is_sent_as_authorization() {
    let origin = Origin::saying(ok(TYPE, b"")).await;
    let host = origin.address;
    let map = format!("#EXT-X-MAP:URI=\"http://v@{host}/i.mp4\"\n");
    let body = playlist(&[&format!("http://u:p%40@{host}/1.ts"), "2.ts"]) + map.as_str();
    let origin_of = Origin::saying(ok(TYPE, body.as_bytes())).await;
    let rig = Rig::before(&origin_of).await;
    let inside = rig.session("").await;
    let got = rig.get(&format!("{inside}/a.m3u8")).await;
    let led = format!("{inside}/-/o/http/{host}/1.ts");
    assert_eq!(uris(got.text()), [&led, "2.ts"]);
    assert!(!got.text().contains('@'), "{}", got.text());
    rig.get(&led).await;
    assert_eq!(origin.last().header("authorization"), ["Basic djo="], "the last one that was told");
    assert_eq!(rig.told("request_planned", 2).await[1]["resource"]["index"], 1);
    // The player's own values take precedence.
    rig.ask("GET", &led, "Authorization: Bearer x\r\n").await;
    assert_eq!(origin.last().header("authorization"), ["Bearer x"]);
}

#[tokio::test]
async fn a_range_of_the_whole_manifest_is_led_inside() {
    let body = b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nhttp://cdn.test/v.m3u8\n";
    let range = format!("Content-Range: bytes 0-{}/{}\r\n{TYPE}", body.len() - 1, body.len());
    let answer = String::from_utf8(ok(&range, body)).unwrap();
    let answer = answer.replacen("200 OK", "206 Partial Content", 1);
    let origin = Origin::saying(answer).await;
    let rig = Rig::before(&origin).await;
    let inside = rig.session("").await;
    for asked in ["bytes=0-", "bytes=0-4999"] {
        let got =
            rig.ask("GET", &format!("{inside}/play?id=5"), &format!("Range: {asked}\r\n")).await;
        assert_eq!(uris(got.text()), [format!("{inside}/-/o/http/cdn.test/v.m3u8")]);
        let length = got.body.len();
        assert_eq!(got.status(), 206);
        assert_eq!(got.header("content-range"), format!("bytes 0-{}/{length}", length - 1));
        assert_eq!(got.header("content-length"), length.to_string());
    }
    // Another range passes unchanged.
    rig.ask("GET", &format!("{inside}/m.m3u8"), "Range: bytes=9-20\r\n").await;
    assert_eq!(origin.last().header("range"), ["bytes=9-20"]);
}

#[tokio::test]
async fn manifests_with_choices_in_brackets_start_sessions() {
    let origin = Origin::saying(ok("", b"")).await;
    let rig = Rig::before(&origin).await;
    for path in [
        "/a/x.ism/manifest(filter=no)",
        "/a/x.ism/manifest(encryption=cbc,format=m3u8-aapl)",
        "/a/x.isml/Manifest(video,format=m3u8-aapl)",
    ] {
        let got = rig.get(path).await;
        assert_eq!(got.status(), 307, "{path}");
        assert!(got.header("location").ends_with(path), "{path}");
    }
}

#[tokio::test]
async fn a_host_has_one_name() {
    for (written, named) in [
        ("http://CDN-A.Example:8080", "http/cdn-a.example:8080"),
        ("HTTP://cdn-a.example:80", "http/cdn-a.example"),
        ("http://cdn-a.example:", "http/cdn-a.example"),
        ("HTTPS://CDN-A.example:443", "https/cdn-a.example"),
    ] {
        let body = playlist(&[&format!("{written}/s/1.ts")]);
        let origin = Origin::saying(ok(TYPE, body.as_bytes())).await;
        let rig = Rig::before(&origin).await;
        // Without a private origin, so that nothing is asked of that host.
        let inside = rig.session("").await;
        let got = rig.get(&format!("{inside}/a.m3u8")).await;
        let led = format!("{inside}/-/o/{named}/s/1.ts");
        assert_eq!(uris(got.text()), [&*led], "{written}");
        rig.get(&led).await;
        rig.get(&led.replace("cdn-a.example", "CDN-A.Example")).await;
        for planned in &rig.told("request_planned", 3).await[1..] {
            assert_eq!(planned["resource"]["index"], 1, "{written}");
        }
    }
}

#[tokio::test]
async fn an_origin_with_paths_below_a_dash() {
    let body = playlist(&["/-/snippets/1/raw/1.ts", "2.ts"]);
    let origin = Origin::saying(ok(TYPE, body.as_bytes())).await;
    let rig = Rig::before(&origin).await;
    let inside = rig.session("").await;
    let got = rig.get(&format!("{inside}/-/snippets/1/raw/i.m3u8")).await;
    assert_eq!(origin.last().path(), "/-/snippets/1/raw/i.m3u8");
    assert_eq!(uris(got.text()), [&format!("{inside}/-/snippets/1/raw/1.ts"), "2.ts"]);
    rig.get(&format!("{inside}/-/snippets/1/raw/1.ts")).await;
    assert_eq!(rig.told("request_planned", 2).await[1]["resource"]["index"], 1);
}

#[tokio::test]
async fn parameters_and_dots_lead_through_the_session() {
    let define = |name: &str, uri: &str| {
        format!("{HEAD}#EXT-X-DEFINE:QUERYPARAM=\"{name}\"\n#EXTINF:4,\n{uri}\n")
    };
    for (asked, body, led) in [
        (
            "/a.m3u8?cdn=https%3A%2F%2Fcdn-a.example%2Fp",
            define("cdn", "{$cdn}/seg.mp4"),
            "/-/o/https/cdn-a.example/p/seg.mp4",
        ),
        ("/x/b.m3u8?dir=%2Fmedia%2F1", define("dir", "{$dir}/seg.mp4"), "{$dir}/seg.mp4"),
        ("/a/i.m3u8", playlist(&["../../../v/1.ts"]), "/v/1.ts"),
        ("/a/i.m3u8", playlist(&["/x/../../v/2.ts"]), "/v/2.ts"),
        (
            "/a/i.m3u8",
            playlist(&["https://cdn-a.example/../v/3.ts"]),
            "/-/o/https/cdn-a.example/v/3.ts",
        ),
    ] {
        let origin = Origin::saying(ok(TYPE, body.as_bytes())).await;
        let rig = Rig::before(&origin).await;
        let inside = rig.session("").await;
        let got = rig.get(&format!("{inside}{asked}")).await;
        assert_eq!(uris(got.text()), [format!("{inside}{led}")], "{asked}");
        // Below an origin that is named, the same.
        let there = format!("{inside}/-/o/http/localhost:{}", origin.address.port());
        let got = rig.get(&format!("{there}{asked}")).await;
        if got.status() == 200 && !led.starts_with("/-/") {
            assert_eq!(uris(got.text()), [format!("{there}{led}")], "{asked}");
        }
    }
}

/// A link names a network and rules, without a file.
#[tokio::test]
async fn a_link_shapes_its_session() {
    let origin = Origin::saying(ok(TYPE, playlist(&["1.ts"]).as_bytes())).await;
    let rig = Rig::before(&origin).await;
    let link = "vsps.rate=500+kbps&vsps.rtt=80ms&vsps.loss=1%25&vsps.rules=stuck-playlist";
    rig.session(link).await;
    rig.session("vsps.profile=3g&vsps.rate=2Mbit/s").await;
    rig.session("vsps.rules=%5B%22stuck-playlist%22,%22segment:delay=2s%22%5D").await;
    let started = rig.told("session_started", 3).await;
    assert_eq!(
        (&started[0]["profile"], &started[0]["rate_bps"]),
        (&"custom".into(), &500_000.into())
    );
    assert_eq!(
        (&started[1]["profile"], &started[1]["rate_bps"]),
        (&"3g".into(), &2_000_000.into())
    );
    assert_eq!(started[2]["profile"], "unlimited");
    for (wrong, hint) in [
        ("vsps.rate=2MB/s", "multiply by 8"),
        ("vsps.rtt=80", "as in `30 ms`"),
        ("vsps.loss=2", "from 0 to 1"),
        ("vsps.speed=2", "vsps.rate, vsps.rtt, vsps.loss"),
    ] {
        let got = rig.get(&format!("/start.m3u8?{wrong}")).await;
        assert_eq!(got.status(), 400);
        assert!(got.text().contains(hint), "{}", got.text());
    }
}

/// Behind another server, a session's addresses in manifests are those that players reach.
#[tokio::test]
async fn manifests_lead_to_the_public_url() {
    let uris_of_origin = ["http://cdn.test/1.ts", "/2.ts", "3.ts", "//cdn.test/4.ts"];
    let origin = Origin::saying(ok(TYPE, playlist(&uris_of_origin).as_bytes())).await;
    let public: std::sync::Arc<str> = "https://proxy.example".into();
    let rig = Rig::start(Some(origin.address), |config| {
        config.proxy.public_url = Some(public.clone());
    })
    .await;
    let inside = rig.session("").await;
    let got = rig.get(&format!("{inside}/a.m3u8")).await;
    let led = format!("{public}{inside}");
    assert_eq!(
        uris(got.text()),
        [
            &*format!("{led}/-/o/http/cdn.test/1.ts"),
            &format!("{led}/2.ts"),
            "3.ts",
            &format!("{led}/-/o/http/cdn.test/4.ts"),
        ]
    );
    let mpd = "<MPD><BaseURL>http://cdn.test/v/</BaseURL><Location>/live.mpd</Location>\
        <Period><SegmentTemplate media=\"/1.m4s\"/></Period></MPD>";
    let origin = Origin::saying(ok("Content-Type: application/dash+xml\r\n", mpd.as_bytes())).await;
    let rig =
        Rig::start(Some(origin.address), |config| config.proxy.public_url = Some(public)).await;
    let inside = rig.session("").await;
    let got = rig.get(&format!("{inside}/a.mpd")).await;
    let led = format!("https://proxy.example{inside}");
    assert!(
        got.text().contains(&format!("<BaseURL>{led}/-/o/http/cdn.test/v/<")),
        "{}",
        got.text()
    );
    assert!(got.text().contains(&format!("<Location>{led}/live.mpd<")), "{}", got.text());
    // The root is that of the BaseURL's host.
    let media = format!("media=\"{led}/-/o/http/cdn.test/1.m4s\"");
    assert!(got.text().contains(&media), "{}", got.text());
}

//! With profile `unlimited` and no rules, the player receives exactly the origin's response.

use super::{
    origin::{Origin, Step, ok, pattern},
    player::{Got, unchunked},
    rig::{Rig, ask},
};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use std::{collections::BTreeSet, io::Write as _, net::SocketAddr};
use tokio::net::TcpListener;

/// Headers of one connection, or that depend on the time.
const ASIDE: [&str; 6] =
    ["connection", "keep-alive", "transfer-encoding", "via", "date", "server-timing"];

/// Status line, headers and body, as far as they must be equal.
fn essence(got: &Got) -> (String, BTreeSet<String>, &[u8]) {
    let mut lines = got.head.lines();
    let status = lines.next().unwrap_or_default().to_owned();
    let name = |line: &&str| line.split(':').next().unwrap().to_ascii_lowercase();
    let headers = lines.filter(|line| !ASIDE.contains(&&*name(line)));
    let headers = headers.map(|line| {
        let (name, value) = line.split_once(':').unwrap();
        format!("{}:{value}", name.to_ascii_lowercase())
    });
    (status, headers.collect(), &got.body)
}

async fn built_in() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let origin = vsps::origin::Origin::new().unwrap();
    tokio::spawn(vsps::origin::serve(origin, listener, std::future::pending()));
    address
}

/// All that the manifests name: playlists, init segments, the first and last segment of each rung.
async fn resources(origin: SocketAddr) -> Vec<String> {
    let mut all = Vec::new();
    for start in ["/demo/hls/", "/demo/live/hls/"] {
        let master = format!("{start}master.m3u8");
        let playlists = uris(&ask(origin, "GET", &master, "").await, start);
        all.push(master);
        for playlist in playlists {
            let segments = uris(&ask(origin, "GET", &playlist, "").await, start);
            assert!(segments.len() > 2, "{playlist}: {segments:?}");
            all.push(playlist);
            all.extend(
                [&segments[0], &segments[1], &segments[segments.len() - 1]].map(Clone::clone),
            );
        }
    }
    all.extend(
        ["/demo/dash/manifest.mpd", "/demo/live/dash/manifest.mpd", "/demo/no"].map(str::to_owned),
    );
    all
}

/// The URIs of a playlist, as paths.
fn uris(playlist: &Got, folder: &str) -> Vec<String> {
    let base = url::Url::parse("http://a").unwrap().join(folder).unwrap();
    let quoted = |line: &str| line.split("URI=\"").nth(1)?.split('"').next().map(str::to_owned);
    let uri = |line: &str| match line.starts_with('#') {
        true => quoted(line),
        false => Some(line.to_owned()).filter(|line| !line.is_empty()),
    };
    let found = playlist.text().lines().filter_map(uri);
    found.map(|uri| base.join(&uri).unwrap().path().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_resource_of_the_built_in_origin_is_the_same_through_the_proxy() {
    let origin = built_in().await;
    let rig = Rig::start(Some(origin), |_| {}).await;
    let inside = rig.session("").await;
    let resources = resources(origin).await;
    assert!(resources.len() > 40, "{resources:?}");
    for path in &resources {
        let tag = ask(origin, "HEAD", path, "").await.header("etag").to_owned();
        for (method, headers) in [
            ("GET", String::new()),
            ("HEAD", String::new()),
            ("GET", "Range: bytes=100-1099\r\n".to_owned()),
            ("GET", "Range: bytes=-7\r\n".to_owned()),
            ("GET", "Range: bytes=999999999-\r\n".to_owned()),
            ("GET", format!("If-None-Match: {tag}\r\n")),
            ("GET", format!("Range: bytes=0-9\r\nIf-Range: {tag}\r\n")),
        ] {
            let path_inside = format!("{inside}{path}");
            // A live playlist moves on between two looks at it.
            for last in [false, false, true] {
                let direct = ask(origin, method, path, &headers).await;
                let proxied = rig.ask(method, &path_inside, &headers).await;
                if essence(&direct) == essence(&proxied) {
                    break;
                }
                if last {
                    assert_eq!(
                        essence(&direct).0,
                        essence(&proxied).0,
                        "{method} {path} {headers}"
                    );
                    assert_eq!(
                        essence(&direct).1,
                        essence(&proxied).1,
                        "{method} {path} {headers}"
                    );
                    panic!("{method} {path} {headers}: other bytes");
                }
            }
        }
    }
}

#[tokio::test]
async fn the_origin_sees_the_players_headers_and_none_of_ours_but_via() {
    let origin = Origin::saying(ok("", b"x")).await;
    let rig = Rig::before(&origin).await;
    let headers = "User-Agent: tv/1\r\nCookie: a=b\r\nCookie: c=d\r\nX-Odd:  \tspaced \r\n\
                   Accept-Encoding: br\r\nIf-Match: \"q\"\r\nTE: trailers, gzip\r\n\
                   Keep-Alive: 3\r\nProxy-Connection: x\r\nUpgrade: h2c\r\nX-Private: 1\r\n\
                   Connection: X-Private, Upgrade\r\n";
    rig.ask("GET", "/a%2Fb/../c?d=%20&e", headers).await;
    let asked = origin.last();
    assert_eq!(asked.path(), "/a%2Fb/../c?d=%20&e");
    let mut lines: Vec<_> = asked.head.lines().skip(1).map(str::to_ascii_lowercase).collect();
    lines.sort();
    let host = format!("host: {}", origin.address);
    let expected = [
        "accept-encoding: br",
        "cookie: a=b",
        "cookie: c=d",
        &host,
        "if-match: \"q\"",
        "te: trailers",
        "user-agent: tv/1",
        "via: 1.1 vsps",
        "x-odd: spaced",
    ];
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn odd_answers_pass_as_they_are() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Encoding: gzip\r\nX-A: 1\r\nX-A: 2\r\n\r\nabc",
        "HTTP/1.1 206 Partial Content\r\nContent-Length: 3\r\nContent-Range: bytes 0-2/9\r\n\r\nabc",
        "HTTP/1.1 304 Not Modified\r\nETag: \"q\"\r\n\r\n",
        "HTTP/1.1 204 No Content\r\nServer: odd\r\n\r\n",
        "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 299 Oddly Fine\r\nContent-Length: 1\r\n\r\nx",
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 3\r\nContent-Length: 2\r\n\r\nno",
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
    ] {
        let origin = Origin::saying(answer).await;
        let rig = Rig::before(&origin).await;
        let mut direct = ask(origin.address, "GET", "/a", "").await;
        if let Some(rest) = answer.strip_prefix("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n") {
            direct = ask(Origin::saying(rest).await.address, "GET", "/a", "").await;
        }
        let proxied = rig.get("/a").await;
        assert_eq!(essence(&direct), essence(&proxied), "{answer}");
        assert_eq!(proxied.all("via"), ["1.1 vsps"]);
    }
}

/// A body that ends with the connection, one in chunks, and what HEAD says of either.
#[tokio::test]
async fn a_body_of_unknown_length_comes_whole() {
    let body = pattern(100_000);
    let closing = [b"HTTP/1.1 200 OK\r\n\r\n", &*body].concat();
    let origin = Origin::saying(closing).await;
    let rig = Rig::before(&origin).await;
    let mut player = rig.player().await;
    player.send("GET /a HTTP/1.0\r\n\r\n").await;
    assert!(player.rest().await.body == body, "HTTP/1.0 knows no chunks");
    let got = rig.get("/a").await;
    assert_eq!(got.header("transfer-encoding"), "chunked");
    assert!(unchunked(&got.body) == (body, true));
}

#[tokio::test]
async fn trailers_survive_both_ways() {
    let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n\
                  3\r\nabc\r\n0\r\nX-Sum: 6\r\n\r\n";
    let origin = Origin::saying(answer).await;
    let rig = Rig::before(&origin).await;
    let got = rig.ask("GET", "/a", "TE: trailers\r\n").await;
    assert_eq!(got.header("trailer"), "X-Sum");
    assert_eq!(got.text().to_ascii_lowercase(), "3\r\nabc\r\n0\r\nx-sum: 6\r\n\r\n");
    let mut player = rig.player().await;
    player
        .send("POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-In\r\n\r\n")
        .await;
    player.send("2\r\nhi\r\n0\r\nX-In: 1\r\n\r\n").await;
    player.read_for(std::time::Duration::from_millis(300)).await;
    let asked = String::from_utf8(origin.last().body).unwrap().to_ascii_lowercase();
    assert!(asked.starts_with("2\r\nhi\r\n0\r\n"), "{asked}");
    assert!(asked.contains("x-in: 1"), "{asked}");
}

/// The origin has the first half before the second is sent, and answers before the end.
#[tokio::test]
async fn request_bodies_stream() {
    let origin = Origin::start(|asked| vec![Step::Send(ok("", &asked.body))]).await;
    let rig = Rig::before(&origin).await;
    let body = pattern(1_000_000);
    let mut player = rig.player().await;
    let head =
        "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\nConnection: close\r\n\r\n";
    player.send(head).await;
    player.send(&body).await;
    assert!(player.rest().await.body == body);
    assert_eq!(origin.last().header("content-length"), ["1000000"]);
}

#[tokio::test]
async fn a_media_stream_comes_over_http_2() {
    let rig = Rig::start(None, |_| {}).await;
    let client: Client<HttpConnector, Empty<Bytes>> =
        Client::builder(TokioExecutor::new()).http2_only(true).build_http();
    let fetch = async |path: &str| {
        let url = format!("http://{}{path}", rig.listen).parse().unwrap();
        let response = client.get(url).await.unwrap();
        assert_eq!(response.version(), http::Version::HTTP_2);
        let (head, body) = response.into_parts();
        (head, body.collect().await.unwrap().to_bytes())
    };
    let (head, _) = fetch("/demo/hls/master.m3u8").await;
    assert_eq!(head.status, 307);
    let inside = head.headers["location"].to_str().unwrap().to_owned();
    let (head, master) = fetch(&inside).await;
    assert!(head.status == 200 && master.starts_with(b"#EXTM3U"));
    let folder = inside.strip_suffix("hls/master.m3u8").unwrap();
    let segment = format!("{folder}media/v6/seg-1.m4s");
    let (two, plain) = tokio::join!(fetch(&segment), rig.get(&segment));
    assert!(two.0.status == 200 && two.1 == plain.body);
    assert!(plain.body.len() > 1_000_000);
}

/// Only URIs that would leave the session are changed, and HEAD has the length of GET's body.
#[tokio::test]
async fn a_manifest_differs_only_in_rewritten_uris() {
    let mut playlist = Vec::new();
    write!(
        playlist,
        "#EXTM3U\r\n#EXT-X-TARGETDURATION:4\n#X-ODD: é\n#EXTINF:4,\nhttp://cdn.test/1.ts\n"
    )
    .unwrap();
    write!(playlist, "#EXTINF:4,\n/2.ts\n#EXTINF:4,\n3.ts\n\n").unwrap();
    let origin = Origin::saying(ok("ETag: \"q\"\r\nAge: 3\r\n", &playlist)).await;
    let rig = Rig::before(&origin).await;
    let inside = rig.session("").await;
    let path = format!("{inside}/live.m3u8");
    let got = rig.ask("GET", &path, "Accept-Encoding: gzip\r\n").await;
    let expected = String::from_utf8(playlist).unwrap();
    let expected = expected.replace("http://cdn.test/", &format!("{inside}/-/o/http/cdn.test/"));
    let expected = expected.replace("\n/2.ts", &format!("\n{inside}/2.ts"));
    assert_eq!(got.text(), expected);
    assert_eq!((got.header("etag"), got.header("age")), ("\"q\"", "3"));
    assert_eq!(origin.last().header("accept-encoding"), ["gzip"], "what is readable is asked for");
    let head = rig.ask("HEAD", &path, "").await;
    assert_eq!(head.header("content-length"), got.body.len().to_string());
    assert!(head.body.is_empty());
}

/// W3C Trace Context: the origin sees the trace of the player as it was sent.
#[tokio::test]
async fn a_trace_context_is_passed_on_unchanged() {
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let origin = Origin::saying(ok("", b"x")).await;
    let rig = Rig::before(&origin).await;
    let session = rig.session("").await;
    let head = format!("traceparent: {parent}\r\ntracestate: a=1,b=2\r\n");
    rig.ask("GET", &format!("{session}/1.m4s"), &head).await;
    assert_eq!(origin.last().header("traceparent"), [parent]);
    assert_eq!(origin.last().header("tracestate"), ["a=1,b=2"]);
}

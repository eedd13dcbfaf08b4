//! Requests for content that does not exist yet: held until it does, or until the client disconnects.

use std::time::Duration;

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use vsps::origin::{Answer, Origin, serve};
use vsps::units::UnixTime;

use crate::{NEWEST, NOW, answer_at, ask_at, text};

/// Two seconds into the segment after the newest: four of its parts exist.
const GROWING: u64 = NEWEST + 1;

/// Far longer than anything here is held.
const PATIENCE: Duration = Duration::from_secs(30);

fn held_until(path: &str) -> Option<UnixTime> {
    held_from(NOW, path)
}

fn held_from(now: UnixTime, path: &str) -> Option<UnixTime> {
    match answer_at(now, Method::GET, path, &[]) {
        Answer::Now(_) => None,
        Answer::At(moment) => Some(moment),
    }
}

fn status(path: &str) -> StatusCode {
    ask_at(NOW, Method::GET, path, &[]).status()
}

#[test]
fn a_hinted_part_is_held_until_it_ends_and_later_ones_are_not_there() {
    let part = |part| format!("/demo/ll/media/v1/seg-{GROWING}.{part}.m4s");
    assert_eq!(status(&part(3)), StatusCode::OK);
    assert_eq!(held_until(&part(4)), Some(NOW + Duration::from_millis(500)));
    assert_eq!(status(&part(7)), StatusCode::NOT_FOUND);
    assert_eq!(status(&format!("/demo/ll/media/v1/seg-{}.0.m4s", NEWEST - 24)), StatusCode::GONE);
    assert_eq!(status(&format!("/demo/ll/media/v1/seg-{}.0.m4s", u64::MAX)), StatusCode::NOT_FOUND);
}

/// Its first part exists two and a half seconds from now, and that of the one after it four seconds later. Shaka
/// requests the segment after the one that is being produced, at any time.
#[test]
fn a_segment_in_parts_is_held_for_a_client_that_is_up_to_a_segment_early() {
    let half = Duration::from_millis(500);
    let next = format!("/demo/ll/media/v1/seg-{}.m4s", GROWING + 1);
    assert_eq!(held_until(&next), Some(NOW + half * 5));
    let after = format!("/demo/ll/media/v1/seg-{}.m4s", GROWING + 2);
    assert_eq!(status(&after), StatusCode::NOT_FOUND);
    assert_eq!(held_from(NOW + half * 5, &after), Some(NOW + half * 13));
}

/// dash.js takes half of the round trip for the way of the response, and is early where the request took longer.
#[test]
fn a_whole_segment_is_held_for_a_client_whose_clock_is_a_little_ahead() {
    let end = NOW + Duration::from_secs(2);
    let ahead = |millis| end - Duration::from_millis(millis);
    for kind in ["media/v1/seg-N.m4s", "media/a1/seg-N.m4s", "ts/v1/seg-N.ts"] {
        let path = format!("/demo/live/{kind}").replace('N', &GROWING.to_string());
        assert_eq!(held_from(ahead(500), &path), Some(end), "{path}");
        assert_eq!(held_from(ahead(1), &path), Some(end), "{path}");
        assert_eq!(held_from(end, &path), None, "{path}");
        let early = ask_at(ahead(501), Method::GET, &path, &[]);
        assert_eq!(early.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

/// A client that asks for a wrong number sees how far off it is.
#[test]
fn the_response_to_an_early_request_says_when_the_segment_exists() {
    let path = format!("/demo/live/media/v1/seg-{GROWING}.m4s");
    let early = ask_at(NOW, Method::GET, &path, &[]);
    assert_eq!(early.status(), StatusCode::NOT_FOUND);
    insta::assert_snapshot!(String::from_utf8_lossy(early.body()));
}

#[test]
fn a_blocking_reload_is_held_until_the_playlist_has_what_it_asks_for() {
    let reload = |query: &str| format!("/demo/ll/hls/v1.m3u8?{query}");
    let query = format!("_HLS_msn={GROWING}&_HLS_part=4");
    assert_eq!(held_until(&reload(&query)), Some(NOW + Duration::from_millis(500)));
    assert_eq!(
        held_until(&reload(&format!("_HLS_msn={GROWING}"))),
        Some(NOW + Duration::from_secs(2))
    );
    assert_eq!(status(&reload(&format!("_HLS_msn={GROWING}&_HLS_part=3"))), StatusCode::OK);
    assert_eq!(status(&reload(&format!("_HLS_msn={}", NEWEST + 3))), StatusCode::BAD_REQUEST);
    assert_eq!(status(&reload("_HLS_part=3")), StatusCode::BAD_REQUEST);
    // Called again at the returned time, it responds with the content.
    let now = NOW + Duration::from_millis(500);
    let response = ask_at(now, Method::GET, &reload(&query), &[]);
    let playlist = String::from_utf8(response.body().to_vec()).unwrap();
    assert!(playlist.contains(&format!("URI=\"../media/v1/seg-{GROWING}.4.m4s\"\n#EXT-X-PRELOAD")));
}

/// Without a length, because it is sent while it is produced; the newest complete one has one.
#[test]
fn a_growing_segment_has_no_length_yet() {
    let response = ask_at(NOW, Method::GET, &format!("/demo/ll/media/v1/seg-{GROWING}.m4s"), &[]);
    assert_eq!(response.status(), StatusCode::OK);
    assert!(!response.headers().contains_key(CONTENT_LENGTH));
    let late = NOW + Duration::from_secs(2);
    let path = format!("/demo/ll/media/v1/seg-{GROWING}.m4s");
    let whole = ask_at(late, Method::GET, &path, &[]);
    assert_eq!(text(whole.headers(), CONTENT_LENGTH), whole.body().len().to_string());
    assert!(whole.body() == response.body());
}

struct Served {
    address: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl Served {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async {
            let _ = stopped.await;
        };
        let server = tokio::spawn(serve(Origin::new().unwrap(), listener, stopped));
        Self { address, stop, server }
    }

    async fn client(&self) -> SendRequest<Empty<Bytes>> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (client, connection) = handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        client
    }
}

fn request(path: &str) -> Request<Empty<Bytes>> {
    Request::builder().uri(path).header("host", "origin").body(Empty::new()).unwrap()
}

async fn read(client: &mut SendRequest<Empty<Bytes>>, path: &str) -> (http::HeaderMap, Bytes) {
    let response = timeout(PATIENCE, client.send_request(request(path))).await.unwrap().unwrap();
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    let (head, body) = response.into_parts();
    let body = timeout(PATIENCE, body.collect()).await.unwrap().unwrap().to_bytes();
    (head.headers, body)
}

/// The hinted part of a playlist, requested at once, is delivered; and so is the playlist that lists it.
#[tokio::test]
async fn over_a_socket_a_hint_comes_true() {
    let served = Served::start().await;
    let mut client = served.client().await;
    let (_, playlist) = read(&mut client, "/demo/ll/hls/a1.m3u8").await;
    let playlist = String::from_utf8(playlist.to_vec()).unwrap();
    let hint = playlist.split("TYPE=PART,URI=\"../").nth(1).unwrap().split('"').next().unwrap();
    let (_, part) = read(&mut client, &format!("/demo/ll/{hint}")).await;
    assert!(part.windows(4).any(|window| window == b"moof"));
    let (segment, part) =
        hint.split_once("seg-").unwrap().1.strip_suffix(".m4s").unwrap().split_once('.').unwrap();
    let reload = format!("/demo/ll/hls/a1.m3u8?_HLS_msn={segment}&_HLS_part={part}");
    let (_, reloaded) = read(&mut client, &reload).await;
    assert!(String::from_utf8(reloaded.to_vec()).unwrap().contains(&format!("URI=\"../{hint}\"")));
    // The segment that is being produced is sent to its end, in chunks.
    let path = format!(
        "/demo/ll/media/a1/seg-{}.m4s",
        segment.parse::<u64>().unwrap() + u64::from(part == "7")
    );
    let (headers, growing) = read(&mut client, &path).await;
    let again = read(&mut client, &path).await;
    if headers.contains_key(TRANSFER_ENCODING) {
        assert!(again.0.contains_key(CONTENT_LENGTH));
    }
    assert!(growing == again.1);
}

/// Held for up to eight seconds, and the server has until then: yet it ends when the client does. A server that
/// still held them would need its five seconds to drain.
#[tokio::test]
async fn what_is_held_ends_when_its_client_leaves() {
    let served = Served::start().await;
    let mut client = served.client().await;
    let (_, playlist) = read(&mut client, "/demo/ll/hls/v1.m3u8").await;
    let playlist = String::from_utf8(playlist.to_vec()).unwrap();
    let last = playlist.split("LAST-MSN=").nth(1).unwrap().split(',').next().unwrap();
    let reload =
        format!("/demo/ll/hls/v1.m3u8?_HLS_msn={}&_HLS_part=7", last.parse::<u64>().unwrap() + 1);
    let mut streams = Vec::new();
    for path in [reload.as_str(), "/demo/live/stream/v1.ts"] {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: origin\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        streams.push(stream);
    }
    // The endless stream has begun.
    let mut start = [0; 12];
    timeout(PATIENCE, streams[1].read_exact(&mut start)).await.unwrap().unwrap();
    assert_eq!(&start, b"HTTP/1.1 200");
    drop((streams, client));
    served.stop.send(()).unwrap();
    let began = tokio::time::Instant::now();
    timeout(PATIENCE, served.server).await.unwrap().unwrap();
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
}

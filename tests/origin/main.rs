//! The built-in origin, tested through `answer` with chosen times, and over a socket.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod forms;
mod held;

use std::collections::HashSet;
use std::pin::pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use http::header::{
    ACCEPT_RANGES, ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW, CACHE_CONTROL, CONTENT_LENGTH,
    CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_NONE_MATCH, IF_RANGE, LAST_MODIFIED, LOCATION, RANGE,
};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use vsps::origin::{Answer, Origin, serve};
use vsps::units::UnixTime;

/// 2026-11-22T14:08:54Z: live segments up to 448 839 133 have ended.
const NOW: UnixTime = UnixTime::from_secs(1_795_356_534);
const NEWEST: u64 = 448_839_133;

const SEGMENT: &str = "/demo/media/v1/seg-17.m4s";

fn ask(method: Method, path: &str, headers: &[(http::HeaderName, &str)]) -> Response<Bytes> {
    ask_at(NOW, method, path, headers)
}

fn get(path: &str) -> Response<Bytes> {
    ask(Method::GET, path, &[])
}

fn answer_at(
    now: UnixTime,
    method: Method,
    path: &str,
    headers: &[(http::HeaderName, &str)],
) -> Answer {
    static ORIGIN: LazyLock<Origin> = LazyLock::new(|| Origin::new().expect("media is sound"));
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    ORIGIN.answer(&request.body(()).unwrap(), now)
}

fn ask_at(
    now: UnixTime,
    method: Method,
    path: &str,
    headers: &[(http::HeaderName, &str)],
) -> Response<Bytes> {
    let Answer::Now(response) = answer_at(now, method, path, headers) else {
        panic!("{path} is held");
    };
    let (head, body) = response.into_parts();
    // The body is always ready, so one poll reads it all.
    let collected = pin!(body.collect()).poll(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(Ok(collected)) = collected else { panic!("the body kept us waiting") };
    Response::from_parts(head, collected.to_bytes())
}

fn text(headers: &HeaderMap, name: http::HeaderName) -> &str {
    headers.get(name).map_or("", |value| value.to_str().unwrap())
}

#[test]
fn every_kind_of_resource_has_its_type_and_its_lifetime() {
    let live = format!("/demo/live/media/a1/seg-{NEWEST}.m4s");
    for (path, content_type, caching) in [
        ("/demo/", "text/html; charset=utf-8", "public, max-age=2"),
        ("/demo/hls/master.m3u8", "application/vnd.apple.mpegurl", "public, max-age=3600"),
        ("/demo/hls/v6.m3u8", "application/vnd.apple.mpegurl", "public, max-age=3600"),
        ("/demo/live/hls/a1.m3u8", "application/vnd.apple.mpegurl", "public, max-age=2"),
        ("/demo/dash/manifest.mpd", "application/dash+xml", "public, max-age=3600"),
        ("/demo/live/dash/manifest.mpd", "application/dash+xml", "public, max-age=2"),
        ("/demo/media/v1/init.mp4", "video/mp4", "public, max-age=3600"),
        ("/demo/media/a1/seg-150.m4s", "audio/mp4", "public, max-age=3600"),
        (&live, "audio/mp4", "public, max-age=3600"),
        ("/demo/time", "text/plain; charset=utf-8", "no-store"),
    ] {
        let response = get(path);
        let headers = response.headers();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(text(headers, CONTENT_TYPE), content_type, "{path}");
        assert_eq!(text(headers, CACHE_CONTROL), caching, "{path}");
        assert_eq!(text(headers, ACCEPT_RANGES), "bytes", "{path}");
        assert_eq!(text(headers, CONTENT_LENGTH), response.body().len().to_string(), "{path}");
        assert!(!headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN), "{path}");
    }
}

#[test]
fn a_head_has_the_headers_of_a_get_and_no_body() {
    let (get, head) = (get(SEGMENT), ask(Method::HEAD, SEGMENT, &[(RANGE, "bytes=0-9")]));
    assert_eq!(head.status(), StatusCode::OK); // ranges are for GET alone
    assert_eq!(head.headers(), get.headers());
    assert!(head.body().is_empty() && !get.body().is_empty());
}

#[test]
fn a_range_is_a_part_of_the_whole() {
    let whole = get(SEGMENT);
    let length = whole.body().len();
    let part = ask(Method::GET, SEGMENT, &[(RANGE, "bytes=10-19")]);
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(text(part.headers(), CONTENT_RANGE), format!("bytes 10-19/{length}"));
    assert_eq!(text(part.headers(), CONTENT_LENGTH), "10");
    assert_eq!(part.headers()[ETAG], whole.headers()[ETAG]);
    assert_eq!(part.body(), &whole.body()[10..20]);
}

#[test]
fn a_range_behind_the_end_tells_the_length() {
    let response = ask(Method::GET, SEGMENT, &[(RANGE, "bytes=99999999-")]);
    assert_eq!(response.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    let length = get(SEGMENT).body().len();
    assert_eq!(text(response.headers(), CONTENT_RANGE), format!("bytes */{length}"));
}

#[test]
fn several_ranges_are_answered_with_the_whole() {
    let response = ask(Method::GET, SEGMENT, &[(RANGE, "bytes=0-1,5-6")]);
    assert_eq!((response.status(), response.body()), (StatusCode::OK, get(SEGMENT).body()));
}

#[test]
fn a_known_tag_is_not_modified_and_carries_no_body() {
    let whole = get(SEGMENT);
    let tag = text(whole.headers(), ETAG);
    let response = ask(Method::GET, SEGMENT, &[(IF_NONE_MATCH, tag), (RANGE, "bytes=0-1")]);
    assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(response.headers()[ETAG], whole.headers()[ETAG]);
    assert!(response.body().is_empty() && !response.headers().contains_key(CONTENT_LENGTH));
}

#[test]
fn a_range_of_another_version_is_answered_with_the_whole() {
    let tag = text(get(SEGMENT).headers(), ETAG).to_owned();
    let status = |tag| ask(Method::GET, SEGMENT, &[(RANGE, "bytes=0-1"), (IF_RANGE, tag)]).status();
    assert_eq!(status(&tag), StatusCode::PARTIAL_CONTENT);
    assert_eq!(status("\"another\""), StatusCode::OK);
}

#[test]
fn tags_tell_segments_and_renditions_apart() {
    let tags: HashSet<_> = ["v1/init.mp4", "v1/seg-1.m4s", "v1/seg-7.m4s", "v2/seg-1.m4s"]
        .map(|file| get(&format!("/demo/media/{file}")).headers()[ETAG].clone())
        .into_iter()
        .collect();
    assert_eq!(tags.len(), 4);
}

#[test]
fn what_is_not_there_is_not_found_and_not_remembered() {
    for path in ["/x", "/demo/media/v1/seg-0.m4s", "/demo/media/v1/seg-151.m4s"] {
        let response = get(path);
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(text(response.headers(), CACHE_CONTROL), "no-store");
    }
}

#[test]
fn other_methods_are_not_allowed_where_something_is() {
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
        let response = ask(method.clone(), SEGMENT, &[]);
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(text(response.headers(), ALLOW), "GET, HEAD");
        assert_eq!(ask(method, "/demo/nothing", &[]).status(), StatusCode::NOT_FOUND);
    }
}

#[test]
fn the_root_leads_to_the_list_by_a_relative_address() {
    for path in ["/", "/demo"] {
        let response = get(path);
        assert_eq!(response.status(), StatusCode::TEMPORARY_REDIRECT);
        assert_eq!(text(response.headers(), LOCATION), "demo/");
    }
}

#[test]
fn live_segments_come_when_they_have_ended_and_go_after_two_windows() {
    let status = |number: u64| get(&format!("/demo/live/media/v2/seg-{number}.m4s")).status();
    assert_eq!(status(NEWEST + 1), StatusCode::NOT_FOUND);
    assert_eq!(status(NEWEST), StatusCode::OK);
    assert_eq!(status(NEWEST - 23), StatusCode::OK);
    assert_eq!(status(NEWEST - 24), StatusCode::GONE);
    assert_eq!(status(u64::MAX), StatusCode::NOT_FOUND);
}

#[test]
fn every_segment_a_live_playlist_lists_can_be_had_at_any_moment() {
    for millis in (0..20_000).step_by(700) {
        let now = NOW + Duration::from_millis(millis);
        let playlist = ask_at(now, Method::GET, "/demo/live/hls/v1.m3u8", &[]);
        let playlist = String::from_utf8(playlist.body().to_vec()).unwrap();
        let segments: Vec<_> =
            playlist.lines().filter_map(|line| line.strip_prefix("../media/")).collect();
        assert_eq!(segments.len(), 12);
        for segment in segments {
            let path = format!("/demo/live/media/{segment}");
            assert_eq!(ask_at(now, Method::HEAD, &path, &[]).status(), StatusCode::OK, "{path}");
        }
    }
}

#[test]
fn live_validators_move_with_the_window() {
    let at = |seconds| {
        let now = NOW + Duration::from_secs(seconds);
        let headers = ask_at(now, Method::HEAD, "/demo/live/hls/v1.m3u8", &[]).headers().clone();
        (text(&headers, ETAG).to_owned(), text(&headers, LAST_MODIFIED).to_owned())
    };
    assert_eq!(at(0).1, "Sun, 22 Nov 2026 14:08:52 GMT");
    assert_eq!(at(1), at(0));
    assert_ne!(at(2).0, at(0).0);
    assert_eq!(at(2).1, "Sun, 22 Nov 2026 14:08:56 GMT");
}

#[test]
fn the_clock_is_told_in_iso_8601() {
    let now = UnixTime::from_millis(1_795_356_534_250);
    let response = ask_at(now, Method::GET, "/demo/time", &[]);
    assert_eq!(response.body(), "2026-11-22T14:08:54.250Z");
}

#[test]
fn no_moment_is_too_early_or_too_late() {
    for now in [UnixTime::ZERO, UnixTime::new(Duration::MAX)] {
        for path in
            ["live/hls/a1.m3u8", "live/dash/manifest.mpd", "time", "live/media/a1/seg-1.m4s"]
        {
            let status = ask_at(now, Method::GET, &format!("/demo/{path}"), &[]).status();
            assert!(!status.is_server_error(), "{path}");
        }
    }
}

proptest! {
    /// For any header, the response is the whole, a part of it, or a valid error.
    #[test]
    fn any_range_header_is_answered(value in "(bytes=)?[-,0-9a-z= \t]{0,24}") {
        let whole = get("/demo/hls/master.m3u8").into_body();
        let response = ask(Method::GET, "/demo/hls/master.m3u8", &[(RANGE, &value)]);
        match response.status() {
            StatusCode::OK => prop_assert_eq!(response.body(), &whole),
            StatusCode::PARTIAL_CONTENT => {
                let extent = text(response.headers(), CONTENT_RANGE).strip_prefix("bytes ").unwrap();
                let (positions, length) = extent.split_once('/').unwrap();
                let (first, last) = positions.split_once('-').unwrap();
                let positions = first.parse::<usize>().unwrap()..=last.parse().unwrap();
                prop_assert_eq!(length, whole.len().to_string());
                prop_assert_eq!(response.body(), &whole[positions]);
            }
            status => prop_assert_eq!(status, StatusCode::RANGE_NOT_SATISFIABLE),
        }
    }

    /// A satisfiable range has exactly those bytes, across the joints of header, media and padding.
    #[test]
    fn a_satisfiable_range_has_exactly_its_bytes(first in 0usize..117_000, length in 1usize..150_000) {
        let whole = get(SEGMENT).into_body();
        prop_assume!(first < whole.len());
        let last = first + length - 1;
        let value = format!("bytes={first}-{last}");
        let response = ask(Method::GET, SEGMENT, &[(RANGE, &value)]);
        prop_assert_eq!(response.status(), StatusCode::PARTIAL_CONTENT);
        prop_assert_eq!(response.body(), &whole[first..whole.len().min(last + 1)]);
    }

    /// No path makes the origin panic.
    #[test]
    fn any_path_is_answered(path in "(/demo)?(/live|/ll)?/(media|hls|dash|ts|aes|smooth/demo\\.ism)?(/[va][0-9])?[-a-z0-9./%()=_?&]{0,30}") {
        if let Answer::Now(response) = answer_at(NOW, Method::HEAD, &path, &[]) {
            prop_assert!(!response.status().is_server_error(), "{}", response.status());
        }
    }
}

#[tokio::test]
async fn the_server_answers_on_a_kept_connection_and_stops_when_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(serve(Origin::new().unwrap(), listener, async {
        let _ = stopped.await;
    }));

    let stream = TcpStream::connect(address).await.unwrap();
    let (mut client, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    for (method, path) in [
        (Method::GET, "/demo/media/v6/seg-1.m4s"),
        (Method::HEAD, "/demo/media/v6/seg-1.m4s"),
        (Method::GET, "/demo/live/hls/v1.m3u8"),
    ] {
        let request = Request::builder().method(method.clone()).uri(path).header("host", "origin");
        let request = request.body(Empty::<Bytes>::new()).unwrap();
        let response = client.send_request(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let length: usize = text(response.headers(), CONTENT_LENGTH).parse().unwrap();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body.len(), if method == Method::HEAD { 0 } else { length });
        assert!(length > 0);
    }

    stop.send(()).unwrap();
    server.await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

/// The body of a request that needs none is read, so the connection can carry another request.
#[tokio::test]
async fn an_upload_is_answered_on_a_kept_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(Origin::new().unwrap(), listener, std::future::pending()));
    let mut client = TcpStream::connect(address).await.unwrap();
    let upload = "POST /demo/ HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n";
    client.write_all(upload.as_bytes()).await.unwrap();
    let mut status = [0; 12];
    client.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 405", "answered before the body");
    client.write_all(&vec![b'x'; 500_000]).await.unwrap();
    let next = "GET /demo/media/v6/seg-1.m4s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    client.write_all(next.as_bytes()).await.unwrap();
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).await.unwrap();
    let second = rest.windows(12).any(|window| window == b"HTTP/1.1 200");
    assert!(second && rest.len() > 1_000_000, "{} bytes", rest.len());
}

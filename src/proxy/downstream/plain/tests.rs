//! hyper's server is the reference: what is plain means the same to it, and it writes the same.

use super::{date_line::write_date, request, response};
use crate::{
    clock::Clock,
    proxy::body::{incoming_body::IncomingBody, source::Source},
    units::UnixTime,
};
use bytes::Bytes;
use chrono::DateTime;
use http::{
    HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version, request::Parts,
};
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::{
    body::{Body, Incoming},
    ext::ReasonPhrase,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use proptest::prelude::*;
use std::{convert::Infallible, error::Error, sync::Arc};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Runs hyper's server on `sent`, until it has answered all of it with `answer`. Returns what it writes, and the requests that
/// it read.
fn hyper<B>(sent: &[u8], answer: impl Fn() -> Response<B>) -> (Vec<u8>, Vec<Parts>)
where
    B: Body<Data = Bytes, Error: Error + Send + Sync> + 'static,
{
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let read = Arc::new(Mutex::new(Vec::new()));
    let service = service_fn(|request: Request<Incoming>| {
        let read = Arc::clone(&read);
        let response = answer();
        async move {
            let (head, body) = request.into_parts();
            assert!(body.collect().await.unwrap().to_bytes().is_empty());
            read.lock().push(head);
            Ok::<_, Infallible>(response)
        }
    });
    let written = runtime.block_on(async {
        let (mut player, socket) = tokio::io::duplex(1 << 20);
        player.write_all(sent).await.unwrap();
        player.shutdown().await.unwrap();
        let serving =
            http1::Builder::new().half_close(true).serve_connection(TokioIo::new(socket), service);
        // What it takes for an error is answered, too.
        let _ = serving.await;
        let mut written = Vec::new();
        player.read_to_end(&mut written).await.unwrap();
        written
    });
    let read = std::mem::take(&mut *read.lock());
    (written, read)
}

fn decode(text: &[u8]) -> Option<(Request<IncomingBody>, usize)> {
    let plain = request::decode(&Bytes::copy_from_slice(text))?;
    Some((plain.request, plain.length))
}

/// What players send is plain.
#[test]
fn usual_requests_are_plain() {
    for text in [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "HEAD /a/b%20c.mp4?t=1,2&x=%22y%22;(z) HTTP/1.1\r\nhost: a:1\r\nconnection: keep-alive\r\n\r\n",
        "GET /s/1/seg-1.m4s HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nConnection: keep-alive\r\n\
         User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: */*\r\nRange: bytes=0-99\r\n\
         sec-ch-ua: \"Chromium\";v=\"156\"\r\nCMCD-Request: bl=21300\r\nX-\u{fc}: no\r\n\r\n",
    ] {
        let text = text.replace("X-\u{fc}: no\r\n", "X-Name: \u{fc}\r\n");
        assert_eq!(decode(text.as_bytes()).map(|(_, length)| length), Some(text.len()), "{text}");
    }
    let (request, length) = decode(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b").unwrap();
    assert_eq!((request.uri().path(), length), ("/a", 28));
}

/// What is for hyper: it knows what they mean, and how to refuse them.
#[test]
fn unusual_requests_are_not() {
    let with = |field: &str| format!("GET / HTTP/1.1\r\nHost: a\r\n{field}\r\n\r\n");
    let long = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(request::LONGEST));
    let many = "a: b\r\n".repeat(65);
    for text in [
        "GET / HTTP/1.1\r\nHost: a\r\n".to_owned(),
        "GET / HTTP/1.0\r\nHost: a\r\n\r\n".to_owned(),
        "POST / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
        "get / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
        "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
        "GET * HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
        "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
        "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\nHost: a\n\n".to_owned(),
        "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
        with("Content-Length: 0"),
        with("transfer-encoding: chunked"),
        with("Connection: keep-alive, Upgrade"),
        with("Upgrade: websocket"),
        with("Expect: 100-continue"),
        with(" folded"),
        with("a : b"),
        with(": b"),
        with("a: \u{1}"),
        with(&many),
        long,
    ] {
        assert!(decode(text.as_bytes()).is_none(), "{text:?}");
    }
}

/// Heads that are nearly as players send them.
fn heads() -> impl Strategy<Value = Vec<u8>> {
    let method =
        prop_oneof![8 => Just("GET".to_owned()), 2 => Just("HEAD".to_owned()), 1 => "[A-Z]{0,4}"];
    let target = prop_oneof![4 => "/[a-z0-9/._~%?&=,;:@!$'()*+-]{0,20}", 1 => "/\\PC{0,8}", 1 => "[ -~]{0,8}"];
    let version = prop_oneof![9 => Just("HTTP/1.1".to_owned()), 1 => Just("HTTP/1.0".to_owned()), 1 => "HTTP/[0-9.]{1,3}"];
    let name = prop_oneof![
        3 => prop::sample::select(vec![
            "Host", "host", "Accept", "range", "Range", "Connection", "cookie", "TE", "Expect",
            "Content-Length", "Transfer-Encoding", "Upgrade", "Keep-Alive", "Content-Type",
        ]).prop_map(str::to_owned),
        1 => "[!-~]{0,12}",
    ];
    let value = prop_oneof![
        2 => prop::sample::select(vec!["keep-alive", "close", "0", "5", "chunked", "trailers", "a"])
            .prop_map(str::to_owned),
        2 => "[ \t]{0,2}[ -~]{0,16}[ \t]{0,2}",
        1 => "\\PC{0,8}",
        1 => "[\0-\x7f]{0,4}",
    ];
    let end = prop_oneof![30 => Just("\r\n"), 1 => Just("\n"), 1 => Just("\r")];
    let field =
        (name, value, end.clone()).prop_map(|(name, value, end)| format!("{name}:{value}{end}"));
    let fields = prop::collection::vec(field, 0..6);
    (method, target, version, end.clone(), fields, end).prop_map(
        |(method, target, version, first, fields, last)| {
            format!("{method} {target} {version}{first}{}{last}", fields.concat()).into_bytes()
        },
    )
}

proptest! {
    /// hyper reads the same request from the same bytes, and the next one after it.
    #[test]
    fn plain_requests_mean_the_same_to_hyper(head in heads()) {
        if let Some((request, length)) = decode(&head) {
            prop_assert_eq!(length, head.len());
            let twice = [&head[..], b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n"].concat();
            let (_, read) = hyper(&twice, || Response::new(Empty::new()));
            let closes = request::decode(&Bytes::copy_from_slice(&head)).unwrap().closes;
            let served = if closes { 1 } else { 2 };
            prop_assert_eq!(read.len(), served, "{:?}", String::from_utf8_lossy(&head));
            let (ours, _) = request.into_parts();
            let theirs = &read[0];
            prop_assert_eq!((&ours.method, &ours.uri, ours.version), (&theirs.method, &theirs.uri, theirs.version));
            prop_assert_eq!(
                ours.headers.iter().collect::<Vec<_>>(),
                theirs.headers.iter().collect::<Vec<_>>()
            );
        }
    }

    /// What is written of a plain response is what hyper writes.
    #[test]
    fn plain_responses_are_written_as_by_hyper(
        head in any::<bool>(),
        status in prop_oneof![4 => Just(200), 1 => 200..600_u16],
        reason in prop::option::weighted(0.2, "[ -~]{0,8}"),
        fields in prop::collection::vec((
            prop::sample::select(vec![
                "date", "etag", "content-type", "vary", "via", "set-cookie", "x-a", "content-length", "connection",
            ]),
            "[!-~]{0,12}",
        ), 0..6),
        length in 0..6000_usize,
        declares in any::<bool>(),
        closes in any::<bool>(),
        version in prop::sample::select(vec![Version::HTTP_11, Version::HTTP_2]),
    ) {
        let method = if head { Method::HEAD } else { Method::GET };
        let status = StatusCode::from_u16(status).unwrap();
        let body = Bytes::from(vec![b'x'; length]);
        let response = || {
            let mut response = Response::new(Full::new(body.clone()));
            (*response.status_mut(), *response.version_mut()) = (status, version);
            let headers = response.headers_mut();
            for (name, value) in &fields {
                let value = match *name {
                    "content-length" if declares => length.to_string(),
                    "content-length" => continue,
                    _ => value.clone(),
                };
                headers.append(HeaderName::from_static(name), HeaderValue::try_from(value).unwrap());
            }
            headers.entry("date").or_insert(HeaderValue::from_static("now"));
            if let Some(reason) = &reason {
                response.extensions_mut().insert(ReasonPhrase::try_from(reason.clone()).unwrap());
            }
            response
        };
        if let Some(head) = response::encode(&response(), &method, closes, Clock::start()) {
            let mut ours = head.bytes;
            ours.extend_from_slice(&body[..head.length as usize]);
            let close = if closes { "Connection: close\r\n" } else { "" };
            let sent = format!("{method} / HTTP/1.1\r\nHost: a\r\n{close}\r\n");
            let (theirs, _) = hyper(sent.as_bytes(), response);
            prop_assert_eq!(String::from_utf8(ours), String::from_utf8(theirs));
        }
    }
}

/// Without a date, the current one is added, as hyper does.
#[test]
fn a_response_without_a_date_gets_one() {
    let response = Response::new(Full::new(Bytes::from_static(b"abc")));
    let mut head = response::encode(&response, &Method::GET, false, Clock::start()).unwrap().bytes;
    head.extend_from_slice(b"abc");
    let (theirs, _) = hyper(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", || response.clone());
    let without_date = |head: Vec<u8>| {
        let head = String::from_utf8(head).unwrap();
        let at = head.find("date: ").unwrap() + "date: ".len();
        let date = DateTime::parse_from_rfc2822(&head[at..at + 29]).unwrap();
        let now = Clock::start().timestamp().unix.since_zero().as_secs();
        assert!(now.abs_diff(date.timestamp() as u64) <= 2, "{head}");
        head.replace(&head[at..at + 29], "now")
    };
    assert_eq!(without_date(head), without_date(theirs));
}

/// The line is made once a second.
#[test]
fn a_date_is_that_of_its_second() {
    for (second, date) in [(784_111_777, "37"), (784_111_777, "37"), (784_111_778, "38")] {
        let mut head = Vec::new();
        write_date(&mut head, UnixTime::from_secs(second));
        let expected = format!("date: Sun, 06 Nov 1994 08:49:{date} GMT\r\n");
        assert_eq!(String::from_utf8(head).unwrap(), expected);
    }
}

/// What is for hyper: it knows the chunked coding, and what a field says of the connection.
#[test]
fn unusual_responses_are_not_plain() {
    let encode = |response: &Response<_>| {
        response::encode(response, &Method::GET, false, Clock::start()).is_some()
    };
    let response = || Response::new(Full::new(Bytes::from_static(b"abc")));
    assert!(encode(&response()));
    for name in ["connection", "transfer-encoding", "trailer"] {
        let mut response = response();
        response.headers_mut().insert(name, HeaderValue::from_static("close"));
        assert!(!encode(&response), "{name}");
    }
    let mut interim = response();
    *interim.status_mut() = StatusCode::EARLY_HINTS;
    assert!(!encode(&interim));
    let mut old = response();
    *old.version_mut() = Version::HTTP_10;
    assert!(!encode(&old));
    let mut source = Source::from(Bytes::from_static(b"abc"));
    source.hide_length();
    let unknown = Response::new(source);
    assert!(response::encode(&unknown, &Method::GET, false, Clock::start()).is_none());
}

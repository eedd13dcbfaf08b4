//! Whatever an origin sends, in whatever pieces, the response is the one that hyper reads.

use super::{
    super::{
        body::{OriginBody, PoolReturn},
        carrier::Carrier,
        h1_connection::{H1Connection, Outgoing},
        idle_connections::{IdleConnection, PoolKey, WorkerPools},
        places::Places,
        read_policy::ReadPolicy,
        stream::Stream,
    },
    *,
};
use crate::proxy::{body::upload::Upload, error::chain};
use http_body_util::{BodyExt as _, Limited};
use std::{ops::Range, sync::Arc, time::Duration};
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::sleep,
};

/// Who reads the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    Hyper,
    /// As a connection of the pool is read.
    Pool,
}

/// What an origin sends, and whether it then closes the connection.
#[derive(Debug, Clone)]
struct Script {
    method: Method,
    bytes: Vec<u8>,
    closes: bool,
}

impl Script {
    fn new(method: Method, text: &str, closes: bool) -> Self {
        // Each character is one byte.
        let bytes = text.chars().map(|c| u8::try_from(c).unwrap()).collect();
        Self { method, bytes, closes }
    }

    /// Sends it in two pieces to the first connection, and returns the request and the connection, if it stays open.
    async fn play(self, listener: TcpListener, cut: usize) -> (Vec<u8>, Option<TcpStream>) {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") && stream.read_buf(&mut request).await.unwrap() > 0 {}
        let (first, second) = self.bytes.split_at(cut);
        // The reader may close the connection meanwhile.
        let _ = stream.write_all(first).await;
        sleep(Duration::from_millis(2)).await;
        let _ = stream.write_all(second).await;
        (request, Some(stream).filter(|_| !self.closes))
    }
}

fn get(method: Method) -> Box<Outgoing> {
    let mut request = Request::new(Limited::new(Upload::none(), 0));
    *request.method_mut() = method;
    *request.uri_mut() = "http://origin.test/a/b?c=d".parse().unwrap();
    let fields = [("accept", "*/*"), ("via", "1.1 a"), ("x-b", ""), ("via", "1.1 b\t\u{80}")];
    for (name, value) in fields {
        request.headers_mut().append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    Box::new(request)
}

/// Everything that can be seen of a response, as text.
async fn describe(response: Response<OriginBody>) -> String {
    let (head, mut body) = response.into_parts();
    let reason = head.extensions.get::<ReasonPhrase>().map(ReasonPhrase::as_bytes);
    let mut seen = format!("{:?} {} {reason:?} {:?}", head.version, head.status, head.headers);
    let mut data = Vec::new();
    loop {
        match body.frame().await {
            None => break,
            Some(Err(_)) => {
                // How many bytes came before it depends on the pieces.
                seen += " cut";
                break;
            }
            Some(Ok(frame)) => match frame.into_data() {
                Ok(bytes) => data.extend_from_slice(&bytes),
                Err(frame) => seen += &format!(" trailers {:?}", frame.into_trailers().unwrap()),
            },
        }
    }
    format!("{seen} {:?}", String::from_utf8_lossy(&data))
}

/// What `reader` makes of `script`, sent in two pieces: the request as it arrived, the response, and whether the connection
/// is kept and can be used.
async fn outcome(script: Script, cut: usize, reader: Reader) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let stream = ThrottledStream::new(Stream::Tcp(stream), u64::MAX);
    let request = get(script.method.clone());
    let closes = script.closes;
    let played = tokio::spawn(script.play(listener, cut));
    let origin = Origin::new("http", "origin.test").unwrap();
    let Origin { scheme, authority } = origin.clone();
    let pool_key = PoolKey { scheme, authority, read_policy: ReadPolicy::FREE, public_only: false };
    let workers = WorkerPools::new(Places::new(9));
    let idle = workers.add();
    let home = PoolReturn { idle: Arc::clone(&idle), pool_key: pool_key.clone() };
    let carrier = match reader {
        Reader::Hyper => Carrier::Http1(H1Connection::new(stream).await.unwrap()),
        Reader::Pool => Carrier::Bare(stream),
    };
    let seen = match carrier.send(request, &origin, false).await {
        Err(refused) => format!("failed: {}", chain(&refused.error)),
        Ok(carried) => match carried.into_response(home, true, Duration::MAX).await {
            Ok(response) => describe(response).await,
            Err(error) => format!("ambiguous: {error}"),
        },
    };
    let (sent, connection) = played.await.unwrap();
    sleep(Duration::from_millis(1)).await;
    let kept = match idle.take(&pool_key) {
        // Whether the end is noticed before it is kept depends on the pieces.
        _ if closes => "",
        Some(IdleConnection::Bare(stream)) => kept_if_quiet(stream).await,
        Some(_) => "kept by hyper",
        None => "closed",
    };
    drop(connection);
    format!("{}\n{seen}\n{kept}", String::from_utf8_lossy(&sent))
}

async fn kept_if_quiet(mut stream: ThrottledStream) -> &'static str {
    if stream.is_quiet().await { "kept" } else { "closed" }
}

/// Compares both readers with hyper's reading in one piece, with cuts at all places of `cuts`.
async fn compare(script: Script, cuts: Range<usize>) {
    let expected = outcome(script.clone(), 0, Reader::Hyper).await;
    let mut all = JoinSet::new();
    for (cut, reader) in cuts.flat_map(|cut| [(cut, Reader::Hyper), (cut, Reader::Pool)]) {
        let copy = script.clone();
        all.spawn(async move { (cut, reader, outcome(copy, cut, reader).await) });
        if all.len() >= 64 {
            let (cut, reader, seen) = all.join_next().await.unwrap().unwrap();
            assert_eq!(seen, expected, "{reader:?}, {cut}: {script:?}");
        }
    }
    while let Some(joined) = all.join_next().await {
        let (cut, reader, seen) = joined.unwrap();
        assert_eq!(seen, expected, "{reader:?}, {cut}: {script:?}");
    }
}

#[tokio::test]
async fn responses_are_read_as_hyper_reads_them() {
    for text in [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: \"a\"\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, and more",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello!",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n!",
        "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/9\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX-T: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n2\r\nab\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nab",
        "HTTP/1.1 204 No Content\r\nX: y\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 200 Fine\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 \u{e4}\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 799 What\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nx:\u{e4} \t b \r\nx:\r\nX:\tc\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\nContent-Length: 2\n\nab",
        "\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab",
    ] {
        compare(Script::new(Method::GET, text, false), 0..text.chars().count() + 1).await;
    }
    for text in [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 404 Not Found\r\nContent-Length: 3, 3\r\n\r\n",
    ] {
        compare(Script::new(Method::HEAD, text, false), 0..text.len() + 1).await;
    }
}

/// A name in its usual spelling is the one that is parsed, and no other text is taken for it.
#[test]
fn usual_names_are_what_they_say() {
    let names = [
        "Accept-Ranges",
        "Age",
        "Cache-Control",
        "Connection",
        "Content-Length",
        "Content-Range",
        "Content-Type",
        "Date",
        "ETag",
        "Expires",
        "Last-Modified",
        "Server",
        "Transfer-Encoding",
        "Vary",
        "Via",
    ];
    for name in names {
        let lower = name.to_ascii_lowercase();
        for spelled in [name, &lower] {
            let parsed = HeaderName::from_bytes(spelled.as_bytes()).unwrap();
            assert_eq!(usual_name(spelled.as_bytes()), Some(parsed), "{spelled}");
        }
        assert_eq!(usual_name(&name.as_bytes()[1..]), None);
    }
}

/// A `Connection` that says what is the case anyway is not passed on, so it is left out at once.
#[test]
fn a_connection_that_stays_open_is_not_mentioned() {
    let head = |value: &str| {
        let text = format!("HTTP/1.1 200 OK\r\nConnection: {value}\r\nContent-Length: 0\r\n\r\n");
        decode(&Bytes::from(text), &Method::GET).unwrap()
    };
    for (value, fields, stays_open) in [
        ("keep-alive", 1, true),
        ("Keep-Alive", 1, true),
        ("keep-alive, x", 2, true),
        ("close", 2, false),
    ] {
        let response = head(value);
        assert_eq!((response.head.headers().len(), response.stays_open), (fields, stays_open));
    }
}

#[tokio::test]
async fn what_is_wrong_fails_as_it_does_with_hyper() {
    for text in [
        "",
        "garbage\r\n\r\n",
        "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Le",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
        "HTTP/1.1 200 OK\r\n\r\nuntil the end",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\na",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: 2;\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\nab",
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 5, 6\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 O\u{1}K\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nbad name: x\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nname : x\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nx: a\0b\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nx: a\r\n b\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nx: a\rb\r\nContent-Length: 2\r\n\r\nab",
    ] {
        compare(Script::new(Method::GET, text, true), 0..text.chars().count() + 1).await;
    }
}

#[tokio::test]
async fn large_heads_are_read_as_hyper_reads_them() {
    for (fields, length) in
        [(63, 10), (64, 10), (65, 10), (101, 10), (9, 1000), (40, 3000), (60, 11_000)]
    {
        let field = |at| format!("x-{at}: {}\r\n", "v".repeat(length));
        let fields: String = (0..fields).map(field).collect();
        let text = format!("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n{fields}\r\nab");
        for cut in [0, 100, text.len() / 2, text.len() - 1] {
            compare(Script::new(Method::GET, &text, true), cut..cut + 1).await;
        }
    }
}

/// hyper sends the rest of a request, whatever was sent before.
#[tokio::test]
async fn a_request_that_is_sent_in_part_arrives_once() {
    let origin = Origin::new("http", "origin.test").unwrap();
    let request = || get(Method::GET);
    let head = encode(&request(), &origin);
    let start =
        b"GET /a/b?c=d HTTP/1.1\r\naccept: */*\r\nvia: 1.1 a\r\nvia: 1.1 b\t\xc2\x80\r\nx-b: \r\n";
    assert_eq!(head, [&start[..], b"host: origin.test\r\n\r\n"].concat());
    for sent in 0..=head.len() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let mut stream = ThrottledStream::new(Stream::Tcp(stream), u64::MAX);
        stream.write_all(&head[..sent]).await.unwrap();
        stream.show_again(EarlierTraffic { written: sent, ..EarlierTraffic::default() });
        let text = "HTTP/1.1 204 No Content\r\n\r\n";
        let played = tokio::spawn(Script::new(Method::GET, text, false).play(listener, 0));
        let connection = H1Connection::new(stream).await.unwrap();
        let carried = Carrier::Http1(connection).send(request(), &origin, false).await;
        assert!(carried.is_ok());
        assert_eq!(played.await.unwrap().0, head);
    }
}

/// What could not be written fails again.
#[tokio::test]
async fn a_request_that_cannot_be_sent_fails_with_the_first_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let mut stream = ThrottledStream::new(Stream::Tcp(stream), u64::MAX);
    let unwritable = Some(io::Error::from(io::ErrorKind::BrokenPipe));
    stream.show_again(EarlierTraffic { unwritable, ..EarlierTraffic::default() });
    let connection = H1Connection::new(stream).await.unwrap();
    let origin = Origin::new("http", "origin.test").unwrap();
    let carried = Carrier::Http1(connection).send(get(Method::GET), &origin, true).await;
    let refused = carried.err().unwrap();
    assert_eq!(chain(&refused.error), "error writing a body to connection: broken pipe");
    assert!(refused.copy.is_some(), "it can be sent on another connection");
}

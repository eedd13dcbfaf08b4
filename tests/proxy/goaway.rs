//! HTTP/2 by prior knowledge, frame by frame: what ends a stream, and what the whole connection.

use super::{
    origin::{Origin, ok},
    rig::Rig,
};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// RFC 9113, 7: "no error".
const NO_ERROR: u32 = 0;

/// A frame (RFC 9113, 4.1).
#[derive(Debug)]
struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: Vec<u8>,
}

impl Frame {
    fn bytes(&self) -> Vec<u8> {
        let length = u32::try_from(self.payload.len()).unwrap().to_be_bytes();
        let head = [&length[1..], &[self.kind, self.flags], &self.stream.to_be_bytes()].concat();
        [head, self.payload.clone()].concat()
    }

    /// The next one; `None` = the connection is closed.
    async fn read(from: &mut TcpStream) -> Option<Self> {
        let mut head = [0; 9];
        let read = tokio::time::timeout(Duration::from_secs(20), from.read_exact(&mut head));
        read.await.unwrap().ok()?;
        let number = |at: usize| u32::from_be_bytes(head[at..at + 4].try_into().unwrap());
        let mut payload = vec![0; (number(0) >> 8) as usize];
        from.read_exact(&mut payload).await.ok()?;
        Some(Self { kind: head[3], flags: head[4], stream: number(5) & 0x7fff_ffff, payload })
    }
}

/// A GET on `stream`, its headers from HPACK's static table and as plain texts.
fn get(stream: u32, path: &str) -> Vec<u8> {
    let mut block = vec![0x82, 0x86];
    for (name, value) in [(0x44, path), (0x41, "a")] {
        block.extend([name, u8::try_from(value.len()).unwrap()]);
        block.extend(value.bytes());
    }
    let flags = END_STREAM | END_HEADERS;
    Frame { kind: HEADERS, flags, stream, payload: block }.bytes()
}

/// The result of a connection whose first stream requested a body of 5,000 bytes.
#[derive(Debug, PartialEq, Eq)]
struct Simulation {
    body: usize,
    /// `None` = the stream did not end by itself.
    end: Option<&'static str>,
    /// The last stream that was processed, and the error code.
    goaway: Option<(u32, u32)>,
}

/// Sends a request under a rule, and reads until the connection closes.
async fn course(then: Value) -> Simulation {
    let origin = Origin::saying(ok("", &[7; 5000])).await;
    let rig = Rig::with_rules(&origin, json!([{ "name": "fault", "then": then }])).await;
    let mut stream = TcpStream::connect(rig.listen).await.unwrap();
    let settings = Frame { kind: SETTINGS, flags: 0, stream: 0, payload: Vec::new() };
    let hello = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &*settings.bytes(), &get(1, "/a")].concat();
    stream.write_all(&hello).await.unwrap();
    let mut course = Simulation { body: 0, end: None, goaway: None };
    while let Some(frame) = Frame::read(&mut stream).await {
        let word = |at: usize| u32::from_be_bytes(frame.payload[at..at + 4].try_into().unwrap());
        match frame.kind {
            DATA | HEADERS => {
                assert_eq!((frame.stream, course.end), (1, None), "{frame:?}");
                course.body += if frame.kind == DATA { frame.payload.len() } else { 0 };
                course.end = (frame.flags & END_STREAM != 0).then_some("whole");
            }
            RST_STREAM => course.end = Some("reset"),
            // Between its two GOAWAYs the proxy waits for one round trip.
            PING if frame.flags & ACK == 0 => {
                let pong = Frame { flags: ACK, ..frame };
                stream.write_all(&pong.bytes()).await.unwrap();
            }
            GOAWAY => course.goaway = Some((word(0), word(4))),
            _ => {}
        }
    }
    let told = rig.told("fault_injected", 1).await;
    assert_eq!(told[0]["rule"], "fault");
    course
}

#[tokio::test]
async fn a_cut_takes_the_connection_with_it() {
    let cut = course(json!({ "cut": { "at": "1000 B", "end": "goaway" } })).await;
    assert_eq!(cut, Simulation { body: 1000, end: Some("reset"), goaway: Some((1, NO_ERROR)) });
}

#[tokio::test]
async fn a_refusal_is_a_goaway_without_an_answer() {
    let refused = course(json!({ "refuse": "close" })).await;
    assert_eq!((refused.body, refused.goaway.is_some()), (0, true), "{refused:?}");
}

#[tokio::test]
async fn a_connection_closes_after_its_answer() {
    for how in ["after", "unannounced"] {
        let closed = course(json!({ "close": how })).await;
        let goaway = Some((1, NO_ERROR));
        assert_eq!(closed, Simulation { body: 5000, end: Some("whole"), goaway }, "{how}");
    }
}

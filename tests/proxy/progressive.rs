//! Files that are played on their own, whole or by ranges: recognised by name, media type, or content.

use super::{
    origin::{Asked, Origin, Step},
    rig::Rig,
};
use serde_json::Value;

/// An origin that sends ranges of one `body` as `content_type` (none if empty), whatever the path.
async fn file(content_type: &'static str, body: Vec<u8>) -> Origin {
    Origin::start(move |asked: &Asked| {
        let typed = match content_type {
            "" => String::new(),
            named => format!("Content-Type: {named}\r\n"),
        };
        let size = body.len();
        let range = asked.header("range").first().and_then(|range| {
            let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
            let last = last.parse().unwrap_or(size - 1).min(size - 1);
            Some((first.parse::<usize>().ok()?, last))
        });
        let (status, placed, part) = match range {
            Some((first, last)) => {
                let placed = format!("Content-Range: bytes {first}-{last}/{size}\r\n");
                ("206 Partial Content", placed, &body[first..=last])
            }
            None => ("200 OK", String::new(), &body[..]),
        };
        let length = part.len();
        let head = format!(
            "HTTP/1.1 {status}\r\n{typed}{placed}Content-Length: {length}\r\nAccept-Ranges: bytes\r\nConnection: close\r\n\r\n"
        );
        vec![Step::Send([head.as_bytes(), part].concat())]
    })
    .await
}

/// The classes of the requests for `path`, whole and by `ranges`; each gets the exact bytes.
async fn taken(origin: &Origin, path: &str, ranges: &[(usize, usize)], body: &[u8]) -> Vec<Value> {
    let rig = Rig::before(origin).await;
    let path = format!("{}{path}", rig.session("").await);
    for (at, (first, last)) in ranges.iter().enumerate() {
        let got = rig.ask("GET", &path, &format!("Range: bytes={first}-{last}\r\n")).await;
        assert_eq!((got.status(), &*got.body), (206, &body[*first..=*last]));
        // Read to its end before the next request.
        rig.told("request_finished", at + 1).await;
    }
    assert_eq!(rig.get(&path).await.body, body);
    let planned = rig.told("request_planned", ranges.len() + 1).await;
    planned.into_iter().map(|event| event.get("resource").unwrap_or(&event).clone()).collect()
}

/// `protocol kind media` of a request.
fn class(resource: &Value) -> String {
    let word = |key: &str| resource[key].as_str().unwrap_or("-").to_owned();
    [word("protocol"), word("kind"), word("media")].join(" ")
}

/// MP3 (frames of 128 kbit/s) and WebM (its header, and nothing more).
fn bodies() -> [(&'static str, &'static str, Vec<u8>); 2] {
    let mp3 =
        [&b"ID3\x04\x00\x00\x00\x00\x00\x00"[..], &[0xff, 0xfb, 0x90, 0x64].repeat(200)].concat();
    let webm = [&b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm"[..], &[0xec; 400]].concat();
    [("mp3", "audio/mpeg", mp3), ("webm", "video/webm", webm)]
}

/// By their names alone, from the first request on, also by ranges, also without a media type.
#[tokio::test]
async fn by_name() {
    for (extension, content_type, body) in bodies() {
        for content_type in [content_type, ""] {
            let origin = file(content_type, body.clone()).await;
            let path = format!("/films/one.{extension}?token=a%2Fb");
            let taken = taken(&origin, &path, &[(0, 99), (200, 299)], &body).await;
            let media = if extension == "mp3" { "audio" } else { "unknown" };
            for resource in &taken {
                assert_eq!(class(resource), format!("progressive segment {media}"), "{resource:#}");
            }
        }
    }
}

/// By their media types, from the second request on: not known before.
#[tokio::test]
async fn by_media_type() {
    for (_, content_type, body) in bodies() {
        for content_type in [
            content_type,
            if content_type.starts_with("audio") { "audio/mp3" } else { "audio/webm" },
        ] {
            let origin = file(content_type, body.clone()).await;
            let taken = taken(&origin, "/play?id=7", &[(0, 99), (200, 299)], &body).await;
            assert_eq!(class(&taken[0]), "unknown other unknown");
            let media = if content_type.starts_with("audio") { "audio" } else { "unknown" };
            for resource in &taken[1..] {
                assert_eq!(
                    class(resource),
                    format!("progressive segment {media}"),
                    "{content_type}"
                );
            }
        }
    }
}

/// A page is not taken for a file, whatever it is asked by.
#[tokio::test]
async fn what_is_no_media_stays_unknown() {
    let body = b"<html>not here</html>".to_vec();
    let origin = file("text/html", body.clone()).await;
    for resource in taken(&origin, "/play?id=7", &[(0, 9)], &body).await {
        assert_eq!(class(&resource), "unknown other unknown");
    }
}

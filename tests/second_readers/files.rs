//! The manifests that are compared: golden ones, those of the built-in origin, and a corpus if there is one.

use http::Request;
use http_body_util::{BodyExt as _, Empty};
use std::{
    fs,
    future::Future as _,
    path::Path,
    pin::pin,
    task::{Context, Poll, Waker},
};
use vsps::{
    origin::{Answer, Origin},
    units::UnixTime,
};

/// A manifest with its name.
pub(crate) struct Manifest {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// What the built-in origin serves.
const SERVED: &[&str] = &[
    "/demo/hls/master.m3u8",
    "/demo/hls/v1.m3u8",
    "/demo/ts/master.m3u8",
    "/demo/aes/master.m3u8",
    "/demo/range/master.m3u8",
    "/demo/range/v1.m3u8",
    "/demo/live/hls/master.m3u8",
    "/demo/live/hls/v1.m3u8",
    "/demo/ll/hls/master.m3u8",
    "/demo/ll/hls/v1.m3u8",
    "/demo/dash/manifest.mpd",
    "/demo/dash/periods.mpd",
    "/demo/dash/timeline.mpd",
    "/demo/dash/list.mpd",
    "/demo/dash/base.mpd",
    "/demo/live/dash/manifest.mpd",
    "/demo/live/dash/timeline.mpd",
];

fn served(path: &str) -> Option<String> {
    let origin = Origin::new().unwrap();
    let request = Request::get(path).body(Empty::<bytes::Bytes>::new()).unwrap();
    let Answer::Now(response) = origin.answer(&request, UnixTime::from_secs(1_795_356_534)) else {
        return None;
    };
    if !response.status().is_success() {
        return None;
    }
    let body = pin!(response.into_body().collect());
    let Poll::Ready(body) = body.poll(&mut Context::from_waker(Waker::noop())) else { return None };
    String::from_utf8(body.ok()?.to_bytes().to_vec()).ok()
}

fn walk(folder: &Path, endings: &[&str], found: &mut Vec<Manifest>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            walk(&path, endings, found);
            continue;
        }
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        // What is proxied holds other addresses.
        if !endings.contains(&ending) || path.file_stem().is_some_and(|stem| stem == "proxied") {
            continue;
        }
        let text = fs::read(&path).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let name = path.to_string_lossy().into_owned();
        found.extend(text.map(|text| Manifest { name, text }));
    }
}

/// All manifests with these endings.
pub(crate) fn all(endings: &[&str]) -> Vec<Manifest> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut found = Vec::new();
    for folder in ["fixtures", "corpora"] {
        walk(&tests.join(folder), endings, &mut found);
    }
    let wanted = SERVED.iter().filter(|path| endings.iter().any(|ending| path.ends_with(ending)));
    for path in wanted {
        let text = served(path).unwrap();
        found.push(Manifest { name: (*path).to_owned(), text });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

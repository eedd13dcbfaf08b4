//! Manifests of usual length do not wait for the longest ones of other sessions.

use super::{
    origin::{Origin, Step, ok},
    rig::Rig,
};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, sleep};

/// A playlist of `segments` segments, whose URIs have `length` characters.
fn playlist(segments: usize, length: usize) -> Vec<u8> {
    let segments: String =
        (0..segments).map(|n| format!("#EXTINF:4,\n{n:0length$}.ts\n")).collect();
    let text = format!("#EXTM3U\n#EXT-X-TARGETDURATION:4\n{segments}#EXT-X-ENDLIST\n");
    ok("Content-Type: application/vnd.apple.mpegurl\r\n", text.as_bytes())
}

#[tokio::test]
async fn a_usual_manifest_is_answered_before_long_ones() {
    // 12 MB and 300 kB.
    let (long, usual) = (playlist(99_000, 110), playlist(3_000, 80));
    let origin = Origin::start(move |asked| {
        let body = if asked.path().contains("long") { &long } else { &usual };
        vec![Step::Send(body.clone())]
    })
    .await;
    let rig = Arc::new(Rig::before(&origin).await);
    let mut answered = Vec::new();
    for _ in 0..4 {
        let (rig, inside) = (Arc::clone(&rig), rig.session("").await);
        answered.push(tokio::spawn(async move {
            assert_eq!(rig.get(&format!("{inside}/long.m3u8")).await.status(), 200);
            Instant::now()
        }));
    }
    let inside = rig.session("").await;
    sleep(Duration::from_millis(300)).await;
    let got = rig.get(&format!("{inside}/usual.m3u8")).await;
    let at = Instant::now();
    assert_eq!(got.status(), 200);
    assert!(got.text().contains(&inside) || got.body.len() > 250_000);
    let mut first = None;
    for long in answered {
        first = first.into_iter().chain([long.await.unwrap()]).min();
    }
    assert!(at < first.unwrap(), "it has waited for a long one");
}

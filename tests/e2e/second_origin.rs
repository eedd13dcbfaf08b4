//! Content of a third-party packager and server plays through the proxy unchanged: ffmpeg's HLS and DASH, from
//! two hosts of nginx, by absolute and signed URLs, in gzip.

use crate::{
    ffprobe::{frames, probe},
    nginx::{DASH, FRAGMENTED, MPD_MEDIA, Nginx, RATE, SECONDS, SEGMENTS, TRANSPORT},
    rig::Rig,
    viewers::{Task, watch},
};

const MANIFESTS: [&str; 3] = [FRAGMENTED, TRANSPORT, DASH];

/// The two sizes ffmpeg made, lowest first.
const LADDER: [&str; 2] = ["160x90", "320x180"];

async fn start(profile: &str) -> (Nginx, Rig) {
    let nginx = Nginx::start().await;
    let rig = Rig::start_with(profile, &["--origin", &nginx.origin()]).await;
    (nginx, rig)
}

/// Ends the proxy: nothing was refused on either side, and it knew what each request was for.
async fn all_served(nginx: &Nginx, rig: Rig) {
    let (_, events) = rig.stop().await;
    assert_eq!(events.refused(), [""; 0]);
    assert_eq!(events.unclassified(), [""; 0]);
    let asked = nginx.asked();
    let bad: Vec<_> = asked.iter().filter(|line| !line.starts_with("20")).collect();
    assert!(!asked.is_empty() && bad.is_empty(), "{bad:?}");
}

/// The URIs of a playlist, in its order.
fn playlist_uris(text: &str) -> Vec<String> {
    let uri = |line: &str| match line.split_once("URI=\"") {
        Some((_, rest)) => rest.split('"').next().map(str::to_owned),
        None => (!line.starts_with('#') && !line.is_empty()).then(|| line.to_owned()),
    };
    text.lines().filter_map(uri).collect()
}

/// The URLs from the templates of the MPD.
fn mpd_urls(text: &str) -> Vec<String> {
    let mut urls = Vec::new();
    for (attribute, file) in
        [("initialization=\"", "init-stream$RepresentationID$.m4s"), ("media=\"", MPD_MEDIA)]
    {
        let template = text.split(attribute).nth(1).unwrap().split('"').next().unwrap();
        assert!(template.contains(file), "{template}");
        for number in 1..=if attribute == "media=\"" { SEGMENTS } else { 1 } {
            for representation in ["0", "1", "2"] {
                let url = template
                    .replace("&amp;", "&")
                    .replace("$RepresentationID$", representation)
                    .replace("$Number%05d$", &format!("{number:05}"));
                urls.push(url);
            }
        }
    }
    urls
}

fn uris(text: &str) -> Vec<String> {
    if text.contains("<MPD") { mpd_urls(text) } else { playlist_uris(text) }
}

/// Every file that a manifest refers to, through the proxy and directly: the same bytes.
#[tokio::test]
async fn every_byte_is_the_origins() {
    let (nginx, rig) = start("unlimited").await;
    let mut media = 0;
    for manifest in MANIFESTS {
        let path = Nginx::path(manifest);
        let mut pairs = vec![(rig.enter(&path).await, format!("{}{path}", nginx.origin()))];
        while let Some((proxied, direct)) = pairs.pop() {
            let [ours, theirs] = [rig.get(&proxied).await, rig.get(&direct).await];
            let text = String::from_utf8_lossy(&theirs);
            if !text.starts_with("#EXTM3U") && !text.starts_with("<?xml") {
                media += 1;
                assert!(ours == theirs, "{direct}: {} and {} bytes", ours.len(), theirs.len());
                continue;
            }
            let ours = uris(&String::from_utf8_lossy(&ours));
            let theirs = uris(&text);
            assert!(!ours.is_empty() && ours.len() == theirs.len(), "{ours:?}\n{theirs:?}");
            for (proxied, direct) in ours.into_iter().zip(theirs) {
                assert!(proxied.starts_with("/-/s/"), "{proxied} is no URL of the session");
                pairs.push((rig.url(&proxied), direct));
            }
        }
    }
    // Of two video renditions and a sound: the segments, and an init segment each; HLS and DASH
    // alike. And of the two that have the sound in them.
    assert_eq!(media, 2 * 3 * (SEGMENTS + 1) + 2 * SEGMENTS);
    all_served(&nginx, rig).await;
}

#[tokio::test]
async fn ffprobe_decodes_all_of_it() {
    let (nginx, rig) = start("unlimited").await;
    for manifest in MANIFESTS {
        let path = Nginx::path(manifest);
        let whole = format!("%+{}", 2 * SECONDS);
        let direct = probe(&format!("{}{path}", nginx.origin()), &whole).await;
        let proxied = probe(&rig.url(&path), &whole).await;
        assert_eq!(direct, proxied, "{manifest}");
        let video: Vec<_> = direct.iter().filter(|stream| stream["codec_name"] == "h264").collect();
        assert_eq!(video.len(), LADDER.len(), "{manifest}");
        assert!(video.iter().all(|stream| frames(stream) == SECONDS * RATE), "{video:?}");
    }
    all_served(&nginx, rig).await;
}

#[tokio::test]
async fn players_play_it() {
    let (nginx, rig) = start("cable").await;
    let streams = [
        ("hls.js", FRAGMENTED),
        ("hls.js", TRANSPORT),
        ("dash.js", DASH),
        ("shaka", FRAGMENTED),
        ("shaka", TRANSPORT),
        ("shaka", DASH),
    ];
    let task = |(player, manifest): (&'static str, &str)| Task {
        player,
        url: rig.url(&Nginx::path(manifest)),
        seconds: 10,
        ..Task::default()
    };
    for (viewer, (_, path)) in watch(&streams.map(task)).await.iter().zip(streams) {
        assert!(viewer.startup_seconds.is_some(), "{path} never started: {viewer:?}");
        assert_eq!(viewer.ladder, LADDER, "{path}: {viewer:?}");
        assert!(viewer.fatal.is_empty(), "{path}: {viewer:?}");
        assert!(viewer.asked.refused.is_empty(), "{path}: {viewer:?}");
        assert!(viewer.asked.console.is_empty(), "{path}: {viewer:?}");
        assert!(viewer.asked.strays.is_empty(), "{path}: {viewer:?}");
        assert_eq!(viewer.asked.newcomers, 1, "{path}: {viewer:?}");
        assert!(viewer.played_seconds > 4.0 && viewer.frames > 50, "{path}: {viewer:?}");
    }
    let asked = nginx.asked();
    let coded = |line: &&String| line.contains(".m3u8?") || line.contains(".mpd?");
    assert!(asked.iter().filter(coded).all(|line| line.starts_with("200 gzip ")), "{asked:?}");
    assert_eq!(rig.metric("vsps_sessions_started_total").await, streams.len() as f64);
    all_served(&nginx, rig).await;
}

//! The built-in origin's media: the audio has segments of its own, which share the link with those of the video.

use crate::{
    candidates::steady,
    pair::assert_agreement,
    process::Running,
    sockets::{head_size, proxy, view_all},
    virtual_time::Scene,
};
use http_body_util::BodyExt as _;
use vsps::{
    media::Kind,
    origin,
    player::{Presentation, Setup, SetupRequest},
};

/// How long each viewing lasts: more than a full buffer takes.
const SECONDS: u32 = 30;
/// As the manifest declares them, in kbit/s.
const BITRATES: [f64; 6] = [235.0, 560.0, 1050.0, 2350.0, 4300.0, 8000.0];
const MANIFEST: &str = "/demo/dash/manifest.mpd";
const AUDIO: &str = "a1";
/// How many cases are viewed.
const VIEWED: usize = 6;

/// Profile, algorithm, and the first seed that is looked at: as for muxed media, in a slow network too, where playback waits
/// for both.
const CANDIDATES: &[(&str, &str, u64)] = &[
    ("3g", "hls.js", 1),
    ("congested-cell", "throughput", 1),
    ("abr-ramp", "throughput", 1),
    ("abr-sawtooth", "dynamic", 1),
    ("3g", "throughput", 2),
    ("4g", "shaka", 4),
    ("congested-cell", "bola-e", 5),
    ("abr-dropout", "bba", 1),
    ("abr-dropout", "shaka", 1),
    ("congested-cell", "hls.js", 1),
    ("abr-ramp", "bola", 1),
    ("3g", "bola", 1),
];
/// Of this candidate a seed is taken with which playback rebuffers for this time, in s, at least.
const REBUFFERS: (usize, f64) = (1, 1.0);

fn name(rung: usize) -> String {
    format!("v{}", rung + 1)
}

fn init(rendition: &str) -> String {
    format!("/demo/media/{rendition}/init.mp4")
}

fn segment(rendition: &str, segment: usize) -> String {
    format!("/demo/media/{rendition}/seg-{}.m4s", segment + 1)
}

/// What is requested beside segments: the object at `path`.
async fn setup(proxy: &Running, base: &str, path: &str, kind: Kind) -> SetupRequest {
    let mut response = proxy.ask(&format!("{base}{path}")).await;
    // A manifest is that of a session.
    if let Some(session) = response.headers().get("location") {
        let session = session.to_str().unwrap();
        let url =
            if session.starts_with('/') { format!("{base}{session}") } else { session.into() };
        response = proxy.ask(&url).await;
    }
    assert_eq!(response.status(), 200, "{path}");
    let bytes = response.into_body().collect().await.unwrap().to_bytes().len() as u64;
    SetupRequest::new(bytes, path, kind)
}

async fn presentation(proxy: &Running, base: &str) -> Presentation {
    let bits = |bytes: u64| bytes as f64 * 8.0;
    let (sizes, audio): (Vec<_>, Vec<_>) = origin::segment_bytes().unzip();
    let row = |row: Vec<u64>| row.into_iter().map(bits).collect();
    let sizes: Vec<Vec<f64>> = sizes.into_iter().map(row).collect();
    let mut made = Setup::default();
    made.start.push(setup(proxy, base, MANIFEST, Kind::Mpd).await);
    for rung in 0..BITRATES.len() {
        made.rungs.push(vec![setup(proxy, base, &init(&name(rung)), Kind::Init).await]);
    }
    made.audio.push(setup(proxy, base, &init(AUDIO), Kind::Init).await);
    let lasts = origin::SEGMENT.as_secs_f64() * 1000.0;
    Presentation::new(lasts, BITRATES.to_vec(), &sizes)
        .unwrap()
        .with_audio(audio.into_iter().map(bits).collect())
        .unwrap()
        .with_paths(|number, rung| segment(&name(rung), number))
        .with_audio_paths(|number| segment(AUDIO, number))
        .with_setup(made)
}

/// All are viewed at the same time.
#[tokio::test(flavor = "multi_thread")]
async fn separate_audio_takes_the_same_time_in_both() {
    let (proxy, base) = proxy(None).await;
    let head = head_size(&proxy, &format!("{base}{}", segment("v1", 0))).await;
    let presentation = presentation(&proxy, &base).await;
    let scene = Scene { presentation, head, seconds: SECONDS };
    let chosen = |(number, candidate): (usize, &(&'static str, &'static str, u64))| {
        let least = if number == REBUFFERS.0 { REBUFFERS.1 } else { 0.0 };
        steady(*candidate, least, |case, later| scene.view(case, later))
    };
    let cases: Vec<_> = CANDIDATES.iter().enumerate().filter_map(chosen).take(VIEWED).collect();
    assert_eq!(cases.len(), VIEWED, "{cases:?}");
    let rebuffers = cases.iter().any(|(_, viewing)| viewing.rebuffer_s >= REBUFFERS.1);
    assert!(rebuffers, "rebuffering is to be among them: {cases:?}");
    let pairs = view_all(&format!("{base}{MANIFEST}"), cases).await;
    println!("separate audio: in virtual time, and over sockets; heads of {head} bytes");
    assert_agreement(&pairs);
}

//! The built-in origin's media: the audio has segments of its own, which share the link with those of the video.

use crate::{
    candidates::steady,
    pair::{Case, Viewing, assert_agreement},
    process::Running,
    sockets::{head_size, proxy, view_all},
    virtual_time::Scene,
};
use http_body_util::BodyExt as _;
use std::time::Duration;
use vsps::{
    commands::demo_ladder,
    media::{Kind, Protocol},
    origin,
    player::{Presentation, Setup, SetupRequest},
    profiles::Catalog,
    seed::Name,
    sweep::matrix::FormatRequests,
};

/// How long each viewing lasts: more than a full buffer takes.
const SECONDS: u32 = 30;
/// As the manifest declares them, in kbit/s.
const BITRATES: [f64; 6] = [235.0, 560.0, 1050.0, 2350.0, 4300.0, 8000.0];
const MANIFEST: &str = "/demo/dash/manifest.mpd";
const MASTER: &str = "/demo/hls/master.m3u8";
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
/// The same for HLS, where playlists are requested too: in networks in which the latency of each request is random.
const JITTERY: &[(&str, &str, u64)] = &[
    ("3g", "hls.js", 1),
    ("congested-cell", "throughput", 1),
    ("4g-train", "hls.js", 2),
    ("hotel-wifi", "bola", 1),
    ("4g", "throughput", 1),
    ("3g", "bba", 1),
    ("congested-cell", "hls.js", 1),
    ("4g", "bola-e", 1),
];
/// How many of them are viewed.
const JITTERY_VIEWED: usize = 4;
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

/// What is requested beside segments in DASH, as it was measured.
async fn dash(proxy: &Running, base: &str) -> Setup {
    let mut made = Setup::default();
    made.start.push(setup(proxy, base, MANIFEST, Kind::Mpd).await);
    for rung in 0..BITRATES.len() {
        made.rungs.push(vec![setup(proxy, base, &init(&name(rung)), Kind::Init).await]);
    }
    made.audio.push(setup(proxy, base, &init(AUDIO), Kind::Init).await);
    made
}

/// The same in HLS.
async fn hls(proxy: &Running, base: &str) -> Setup {
    let mut made = Setup::default();
    made.start.push(setup(proxy, base, MASTER, Kind::MultivariantPlaylist).await);
    for rendition in (0..BITRATES.len()).map(name).chain([AUDIO.to_owned()]) {
        let playlist = format!("/demo/hls/{rendition}.m3u8");
        made.rungs.push(vec![
            setup(proxy, base, &playlist, Kind::MediaPlaylist).await,
            setup(proxy, base, &init(&rendition), Kind::Init).await,
        ]);
    }
    made.audio = made.rungs.pop().unwrap();
    made
}

/// The requests of the ladder `demo` of `vsps bench` in this format: they are those that were measured.
fn of_the_ladder(protocol: Protocol, measured: &Setup) -> FormatRequests {
    let ladder = demo_ladder().unwrap();
    let format = ladder.formats().iter().find(|format| format.protocol == protocol).unwrap();
    assert_eq!(format.setup, *measured, "{protocol}");
    let played = ladder.presentation(Duration::from_secs(600)).unwrap();
    for number in [0, 149] {
        for rung in 0..BITRATES.len() {
            let path = segment(&name(rung), number);
            assert_eq!(played.name(number, rung), Some(Name::new(&path)));
        }
        assert_eq!(played.audio_name(number), Some(Name::new(&segment(AUDIO, number))));
    }
    format.clone()
}

/// What is played, with these bitrates in kbit/s.
fn presentation(bitrates: Vec<f64>, setup: Setup) -> Presentation {
    let bits = |bytes: u64| bytes as f64 * 8.0;
    let (sizes, audio): (Vec<_>, Vec<_>) = origin::segment_bytes().unzip();
    let row = |row: Vec<u64>| row.into_iter().map(bits).collect();
    let sizes: Vec<Vec<f64>> = sizes.into_iter().map(row).collect();
    let lasts = origin::SEGMENT.as_secs_f64() * 1000.0;
    Presentation::new(lasts, bitrates, &sizes)
        .unwrap()
        .with_audio(audio.into_iter().map(bits).collect())
        .unwrap()
        .with_paths(|number, rung| segment(&name(rung), number))
        .with_audio_paths(|number| segment(AUDIO, number))
        .with_setup(setup)
}

/// So many of the candidates, each with a seed whose decisions do not depend on the margins; `least` are s of rebuffering
/// that a candidate with this number has.
fn cases(
    scene: &Scene,
    candidates: &[Case],
    viewed: usize,
    least: Option<(usize, f64)>,
) -> Vec<(Case, Viewing)> {
    let chosen = |(number, candidate): (usize, &Case)| {
        let least = least.filter(|(of, _)| *of == number).map_or(0.0, |(_, least)| least);
        steady(*candidate, least, |case, later| scene.view(case, later))
    };
    let cases: Vec<_> = candidates.iter().enumerate().filter_map(chosen).take(viewed).collect();
    assert_eq!(cases.len(), viewed, "{cases:?}");
    cases
}

/// All are viewed at the same time.
#[tokio::test(flavor = "multi_thread")]
async fn separate_audio_takes_the_same_time_in_both() {
    let (proxy, base) = proxy(None).await;
    let head = head_size(&proxy, &format!("{base}{}", segment("v1", 0))).await;
    let setup = dash(&proxy, &base).await;
    of_the_ladder(Protocol::Dash, &setup);
    let presentation = presentation(BITRATES.to_vec(), setup);
    let scene = Scene { presentation, head, seconds: SECONDS };
    let cases = cases(&scene, CANDIDATES, VIEWED, Some(REBUFFERS));
    let rebuffers = cases.iter().any(|(_, viewing)| viewing.rebuffer_s >= REBUFFERS.1);
    assert!(rebuffers, "rebuffering is to be among them: {cases:?}");
    let pairs = view_all(&format!("{base}{MANIFEST}"), cases).await;
    println!("separate audio: in virtual time, and over sockets; heads of {head} bytes");
    assert_agreement(&pairs);
}

/// The latency of each request is random, and the same in both: it is drawn for the same paths.
#[tokio::test(flavor = "multi_thread")]
async fn jitter_is_drawn_for_the_same_requests_in_both() {
    for (profile, ..) in JITTERY {
        let profile = Catalog::new().named(profile).unwrap();
        assert!(profile.link.latency.jitter.is_some(), "{}", profile.name);
    }
    let (proxy, base) = proxy(None).await;
    let head = head_size(&proxy, &format!("{base}{}", segment("v1", 0))).await;
    let FormatRequests { setup, known, .. } =
        of_the_ladder(Protocol::Hls, &hls(&proxy, &base).await);
    // `vsps play` goes by the bandwidths that the multivariant playlist declares.
    let declared = |rung| {
        let known = known.get(Name::new(&segment(&name(rung), 0))).unwrap();
        known.resource.bandwidth.unwrap().bits_per_second() as f64 / 1000.0
    };
    let bitrates: Vec<f64> = (0..BITRATES.len()).map(declared).collect();
    let presentation = presentation(bitrates, setup.reading_lowest());
    let scene = Scene { presentation, head, seconds: SECONDS };
    let cases = cases(&scene, JITTERY, JITTERY_VIEWED, None);
    let pairs = view_all(&format!("{base}{MASTER}"), cases).await;
    println!("jitter: in virtual time, and over sockets, in HLS with separate audio");
    assert_agreement(&pairs);
}

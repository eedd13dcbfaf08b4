//! Media whose audio is in the segments of the video, from an origin whose responses cost no time.

use crate::{
    candidates::steady,
    pair::assert_agreement,
    sockets::{head_size, proxy, view_all},
    virtual_time::Scene,
};
use std::sync::Arc;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use vsps::{
    media::Kind,
    player::{Presentation, Setup, SetupRequest},
};

/// How long each viewing lasts.
const SECONDS: u32 = 20;
/// More segments than are downloaded in that time.
const SEGMENTS: usize = 40;
/// ms.
const SEGMENT: f64 = 2000.0;
/// kbit/s.
const BITRATES: [f64; 5] = [120.0, 350.0, 900.0, 2000.0, 4500.0];
/// How many cases are viewed.
const VIEWED: usize = 8;

/// Profile, algorithm, and the first seed that is looked at. The profiles have steps, random rates, random latency, and
/// stalls; the first seconds of the first case are so slow that the heads of responses count. The first seed is taken
/// whose decisions do not depend on the margins; a pair without one is passed over.
const CANDIDATES: &[(&str, &str, u64)] = &[
    ("3g", "hls.js", 3),
    ("congested-cell", "hls.js", 1),
    ("abr-ramp", "throughput", 1),
    ("abr-sawtooth", "dynamic", 1),
    ("3g", "throughput", 2),
    ("4g", "shaka", 4),
    ("congested-cell", "bola-e", 5),
    ("abr-dropout", "bba", 1),
    ("congested-cell", "throughput", 1),
    ("abr-ramp", "bola", 1),
    ("3g", "bola", 1),
    ("abr-sawtooth", "bba", 1),
];
/// Of this candidate a seed is taken with which playback rebuffers for this time, in s, at least.
const REBUFFERS: (usize, f64) = (1, 1.0);

/// An origin whose responses cost no time: nothing is made when it is asked for.
struct Origin {
    base: String,
    /// Path, content type and size of each object. Of manifests, the text.
    objects: Arc<Vec<(String, &'static str, Vec<u8>)>>,
}

impl Origin {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let objects = Arc::new(objects());
        let served = Arc::clone(&objects);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&served)));
            }
        });
        Self { base, objects }
    }

    fn size(&self, path: &str) -> u64 {
        self.objects.iter().find(|(known, ..)| known == path).unwrap().2.len() as u64
    }

    /// What is played, with the requests that go before it.
    fn presentation(&self) -> Presentation {
        let request = |path: &str, kind| SetupRequest::new(self.size(path), path, kind);
        let mut start = vec![request(MASTER, Kind::MultivariantPlaylist)];
        let mut rungs = vec![Vec::new()];
        for rung in 0..BITRATES.len() {
            let playlist = request(&playlist_path(rung), Kind::MediaPlaylist);
            // A player reads the lowest playlist to learn how long the presentation is.
            if rung == 0 { start.push(playlist) } else { rungs.push(vec![playlist]) }
        }
        let row = |segment| (0..BITRATES.len()).map(move |rung| size(segment, rung) as f64 * 8.0);
        let sizes: Vec<Vec<f64>> = (0..SEGMENTS).map(|segment| row(segment).collect()).collect();
        Presentation::new(SEGMENT, BITRATES.to_vec(), &sizes)
            .unwrap()
            .with_paths(segment_path)
            .with_setup(Setup { start, rungs, audio: Vec::new() })
    }
}

const MASTER: &str = "/master.m3u8";

fn playlist_path(rung: usize) -> String {
    format!("/v{rung}.m3u8")
}

fn segment_path(segment: usize, rung: usize) -> String {
    format!("/v{rung}/{segment}.ts")
}

/// Bytes of a segment: up to 15 % more or less than its bitrate says.
fn size(segment: usize, rung: usize) -> usize {
    let share = 0.85 + 0.03 * ((segment * 7 + rung * 3) % 11) as f64;
    (BITRATES[rung] * SEGMENT / 8.0 * share) as usize
}

fn objects() -> Vec<(String, &'static str, Vec<u8>)> {
    let text = "application/vnd.apple.mpegurl";
    let mut master = "#EXTM3U\n".to_owned();
    let mut objects = Vec::new();
    for (rung, bitrate) in BITRATES.iter().enumerate() {
        let path = playlist_path(rung);
        master.push_str(&format!(
            "#EXT-X-STREAM-INF:BANDWIDTH={},RESOLUTION=640x360,CODECS=\"avc1.64001e,mp4a.40.2\"\n{}\n",
            bitrate * 1000.0,
            &path[1..]
        ));
        let mut playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n".to_owned();
        for segment in 0..SEGMENTS {
            let path = segment_path(segment, rung);
            playlist.push_str(&format!("#EXTINF:2,\n{}\n", &path[1..]));
            objects.push((path, "video/mp2t", vec![0; size(segment, rung)]));
        }
        playlist.push_str("#EXT-X-ENDLIST\n");
        objects.push((path, text, playlist.into_bytes()));
    }
    objects.push((MASTER.to_owned(), text, master.into_bytes()));
    objects
}

/// Answers the requests of one connection.
async fn serve(mut stream: TcpStream, objects: Arc<Vec<(String, &'static str, Vec<u8>)>>) {
    let (mut held, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        held.extend_from_slice(&buffer[..read]);
        let Some(end) = held.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8(held.drain(..end + 4).collect()).unwrap();
        let path = head.split(' ').nth(1).unwrap().split('?').next().unwrap();
        let found = objects.iter().find(|(known, ..)| known == path);
        let (_, kind, body) = found.unwrap_or_else(|| panic!("{head}"));
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let _ = stream.write_all(body).await;
    }
}

/// All are viewed at the same time.
#[tokio::test(flavor = "multi_thread")]
async fn virtual_time_and_sockets_agree() {
    let origin = Origin::start().await;
    let (proxy, base) = proxy(Some(&origin.base)).await;
    let head = head_size(&proxy, &format!("{base}{}", segment_path(0, 0))).await;
    let scene = Scene { presentation: origin.presentation(), head, seconds: SECONDS };
    let chosen = |(number, candidate): (usize, &(&'static str, &'static str, u64))| {
        let least = if number == REBUFFERS.0 { REBUFFERS.1 } else { 0.0 };
        steady(*candidate, least, |case, later| scene.view(case, later))
    };
    let cases: Vec<_> = CANDIDATES.iter().enumerate().filter_map(chosen).take(VIEWED).collect();
    assert_eq!(cases.len(), VIEWED, "{cases:?}");
    assert_eq!((cases[0].0.0, cases[0].0.1), ("3g", "hls.js"), "a slow start is to be among them");
    assert!(cases[1].1.rebuffer_s >= REBUFFERS.1, "rebuffering is to be among them: {cases:?}");
    let pairs = view_all(&format!("{base}{MASTER}"), cases).await;
    println!("in virtual time, and over sockets; heads of {head} bytes");
    assert_agreement(&pairs);
}

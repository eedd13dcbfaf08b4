//! The clock of the machine is set forward and back by hours while the program runs (libfaketime): nothing hangs, no rate
//! changes, and what is to end after a while does so.

use crate::{
    process::{Ended, PATIENCE, Running, json},
    rig::scratch,
};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::{Value, json as value};
use std::{fs, path::PathBuf, time::Duration};
use tokio::time::{Instant, sleep, timeout};

/// Debian's package `faketime` has it, in the folder of the machine's architecture.
fn library() -> String {
    let folders = fs::read_dir("/usr/lib").unwrap().flatten();
    let there = |folder: fs::DirEntry| folder.path().join("faketime/libfaketimeMT.so.1");
    let found = folders.map(there).find(|library| library.exists());
    let found = found.expect("faketime is not installed: `tests/run` installs what is needed");
    found.to_str().unwrap().to_owned()
}

/// The program, and the file that says how far its clock is off.
struct Stepped {
    running: Running,
    offset: PathBuf,
    listen: String,
    admin: String,
}

impl Stepped {
    async fn start(args: &[&str]) -> Self {
        let offset = scratch("clock-offset");
        fs::write(&offset, "+0").unwrap();
        let environment = [
            ("LD_PRELOAD", library()),
            ("FAKETIME_TIMESTAMP_FILE", offset.to_str().unwrap().to_owned()),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            // A clock that is set is that of the time of day; the monotonic one goes on.
            ("DONT_FAKE_MONOTONIC", "1".to_owned()),
        ];
        let args = [&["--log", "json", "--seed", "7"], args].concat();
        let mut running = Running::start_with(&args, environment);
        let ready = json(&running.line().await);
        let address = |name: &str| format!("http://{}", ready[name].as_str().unwrap());
        Self { listen: address("listen"), admin: address("admin"), running, offset }
    }

    fn set_clock(&self, hours: i32) {
        let next = self.offset.with_extension("next");
        fs::write(&next, format!("{hours:+}h")).unwrap();
        fs::rename(next, &self.offset).unwrap();
    }

    async fn get(&self, path: &str) -> (u16, String, Vec<u8>) {
        let response = self.running.ask(&format!("{}{path}", self.listen)).await;
        let location = response.headers().get("location");
        let location = location.map(|it| it.to_str().unwrap().to_owned()).unwrap_or_default();
        let status = response.status().as_u16();
        let body = timeout(PATIENCE, response.into_body().collect()).await.expect("it hangs");
        (status, location, body.unwrap().to_bytes().to_vec())
    }

    async fn session(&self, path: &str) -> String {
        let (status, location, _) = self.get(path).await;
        assert_eq!(status, 307);
        location
    }

    async fn patch(&self, id: &str, change: &Value) -> u16 {
        let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
        let request = http::Request::patch(format!("{}/api/v1/sessions/{id}", self.admin));
        let request = request.header("content-type", "application/json");
        let sent = client.request(request.body(Full::from(change.to_string())).unwrap());
        timeout(PATIENCE, sent).await.expect("it hangs").unwrap().status().as_u16()
    }

    async fn view(&self, id: &str) -> Value {
        let response = self.running.ask(&format!("{}/api/v1/sessions/{id}", self.admin)).await;
        let body = response.into_body().collect().await.unwrap().to_bytes();
        serde_json::from_slice(&body).unwrap()
    }
}

/// The steps, by which the clock is then off.
const HOURS: [i32; 4] = [3, -5, 30, 0];

fn id(location: &str) -> &str {
    location.split('/').nth(3).unwrap()
}

/// Two megabytes at 4 Mbit/s take four seconds; the clock is set four times meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_rate_stays_and_sessions_do_not_end() {
    let args = ["--rate", "4 Mbit/s", "--session-idle", "20 s"];
    let program = Stepped::start(&args).await;
    let playlist = program.session("/demo/hls/master.m3u8").await;
    let segment = playlist.replace("hls/master.m3u8", "media/v5/seg-1.m4s");
    let (_, _, whole) = program.get(&segment).await;
    let start = Instant::now();
    let steps = async {
        for hours in HOURS {
            sleep(Duration::from_millis(300)).await;
            program.set_clock(hours);
        }
    };
    let ((status, _, body), ()) = tokio::join!(program.get(&segment), steps);
    let (took, expected) = (start.elapsed().as_secs_f64(), whole.len() as f64 * 8.0 / 4e6);
    assert_eq!((status, body.len()), (200, whole.len()));
    assert!(expected > 1.5, "longer than the steps take: {expected}");
    assert!((took / expected - 1.0).abs() < 0.15, "{took} s, not {expected} s");
    // A temporary change ends after its time.
    let id = id(&playlist);
    for hours in HOURS {
        assert_eq!(program.patch(id, &value!({ "rate": "1 Mbit/s", "ttl": "1 s" })).await, 200);
        program.set_clock(hours);
        sleep(Duration::from_millis(600)).await;
        assert_eq!(program.view(id).await["rate"], "1 Mbit/s", "{hours} h");
        sleep(Duration::from_millis(900)).await;
        assert_eq!(program.view(id).await["rate"], "4 Mbit/s", "{hours} h");
    }
    program.running.signal("TERM").await;
    let Ended { code, stderr, .. } = program.running.end().await;
    assert_eq!(code, Some(0), "{stderr}");
}

fn number(playlist: &[u8], tag: &str) -> u64 {
    let text = str::from_utf8(playlist).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(tag));
    line.unwrap_or_else(|| panic!("no {tag} in {text}")).parse().unwrap()
}

/// The live edge of the built-in stream goes on as before, and a reload that waits for a part gets it.
#[tokio::test(flavor = "multi_thread")]
async fn the_live_edge_does_not_jump() {
    const SEQUENCE: &str = "#EXT-X-MEDIA-SEQUENCE:";
    let program = Stepped::start(&["--profile", "unlimited"]).await;
    let playlist = program.session("/demo/ll/hls/master.m3u8").await;
    let playlist = playlist.replace("master.m3u8", "v1.m3u8");
    let (_, _, first) = program.get(&playlist).await;
    let (start, first) = (Instant::now(), number(&first, SEQUENCE));
    for hours in HOURS {
        let (_, _, now) = program.get(&playlist).await;
        let text = String::from_utf8(now.clone()).unwrap();
        let listed = text.matches("#EXTINF").count() as u64;
        // Waits for the end of the segment that grows.
        let held = format!("{playlist}?_HLS_msn={}", number(&now, SEQUENCE) + listed);
        let asked = Instant::now();
        let step = async {
            sleep(Duration::from_millis(200)).await;
            program.set_clock(hours);
        };
        let ((status, _, next), ()) = tokio::join!(program.get(&held), step);
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&next));
        assert!(asked.elapsed() < Duration::from_secs(8), "{:?}", asked.elapsed());
        // Segments of four seconds.
        let ahead = number(&next, SEQUENCE) - first;
        let most = start.elapsed().as_secs() / 4 + 2;
        assert!(ahead <= most, "{ahead} segments after {:?}", start.elapsed());
    }
    program.running.signal("TERM").await;
    assert_eq!(program.running.end().await.code, Some(0));
}

//! `vsps replay`: what a recording becomes, and whether it does the same again.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

#[path = "process/mod.rs"]
mod process;

use http_body_util::BodyExt as _;
use process::{Ended, PATIENCE, Running, ended, json, vsps};
use serde_json::{Value, json};
use std::{fs, io::Write as _, path::PathBuf, sync::Arc, time::Duration};
use tokio::time::Instant;
use vsps::{
    model::{LinkSpec, RateSpec},
    player::{Network as _, Progress, network::LinkNetwork},
    profiles::Profile,
    replay::{ReadOptions, Reproduction, read},
    rules::RuleSet,
    seed::Seed,
    units::ByteSize,
};

/// The default of `--interval`.
const STEP: Duration = Duration::from_millis(500);

/// A network that gets worse and better, with steps that are not at whole seconds.
const NETWORK: &str = r#"
[latency]
rtt = "30 ms"

[downlink]
schedule = [
    { for = "7.3 s", rate = "4 Mbit/s" },
    { for = "6 s", rate = "1500 kbit/s" },
    { for = "4.2 s", rate = "2600 kbit/s" },
    { for = "8 s", rate = "900 kbit/s" },
]
"#;

fn link(profile: &str) -> Arc<LinkSpec> {
    let profile = Profile::from_toml("test", "test.toml", profile);
    Arc::new(profile.unwrap_or_else(|problem| panic!("{problem}")).link)
}

/// A download in virtual time: its start, its first byte and its end in ms, and its bytes.
#[derive(Debug, Clone, Copy)]
struct Download {
    at: f64,
    first_byte: f64,
    end: f64,
    bytes: u64,
}

/// Segments of 60 to 140 kB over `link`, one after the other; and what arrives in each second.
fn downloads(link: &Arc<LinkSpec>, seconds: usize) -> (Vec<Download>, Vec<f64>) {
    let mut network = LinkNetwork::new(link, &[], &[], Seed::new(1));
    let (mut now, mut all, mut each) = (0.0, Vec::new(), vec![0.0; seconds]);
    while now < seconds as f64 * 1e3 {
        let bytes = 60_000 + (all.len() as u64 * 37_501) % 80_001;
        let mut before = 0.0;
        let mut arrived = |progress: &Progress| {
            let second = ((now + progress.time) / 1e3) as usize;
            if let Some(each) = each.get_mut(second) {
                *each += (progress.received - before) / 8.0;
            }
            before = progress.received;
            false
        };
        let done = network.download(bytes as f64 * 8.0, Some(&mut arrived)).unwrap().progress;
        arrived(&done);
        all.push(Download { at: now, first_byte: done.first_byte, end: now + done.time, bytes });
        now += done.time;
    }
    (all, each)
}

/// What Chrome would write.
fn chrome(downloads: &[Download]) -> Value {
    let time = |ms: f64| {
        let zero: chrono::DateTime<chrono::Utc> = "2026-03-01T10:00:00Z".parse().unwrap();
        let time = zero + chrono::Duration::microseconds((ms * 1e3) as i64);
        time.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
    };
    let entry = |(number, download): (usize, &Download)| {
        let Download { at, first_byte, end, bytes } = *download;
        json!({
            "startedDateTime": time(at), "time": end - at,
            "request": { "method": "GET", "url": format!("https://cdn.example/v/seg-{number}.m4s"),
                "headers": [], "httpVersion": "h2", "bodySize": 0, "headersSize": -1 },
            "response": { "status": 200, "bodySize": -1, "headersSize": -1,
                "_transferSize": bytes, "content": { "size": bytes, "mimeType": "video/mp4" },
                "headers": [{ "name": "Content-Length", "value": bytes.to_string() }] },
            "timings": { "blocked": 0.0, "dns": -1, "connect": -1, "ssl": -1, "send": 0.0,
                "wait": first_byte, "receive": end - at - first_byte },
        })
    };
    json!({ "log": { "version": "1.2", "creator": { "name": "WebInspector", "version": "537.36" },
        "entries": downloads.iter().enumerate().map(entry).collect::<Vec<_>>() } })
}

fn reproduction(recording: &[u8]) -> Reproduction {
    let recording = read(recording, &ReadOptions::default());
    let recording = recording.unwrap_or_else(|problem| panic!("{problem}"));
    Reproduction::of(&recording, "a recording", STEP).unwrap()
}

#[test]
fn what_was_estimated_delivers_the_same_in_each_second() {
    let (first, original) = downloads(&link(NETWORK), 25);
    let made = reproduction(chrome(&first).to_string().as_bytes());
    let (_, again) = downloads(&link(&made.profile), 25);
    let errors: Vec<f64> =
        original.iter().zip(&again).map(|(one, other)| (other - one).abs() / one).collect();
    let worst = errors.iter().copied().fold(0.0, f64::max);
    println!("worst second: {:.1} %", worst * 100.0);
    assert!(worst < 0.1, "{errors:.3?}\n{original:.0?}\n{again:.0?}\n{}", made.profile);
    assert!(made.profile.contains("rtt = \"30 ms\""), "{}", made.profile);
    assert_eq!(made.rules, "");
    let summary = serde_json::to_value(&made.summary).unwrap();
    assert_eq!(summary["measured_share"], 1.0);
}

/// The times in which a player rests say nothing: what was before and after is believed.
#[test]
fn idle_times_do_not_count_as_a_slow_network() {
    let constant = "[downlink]\nrate = \"8 Mbit/s\"\n";
    let (mut all, _) = downloads(&link(constant), 6);
    // A second of rest after each download.
    for (number, download) in all.iter_mut().enumerate() {
        let rest = number as f64 * 1000.0;
        download.at += rest;
        download.end += rest;
    }
    let made = reproduction(chrome(&all).to_string().as_bytes());
    let RateSpec::Steps(steps) = &link(&made.profile).rate else {
        assert!(made.profile.contains("rate = \"8 Mbit/s\""), "{}", made.profile);
        return;
    };
    for step in steps.steps() {
        let rate = step.rate.bits_per_second() as f64;
        assert!((rate - 8e6).abs() < 0.1 * 8e6, "{rate}\n{}", made.profile);
    }
    assert!(made.profile.contains("no evidence"), "{}", made.profile);
}

/// What browsers say of failures becomes rules that can be read, and a link.
#[test]
fn failures_become_rules() {
    let (all, _) = downloads(&link("[downlink]\nrate = \"4 Mbit/s\"\n"), 5);
    let mut har = chrome(&all);
    let entries = har["log"]["entries"].as_array_mut().unwrap();
    entries[3]["response"]["status"] = json!(503);
    entries[3]["response"]["headers"] = json!([{ "name": "Retry-After", "value": "2" }]);
    entries[5]["response"]["_error"] = json!("net::ERR_CONNECTION_RESET");
    entries[5]["response"]["headers"][0]["value"] = json!((all[5].bytes * 2).to_string());
    entries[7]["timings"]["wait"] = json!(2500.0);
    entries[9]["response"]["status"] = json!(0);
    entries[9]["response"]["_transferSize"] = json!(0);
    entries[9]["response"]["_error"] = json!("net::ERR_CONNECTION_REFUSED");
    let made = reproduction(har.to_string().as_bytes());
    insta::assert_snapshot!("rules_of_a_har", made.rules);
    let rules = RuleSet::from_toml("rules.toml", &made.rules).unwrap();
    assert_eq!(rules.len(), 4);
    let short = made.short_rules.unwrap();
    assert_eq!(RuleSet::from_text(&short).unwrap().len(), 4, "{short}");
}

#[test]
fn gzip_is_unpacked() {
    let (all, _) = downloads(&link(NETWORK), 3);
    let text = chrome(&all).to_string();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(text.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    assert_eq!(reproduction(&packed).profile, reproduction(text.as_bytes()).profile);
    // What it unpacks to counts.
    let options = ReadOptions { limit: ByteSize::from_kibibytes(1), session: None };
    let problem = read(&packed[..], &options).unwrap_err().to_string();
    assert!(problem.starts_with("is larger than 1 KiB (unpacked)"), "{problem}");
}

/// What can't be used is told with its place.
#[test]
fn bad_recordings_are_refused_with_their_place() {
    let (all, _) = downloads(&link(NETWORK), 3);
    let good = chrome(&all);
    let with = |pointer: &str, value: Value| {
        let mut har = good.clone();
        *har.pointer_mut(pointer).expect(pointer) = value;
        har.to_string()
    };
    let entry = |member: &str| format!("/log/entries/1/{member}");
    let text = good.to_string();
    let cases = [
        ("negative time", with(&entry("timings/receive"), json!(-250.0))),
        ("endless time", with(&entry("timings/wait"), json!(1e15))),
        ("no date", with(&entry("startedDateTime"), json!("yesterday"))),
        ("another year", with(&entry("startedDateTime"), json!("1970-01-01T00:00:00Z"))),
        ("no status", with(&entry("response/status"), json!(70_000))),
        ("no URL", with(&entry("request/url"), json!("https://"))),
        ("no number", with(&entry("timings/wait"), json!("soon"))),
        ("no entries", with("/log/entries", json!([]))),
        ("no log", "{ \"log\": {} }".to_owned()),
        ("cut off", text[..text.len() / 2].to_owned()),
        ("something else", "PK\u{3}\u{4} a zip".to_owned()),
        ("nothing", String::new()),
        ("an empty object", "{}".to_owned()),
        ("other pairs", "colour=red,size=3\n".to_owned()),
        ("an event log", "{\"event\":\"a\",\"session\":\"b\"}\n{\"event\":3}\n".to_owned()),
        ("no request", "{\"event\":\"a\",\"session\":\"b\"}\n".to_owned()),
        ("a newer run", "{\"format\":\"vsps-run\",\"version\":9,\"sessions\":[]}".to_owned()),
    ];
    let said = cases.map(|(name, text)| {
        let problem = match read(text.as_bytes(), &ReadOptions::default()) {
            Ok(_) => "accepted".to_owned(),
            Err(problem) => problem.to_string(),
        };
        format!("{name}: {problem}")
    });
    insta::assert_snapshot!("bad_recordings", said.join("\n"));
}

/// Random bytes have signs of every kind somewhere. They are no reports.
#[test]
fn random_bytes_are_no_recording() {
    let mut state = 1_u64;
    for _ in 0..200 {
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as u8
        };
        let bytes: Vec<u8> = (0..3000).map(|_| random()).collect();
        let problem = read(&bytes[..], &ReadOptions::default()).unwrap_err().to_string();
        assert!(problem.starts_with("is neither a HAR"), "{problem}");
    }
}

/// A player that has a day of pauses in its HAR: the profile has a bounded number of steps, and says what is not known.
#[test]
fn a_day_is_bounded() {
    let (mut all, _) = downloads(&link(NETWORK), 3);
    let day = 24.0 * 3600.0 * 1e3;
    let last = *all.last().unwrap();
    all.push(Download { at: last.at + day, end: last.end + day, ..last });
    let made = reproduction(chrome(&all).to_string().as_bytes());
    assert!(made.profile.lines().count() < 100_100);
    link(&made.profile);
    let summary = serde_json::to_value(&made.summary).unwrap();
    assert!(summary["measured_share"].as_f64().unwrap() < 0.001);
    assert!(summary["notes"].to_string().contains("nothing was under way"));
}

/// A folder of its own for a test.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("vsps-replay-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// What a player got of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Got {
    path: &'static str,
    status: u16,
    bytes: usize,
}

/// A session of a player that asks again for what failed; what it got, and the bytes of each second.
struct Watched {
    session: String,
    got: Vec<Got>,
    seconds: Vec<f64>,
    lasted: Duration,
}

const SEGMENTS: [&str; 7] = [
    "demo/media/v2/seg-1.m4s",
    "demo/media/v2/seg-2.m4s",
    "demo/media/v2/seg-2.m4s",
    "demo/media/v2/seg-3.m4s",
    "demo/media/v2/seg-3.m4s",
    "demo/media/v2/seg-4.m4s",
    "demo/media/v2/seg-5.m4s",
];

async fn watch(running: &Running, listen: &str, query: &str) -> Watched {
    let master = format!("http://{listen}/demo/hls/master.m3u8{query}");
    let redirect = running.ask(&master).await;
    let location = redirect.headers()["location"].to_str().unwrap().to_owned();
    let session = location.split("/-/s/").nth(1).unwrap().split('/').next().unwrap().to_owned();
    let base = format!("http://{listen}/-/s/{session}");
    let playlists = ["demo/hls/master.m3u8", "demo/hls/v2.m3u8"];
    for path in playlists {
        running.ask(&format!("{base}/{path}")).await.into_body().collect().await.unwrap();
    }
    let start = Instant::now();
    let (mut got, mut seconds) = (Vec::new(), vec![0.0; 60]);
    for path in SEGMENTS {
        let answer = running.ask(&format!("{base}/{path}")).await;
        let (status, mut bytes) = (answer.status().as_u16(), 0);
        let mut body = answer.into_body();
        while let Some(Ok(frame)) = body.frame().await {
            let size = frame.data_ref().map_or(0, bytes::Bytes::len);
            bytes += size;
            seconds[start.elapsed().as_secs() as usize] += size as f64;
        }
        got.push(Got { path, status, bytes });
    }
    let lasted = start.elapsed();
    seconds.truncate(lasted.as_secs() as usize);
    Watched { session, got, seconds, lasted }
}

/// Starts `vsps run`, watches, and returns what was watched and the answers of the admin side at `paths`.
async fn run_and_watch(args: &[&str], query: &str, paths: &[&str]) -> (Watched, Vec<Value>, Ended) {
    let mut running = Running::start(&[&["--log", "json", "--seed", "1"], args].concat());
    let ready = json(&running.line().await);
    let (listen, admin) = (ready["listen"].as_str().unwrap(), ready["admin"].as_str().unwrap());
    let watched = watch(&running, listen, query).await;
    let mut answers = Vec::new();
    for path in paths {
        let url = format!("http://{admin}/api/v1/sessions/{}/{path}", watched.session);
        let body = running.ask(&url).await.into_body().collect().await.unwrap().to_bytes();
        answers.push(serde_json::from_slice(&body).unwrap());
    }
    running.signal("INT").await;
    (watched, answers, running.end().await)
}

/// A run under a known network and known faults, exported, replayed and run again: the same bytes at nearly the same
/// times, and the same faults.
#[tokio::test]
async fn a_run_that_was_replayed_is_the_same_again() {
    let folder = folder("again");
    let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let network = "[latency]\nrtt = \"60 ms\"\n\n[downlink]\nschedule = [\n\
        { for = \"2 s\", rate = \"4 Mbit/s\" },\n{ for = \"1500 ms\", rate = \"1 Mbit/s\" },\n\
        { for = \"20 s\", rate = \"2500 kbit/s\" },\n]\n";
    fs::write(path("known.toml"), network).unwrap();
    let rules = "segment.video,index=2,attempt=1:status=503;segment.video,index=3,attempt=1:truncate=50%;\
        segment.video,index=4:delay=700ms";
    let known = path("known.toml");
    let events = path("events.jsonl");
    let args = ["--profile", known.as_str(), "--rules", rules, "--events", events.as_str()];
    let (first, answers, _) = run_and_watch(&args, "", &["har", "run"]).await;
    let statuses: Vec<_> = first.got.iter().map(|got| got.status).collect();
    assert_eq!(statuses, [200, 503, 200, 200, 200, 200, 200], "{:?}", first.got);
    for (name, text) in [("run.har", answers[0].to_string()), ("run.json", answers[1].to_string())]
    {
        fs::write(path(name), text).unwrap();
    }
    for recording in ["run.har", "run.json", "events.jsonl"] {
        let output = path(&format!("{recording}-again"));
        let made = ended(vsps(&["replay", &path(recording), "-o", &output, "--json"]), PATIENCE);
        let Ended { code, stdout, stderr } = made.await;
        assert_eq!((code, stderr.as_str()), (Some(0), ""), "{recording}");
        let made = json(&stdout);
        println!(
            "{recording}\n{}{}",
            made["profile"].as_str().unwrap(),
            made["rules"].as_str().unwrap()
        );
        let faults = made["summary"]["faults"].as_array().unwrap();
        assert_eq!(faults.len(), 3, "{recording}: {faults:?}");
        let link = made["link"].as_str().unwrap();
        assert!(link.contains("vsps.profile=profile&vsps.rules="), "{link}");
    }
    let (profile, rules) = (path("run.har-again/profile.toml"), path("run.har-again/rules.toml"));
    let args = ["--profile", profile.as_str(), "--rules", rules.as_str()];
    let (second, ..) = run_and_watch(&args, "?vsps.profile=profile", &[]).await;
    assert_eq!(second.got, first.got);
    let ratio = second.lasted.as_secs_f64() / first.lasted.as_secs_f64();
    println!("{:?}\n{:?}\n{ratio:.3}", first.seconds, second.seconds);
    assert!((0.9..1.1).contains(&ratio), "{:?}, then {:?}", first.lasted, second.lasted);
    // A loaded machine may move a second or two.
    let mut errors: Vec<f64> = first
        .seconds
        .iter()
        .zip(&second.seconds)
        .map(|(one, other)| (one - other).abs() / one.max(1.0))
        .collect();
    errors.sort_by(f64::total_cmp);
    assert!(errors[errors.len() / 2] < 0.1, "{:?}\n{:?}", first.seconds, second.seconds);
    fs::remove_dir_all(&folder).unwrap();
}

/// The network behind the proxy is measured: here the rate of another proxy's link.
#[tokio::test]
async fn a_network_that_passes_is_recorded() {
    let folder = folder("record");
    let output = folder.join("networks");
    let mut behind = Running::start(&[
        "--log",
        "json",
        "--rate",
        "3Mbit/s",
        "--rtt",
        "50ms",
        "--session-by",
        "client",
    ]);
    let origin = format!("http://{}", json(&behind.line().await)["listen"].as_str().unwrap());
    let output_ = output.to_string_lossy().into_owned();
    let args = ["--record", output_.as_str(), "--origin", origin.as_str()];
    let (watched, _, Ended { code, stderr, .. }) = run_and_watch(&args, "", &[]).await;
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!(watched.got.len(), SEGMENTS.len());
    behind.signal("INT").await;
    behind.end().await;
    let file = output.join(format!("{}.toml", watched.session));
    let text = fs::read_to_string(&file).unwrap_or_else(|_| panic!("{stderr}"));
    println!("{text}");
    let link = link(&text);
    let rates: Vec<f64> = match &link.rate {
        RateSpec::Steps(steps) => {
            steps.steps().iter().map(|step| step.rate.bits_per_second() as f64).collect()
        }
        RateSpec::Constant(rate) => vec![rate.bits_per_second() as f64],
        other => panic!("{other:?}"),
    };
    let mut sorted = rates.clone();
    sorted.sort_by(f64::total_cmp);
    let median = sorted[sorted.len() / 2];
    assert!((median - 3e6).abs() < 0.15 * 3e6, "{rates:?}\n{text}");
    let rtt = link.latency.rtt.as_millis();
    assert!((45..200).contains(&rtt), "{rtt}");
    fs::remove_dir_all(&folder).unwrap();
}

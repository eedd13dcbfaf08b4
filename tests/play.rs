//! `vsps play`, against the program's own proxy: what is played, measured, asserted and written.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

#[expect(dead_code, reason = "other tests use the rest of it")]
#[path = "process/mod.rs"]
mod process;

#[expect(dead_code, reason = "other tests use the rest of it")]
#[path = "recorder/mod.rs"]
mod recorder;

use process::{Ended, PATIENCE, Running, ended, json, vsps};
use recorder::Recorder;
use serde_json::Value;
use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};
use vsps::player::Qoe;

/// A proxy on free ports, and its address.
async fn proxy(args: &[&str]) -> (Running, String) {
    let mut running = Running::start(&[&["--log", "json", "--seed", "7"], args].concat());
    let ready = json(&running.line().await);
    let base = format!("http://{}", ready["listen"].as_str().unwrap());
    (running, base)
}

async fn play(args: &[&str]) -> Ended {
    ended(vsps(&[&["play"], args].concat()), PATIENCE).await
}

/// Plays, which must succeed; the JSON.
async fn played(args: &[&str]) -> Value {
    let Ended { code, stdout, stderr } = play(&[&["--json"], args].concat()).await;
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}"))
}

/// All time is startup, playback or rebuffering.
fn assert_time_adds_up(result: &Value) {
    let figure = |name: &str| result[name].as_f64().unwrap_or_else(|| panic!("{name}: {result}"));
    let sum = figure("startup_seconds") + figure("played_seconds") + figure("rebuffer_seconds");
    assert!((sum - figure("wall_seconds")).abs() < 0.05, "{result}");
}

#[tokio::test]
async fn an_hls_stream_plays_through_a_profile() {
    let (_running, base) = proxy(&["--profile", "dsl"]).await;
    let url = format!("{base}/demo/hls/master.m3u8");
    let passing = ["--assert", "rebuffer_ratio < 50%", "--assert", "segments >= 2"];
    let result = played(&[&[url.as_str(), "--duration", "6s"][..], &passing].concat()).await;
    for name in Qoe::FIGURES {
        assert!(result.get(name).is_some(), "no {name}: {result}");
    }
    assert_time_adds_up(&result);
    assert!(result["played_seconds"].as_f64().unwrap() > 1.0, "{result}");
    assert!(result["mean_bitrate_bps"].as_f64().unwrap() > 100_000.0, "{result}");
    assert_eq!(result["live_latency_seconds"], Value::Null);
    assert_eq!(result["players"][0]["ended"], "duration");
    assert_eq!(result["assertions"][0]["passed"], true);
}

#[tokio::test]
async fn a_dash_stream_switches_up_where_the_network_allows_it() {
    let (_running, base) = proxy(&["--profile", "unlimited"]).await;
    let url = format!("{base}/demo/dash/manifest.mpd");
    let result = played(&[&url, "--duration", "9s", "--abr", "throughput"]).await;
    assert!(result["switches_up"].as_u64().unwrap() >= 1, "{result}");
    assert_eq!(result["errors"], 0, "{result}");
    assert_time_adds_up(&result);
}

#[tokio::test]
async fn live_streams_play_some_way_behind_the_edge() {
    let (_running, base) = proxy(&["--profile", "unlimited"]).await;
    for path in ["/demo/live/hls/master.m3u8", "/demo/live/dash/manifest.mpd"] {
        let url = format!("{base}{path}");
        // Longer than a segment: the manifest is reloaded.
        let result = played(&[&url, "--duration", "9s"]).await;
        let latency = result["live_latency_seconds"].as_f64().unwrap();
        assert!((4.0..30.0).contains(&latency), "{path}: {result}");
        assert!(result["played_seconds"].as_f64().unwrap() > 5.0, "{path}: {result}");
    }
}

/// An algorithm of the user's own plays over HTTP; events are counted by the proxy's collector, and one that fails ends
/// playback with its reason.
#[tokio::test]
async fn an_own_algorithm_plays_and_events_are_reported() {
    let (_running, base) = proxy(&["--profile", "unlimited"]).await;
    let url = format!("{base}/demo/hls/master.m3u8");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/abr/buffer.rhai");
    let events = ["--cmcd-events", "/-/cmcd", "--abr", script];
    let result = played(&[&[url.as_str(), "--duration", "3s"][..], &events].concat()).await;
    assert!(result["segments"].as_u64().unwrap() > 2, "{result}");
    let failing = ["--abr", "cmd:false", "--duration", "9s"];
    let Ended { code, stderr, .. } = play(&[&[url.as_str()][..], &failing].concat()).await;
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains("false"), "{stderr}");
}

/// With the proxy's local CA in `--ca`; without it, its certificate is refused.
#[tokio::test]
async fn a_stream_plays_over_https() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("play-ca-{}", std::process::id()));
    let config = [("XDG_CONFIG_HOME", folder.to_str().unwrap())];
    let args = ["--log", "json", "--profile", "unlimited", "--tls", "local"];
    let mut running = Running::start_with(&args, config);
    let ready = json(&running.line().await);
    let url = format!("https://{}/demo/hls/master.m3u8", ready["listen"].as_str().unwrap());
    let mut show = vsps(&["ca", "show", "--path"]);
    show.envs(config);
    let shown = ended(show, PATIENCE).await;
    let ca = shown.stdout.trim();
    let result = played(&[&url, "--ca", ca, "--duration", "3s"]).await;
    assert!(result["segments"].as_u64().unwrap() > 1, "{result}");
    let refused = play(&[&url]).await;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("certificate"), "{refused:?}");
    assert!(refused.stderr.contains("write --ca FILE"), "{refused:?}");
    let empty = play(&[&url, "--ca", "README.md"]).await;
    assert_eq!(empty.code, Some(2), "{empty:?}");
    assert!(empty.stderr.contains("README.md: has no certificate"), "{empty:?}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn an_assertion_that_fails_is_exit_code_1() {
    let (_running, base) = proxy(&["--profile", "unlimited"]).await;
    let url = format!("{base}/demo/hls/master.m3u8");
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("play-{}.xml", std::process::id()));
    let junit = file.to_str().unwrap();
    let asserted = ["--assert", "rebuffer_count == 0", "--assert", "mean_bitrate_bps > 1G"];
    let args = [&[url.as_str(), "--duration", "2s", "--junit", junit][..], &asserted].concat();
    let Ended { code, stdout, stderr } = play(&args).await;
    assert_eq!(code, Some(1), "{stdout}{stderr}");
    assert!(stdout.contains("passed        rebuffer_count == 0"), "{stdout}");
    assert!(
        stderr.starts_with("vsps: assertion failed: mean_bitrate_bps > 1G: mean_bitrate_bps is "),
        "{stderr}"
    );
    let xml = std::fs::read_to_string(&file).unwrap();
    assert!(xml.contains("<testsuites tests=\"3\" failures=\"1\">"), "{xml}");
    assert!(
        xml.contains("name=\"mean_bitrate_bps &gt; 1G\" time=\"0.000\">\n      <failure "),
        "{xml}"
    );
}

/// A response that never comes is no success, however the time ends.
#[tokio::test]
async fn a_playback_without_a_picture_is_exit_code_1() {
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("play-silent-{}.toml", std::process::id()));
    let rule = "[[rule]]\nname = \"silent\"\nwhen = { kind = \"segment\" }\nthen = { hang = \"forever\" }\n";
    std::fs::write(&file, rule).unwrap();
    let rules = file.to_str().unwrap();
    let (_running, base) = proxy(&["--profile", "unlimited", "--rules", rules]).await;
    let url = format!("{base}/demo/hls/master.m3u8");
    let Ended { code, stdout, stderr } = play(&[&url, "--duration", "2s"]).await;
    assert_eq!(code, Some(1), "{stdout}{stderr}");
    assert!(stderr.contains("nothing was shown in 2."), "{stderr}");
    assert!(stdout.contains("ended         duration"), "{stdout}");
}

/// What dash.js does, and the events of the proxy, where the network gets better after 9 s; `rules` are those of its
/// profile.
struct Switched {
    result: Value,
    /// The downloads.
    lines: Vec<Value>,
    events: Vec<Value>,
}

async fn switched(name: &str, rules: &str, lasts: &str) -> Switched {
    let file = |ending: &str| {
        std::path::Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("play-{name}-{}.{ending}", std::process::id()))
    };
    let (profile, log, events) = (file("toml"), file("jsonl"), file("events"));
    let schedule =
        "{ for = \"9 s\", rate = \"900 kbit/s\" }, { for = \"10 m\", rate = \"40 Mbit/s\" }";
    let text =
        format!("summary = \"x\"\nsource = \"x\"\n[downlink]\nschedule = [{schedule}]\n{rules}");
    std::fs::write(&profile, text).unwrap();
    let args = ["--profile", profile.to_str().unwrap(), "--events", events.to_str().unwrap()];
    let (running, base) = proxy(&args).await;
    let url = format!("{base}/demo/hls/master.m3u8");
    let log_file = log.to_str().unwrap();
    let result = played(&[&url, "--abr", "dash.js", "--duration", lasts, "--log", log_file]).await;
    assert_time_adds_up(&result);
    running.signal("INT").await;
    running.end().await;
    let read = |path| {
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().map(json).collect::<Vec<Value>>()
    };
    Switched { result, lines: read(&log), events: read(&events) }
}

/// dash.js downloads buffered segments again when the network gets better, in order, from what is shown on, which was of a
/// lower rung.
#[tokio::test]
async fn a_fast_switch_replaces_what_is_buffered() {
    let Switched { result, lines, .. } = switched("switch", "", "24s").await;
    let replaced: Vec<&Value> = lines.iter().filter(|line| line["replaced"] == true).collect();
    let first = *replaced.first().unwrap_or_else(|| panic!("{lines:?}"));
    let segment = |line: &Value| line["segment"].as_u64().unwrap();
    let before = lines.iter().find(|line| line["segment"] == first["segment"]).unwrap();
    assert!(before["rung"].as_u64() < first["rung"].as_u64(), "{first}: {lines:?}");
    let shown = first["at_s"].as_f64().unwrap() - result["startup_seconds"].as_f64().unwrap();
    assert_eq!(segment(first), (shown / 4.0) as u64, "{first}: {result}");
    for pair in replaced.windows(2) {
        assert_eq!(segment(pair[1]), segment(pair[0]) + 1, "{lines:?}");
    }
}

/// A download of a fast switch that would take too long is given up: its response ends, and it goes on at a lower rung.
#[tokio::test]
async fn a_fast_switch_that_takes_too_long_is_given_up() {
    // It starts with rung 2, and goes back to the lowest before the network gets better.
    let slow = "[[rule]]\nname = \"slow\"\n\
        when = { kind = \"segment\", media = \"video\", rung = \"2..\", index = \"2..\" }\n\
        then = { rate = \"150 kbit/s\" }\n";
    let Switched { lines, events, .. } = switched("give-up", slow, "24s").await;
    let given_up = |line: &&Value| line["replaced"] == true && line["abandoned"] == true;
    let at = lines.iter().position(|line| given_up(&line)).unwrap_or_else(|| panic!("{lines:?}"));
    let (line, next) = (&lines[at], &lines[at + 1]);
    // 500 ms after the first byte at the earliest; the whole would take more than 15 s.
    let took = line["total_ms"].as_f64().unwrap() - line["ttfb_ms"].as_f64().unwrap();
    assert!((500.0..4000.0).contains(&took), "{line}");
    assert!(line["rung"].as_u64().unwrap() >= 2, "{line}");
    assert_eq!(next["abandoned"], false, "{next}");
    assert!(next["rung"].as_u64() < line["rung"].as_u64(), "{line} {next}");
    // What the buffer has at that rung already is passed over.
    let received = lines[..at].iter().filter(|line| line["abandoned"] == false);
    let number = |line: &Value, field: &str| line[field].as_u64().unwrap();
    let held: HashMap<u64, u64> =
        received.map(|line| (number(line, "segment"), number(line, "rung"))).collect();
    let rung = number(next, "rung");
    let due = (number(line, "segment")..).find(|segment| held.get(segment) != Some(&rung)).unwrap();
    let expected = (due, held.contains_key(&due));
    assert_eq!((number(next, "segment"), next["replaced"] == true), expected, "{lines:?}");
    let path = format!("/seg-{}.m4s", line["segment"].as_u64().unwrap() + 1);
    let gone = |event: &&Value| {
        event["event"] == "request_finished"
            && event["outcome"] == "player-gone"
            && event["path"].as_str().is_some_and(|seen| seen.ends_with(&path))
            && event["resource"]["media"] == "video"
    };
    let gone: Vec<&Value> = events.iter().filter(gone).collect();
    assert_eq!(gone.len(), 1, "{gone:?}");
    assert_eq!(gone[0]["resource"]["rung"], line["rung"], "{gone:?}");
}

#[tokio::test]
async fn bad_use_is_exit_code_2() {
    for (args, expected) in [
        (&["ftp://a.example/x"][..], "the scheme is `ftp`"),
        (&["http://a.example/", "--abr", "none"], "there is no algorithm 'none'"),
        (
            &["http://a.example/", "--assert", "rebuffer_ration < 1"],
            "did you mean `rebuffer_ratio`?",
        ),
        (&["http://a.example/", "--players", "0"], "1..=10000"),
        (
            &["http://a.example/", "--junit", "/no/such/folder/x.xml"],
            "--junit /no/such/folder/x.xml: No such file or directory (os error 2); write a file in a folder",
        ),
        (&["https://a.example/", "--ca", "no.pem"], "write a file with certificates in PEM form"),
        (
            &["http://a.example/", "--start-at", "2026-01-01T00:00:00Z"],
            "--start-at 2026-01-01T00:00:00+00:00: it is in the past",
        ),
        (&["http://a.example/", "--duration", "0s"], "write more than 0"),
        (&["http://a.example/", "--max-buffer", "0s"], "write more than 0"),
        (&["http://a.example/", "--abr", "bolla"], "the nearest are bola"),
        (&["http://a.example/", "--catch-up", "0.6"], "write 0.1 for rates of 0.9 to 1.1"),
        (
            &["merge", "no.json"],
            "no.json: No such file or directory (os error 2); write a file that `vsps play",
        ),
    ] {
        let Ended { code, stderr, .. } = play(args).await;
        assert_eq!(code, Some(2), "{args:?}: {stderr}");
        assert!(stderr.contains(expected), "{args:?}: {stderr}");
    }
}

#[tokio::test]
async fn playback_that_fails_names_the_url_and_the_cause() {
    let (_running, base) = proxy(&["--profile", "unlimited"]).await;
    let url = format!("{base}/demo/missing.m3u8");
    let Ended { code, stderr, .. } = play(&[&url]).await;
    assert_eq!(code, Some(1), "{stderr}");
    assert!(
        stderr.contains("playback failed") && stderr.contains("/demo/missing.m3u8"),
        "{stderr}"
    );
    assert!(stderr.contains("404") && stderr.contains("tried 4 times"), "{stderr}");
}

#[tokio::test]
async fn several_players_have_a_summary_together() {
    let (_running, base) = proxy(&["--profile", "unlimited"]).await;
    let url = format!("{base}/demo/hls/master.m3u8");
    let more = ["--assert", "max(startup_seconds) < 30s"];
    let args =
        [&[url.as_str(), "--players", "3", "--stagger", "200ms", "--duration", "3s"][..], &more];
    let result = played(&args.concat()).await;
    let players = result["players"].as_array().unwrap();
    assert_eq!(players.len(), 3);
    let sum: u64 = players.iter().map(|player| player["segments"].as_u64().unwrap()).sum();
    assert_eq!(result["segments"].as_u64(), Some(sum));
}

/// A file with a segment index: its index and its segments are ranges.
#[tokio::test]
async fn a_file_with_an_index_plays_by_ranges() {
    let (_running, base) = proxy(&["--profile", "unlimited"]).await;
    let url = format!("{base}/demo/dash/base.mpd");
    let result = played(&[&url, "--duration", "4s"]).await;
    assert!(result["segments"].as_u64().unwrap() >= 4, "{result}");
    assert!(result["played_seconds"].as_f64().unwrap() > 1.0, "{result}");
    assert_eq!(result["errors"], 0, "{result}");
    // Ten minutes of the whole file would be far more.
    assert!(result["bytes"].as_u64().unwrap() < 60_000_000, "{result}");
}

/// Parts are requested before they exist, and playlists are reloaded as soon as they have news.
#[tokio::test]
async fn low_latency_hls_plays_by_parts() {
    let (_running, base) = proxy(&["--profile", "unlimited"]).await;
    let recorder = Recorder::start(base.trim_start_matches("http://").to_owned()).await;
    let url = format!("{}/demo/ll/hls/master.m3u8", recorder.base());
    let result = played(&[&url, "--duration", "9s"]).await;
    let latency = result["live_latency_seconds"].as_f64().unwrap();
    assert!(latency < 4.0, "{result}");
    assert!(result["segments"].as_u64().unwrap() >= 12, "{result}");
    assert!(result["played_seconds"].as_f64().unwrap() > 5.0, "{result}");
    let requests = recorder.requests();
    let held = requests.iter().filter(|request| request.target.contains("_HLS_part=")).count();
    assert!(held >= 3, "{requests:?}");
}

/// Where a rung has no segments, the next lower one is played.
#[tokio::test]
async fn playback_falls_back_to_a_lower_rung() {
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("play-{}.toml", std::process::id()));
    let rule = "[[rule]]\nname = \"gone\"\nwhen = { kind = \"segment\", media = \"video\", rung = \"2..\" }\n\
                then = { status = 404 }\n";
    std::fs::write(&file, rule).unwrap();
    let rules = file.to_str().unwrap();
    // Shaka takes what arrives within 5 ms for cached and learns nothing from it: the link must be slower than that.
    let (_running, base) = proxy(&["--profile", "wifi", "--rules", rules]).await;
    let url = format!("{base}/demo/dash/manifest.mpd");
    // hls.js does not repeat a request that was answered with 404.
    let result = played(&[&url, "--duration", "6s", "--abr", "hls.js"]).await;
    assert!(result["errors"].as_u64().unwrap() >= 1, "{result}");
    assert_eq!(result["retries"], 0, "{result}");
    assert_eq!(result["switches"], 0, "{result}");
    assert!(result["played_seconds"].as_f64().unwrap() > 2.0, "{result}");
    // Shaka Player ends playback.
    let url = format!("{base}/demo/dash/manifest.mpd?vsps.seed=2");
    let args = [url.as_str(), "--duration", "20s", "--abr", "shaka"];
    let Ended { code, stderr, .. } = play(&args).await;
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains("status 404") && stderr.contains("tried 2 times"), "{stderr}");
}

#[tokio::test]
async fn an_interrupt_ends_playback_with_its_summary() {
    let (_running, base) = proxy(&["--profile", "unlimited"]).await;
    let url = format!("{base}/demo/hls/master.m3u8");
    let child = vsps(&["play", &url, "--assert", "segments >= 1"]).spawn().unwrap();
    let process = child.id().unwrap().to_string();
    let ended = tokio::spawn(child.wait_with_output());
    tokio::time::sleep(Duration::from_secs(4)).await;
    let mut kill = tokio::process::Command::new("sh");
    kill.args(["-c", "kill -s INT \"$1\"", "sh", &process]);
    assert!(kill.status().await.unwrap().success());
    let output = tokio::time::timeout(PATIENCE, ended).await.unwrap().unwrap().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stdout}");
    assert!(stdout.contains("ended         stopped"), "{stdout}");
    assert!(stdout.contains("passed        segments >= 1"), "{stdout}");
}

/// Every request has a report; the keys are those of its object.
#[tokio::test]
async fn cmcd_is_sent_with_every_request() {
    let (_running, base) = proxy(&["--profile", "unlimited"]).await;
    let recorder = Recorder::start(base.trim_start_matches("http://").to_owned()).await;
    let url = format!("{}/demo/hls/master.m3u8", recorder.base());
    played(&[&url, "--duration", "3s", "--cmcd"]).await;
    let reports: Vec<String> = recorder
        .requests()
        .iter()
        .map(|request| request.cmcd().unwrap_or_else(|| panic!("{request:?}")))
        .collect();
    let all = |key: &str| reports.iter().all(|report| report.contains(key));
    assert!(all("sid=\"") && all("cid=\"/demo/hls/master.m3u8\"") && all("sf=h"), "{reports:?}");
    let sessions: BTreeSet<&str> =
        reports.iter().filter_map(|report| report.split("sid=").nth(1)?.get(..38)).collect();
    assert_eq!(sessions.len(), 1, "{reports:?}");
    let of = |object: &str| reports.iter().find(|report| report.contains(object)).unwrap();
    let video = of("ot=v");
    for key in ["bl=", "br=", "d=4000", "nor=\"", "rtp=", "st=v", "tb="] {
        assert!(video.contains(key), "{key}: {video}");
    }
    assert!(of("ot=a").contains("d="), "{reports:?}");
    assert!(!of("ot=m").contains("br=") && !of("ot=i").contains("bl="), "{reports:?}");
}

/// With a buffer that is too small for a segment beside what playback waits for, audio is requested all the same.
#[tokio::test]
async fn audio_that_never_fits_is_requested() {
    let (_running, base) = proxy(&["--profile", "unlimited"]).await;
    let url = format!("{base}/demo/hls/master.m3u8");
    let result =
        played(&[&url, "--abr", "media3", "--max-buffer", "4s", "--duration", "14s"]).await;
    assert!(result["played_seconds"].as_f64().unwrap() > 6.0, "{result}");
}

//! The sweep: profiles × algorithms × seeds in virtual time.

#![expect(clippy::unwrap_used, reason = "a test may panic, in its helpers too")]

use std::{fs, num::NonZeroUsize, path::PathBuf, process::Command, time::Duration};
use vsps::{
    profiles::Catalog,
    sweep::matrix::{Ladder, Plan, PlanOptions, Results, Seeds, Shard, csv, run_all, table, trace},
};

fn options(profiles: &[&str], algorithms: &[&str], seeds: Seeds) -> PlanOptions {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    PlanOptions {
        profiles: owned(profiles),
        algorithms: owned(algorithms),
        ladder: Ladder::find("sabre").unwrap(),
        duration: Duration::from_secs(180),
        seeds,
        buffer: None,
        abandon: false,
        shard: Shard::WHOLE,
    }
}

fn plan(profiles: &[&str], algorithms: &[&str], seeds: Seeds) -> Plan {
    Plan::new(options(profiles, algorithms, seeds), &Catalog::new()).unwrap()
}

fn run(plan: &Plan, threads: usize) -> Results {
    run_all(plan, NonZeroUsize::new(threads).unwrap(), &|_| {})
}

const ALL: &[&str] = &[
    "throughput",
    "bba",
    "bola",
    "bola-e",
    "dynamic",
    "dynamicdash",
    "fixed",
    "mpc",
    "robust-mpc",
    "hls.js",
    "dash.js",
    "shaka",
];

#[test]
fn threads_change_nothing() {
    let plan = plan(&["3g", "abr-ramp", "flaky-wifi"], ALL, Seeds { first: 1, last: 2 });
    let one = run(&plan, 1);
    assert_eq!(one.runs.len(), 3 * ALL.len() * 2);
    for threads in [2, 5] {
        assert_eq!(one.to_json().unwrap(), run(&plan, threads).to_json().unwrap(), "{threads}");
    }
    // Seeds and algorithms do change something.
    let bitrate = |index: usize| one.runs[index].figures().unwrap().bitrate_kbps;
    assert_ne!(bitrate(0), bitrate(1));
    assert_ne!(bitrate(0), bitrate(2));
}

/// Time is startup, playback or rebuffering; all media is shown; a buffer is never below zero.
#[test]
fn every_second_is_accounted_for() {
    let profiles = ["3g", "abr-dropout", "bufferbloat", "edge"];
    let players = ["throughput", "bba", "bola-e", "dynamic", "hls.js", "dash.js", "shaka"];
    let mut plan = plan(&profiles, &players, Seeds { first: 1, last: 1 });
    for abandon in [false, true] {
        plan.options.abandon = abandon;
        for index in 0..plan.runs() {
            let (net, player, seed) = plan.at(index).unwrap();
            let figures = vsps::sweep::matrix::run(&plan, net, player, seed).unwrap();
            let trace = trace(&plan, net, player, seed);
            let name = format!("{} {} {seed}", net.name, player.name);
            assert_eq!(figures.play_s, 180.0, "{name}");
            let wall = figures.startup_s + figures.play_s + figures.rebuffer_s;
            assert!((wall - trace.end).abs() < 1e-6, "{name}: {wall} {}", trace.end);
            assert_eq!(trace.rungs.len(), 60, "{name}");
            assert!(trace.buffer.iter().all(|point| point.buffer >= 0.0), "{name}");
            assert!((0.0..=1.0 + 1e-9).contains(&figures.utilization), "{name}: {figures:?}");
            assert_eq!(figures.switches, figures.switches_up + figures.switches_down);
        }
    }
}

#[test]
fn a_dead_link_ends_its_runs_with_the_reason() {
    let folder = scratch("dead");
    let profile = folder.join("dead.toml");
    fs::write(&profile, "summary = \"x\"\nsource = \"x\"\n[downlink]\nrate = \"0 bit/s\"\n")
        .unwrap();
    let plan = plan(&[profile.to_str().unwrap(), "cable"], &["bola"], Seeds { first: 1, last: 2 });
    let results = run(&plan, 1);
    let table = table(&results);
    assert!(table.contains("dead with bola: 2 of 2 runs did not end: the network carries nothing"));
    assert!(csv(&results).lines().nth(1).unwrap().contains("the network carries nothing"));
    assert!(results.runs[2].figures().unwrap().bitrate_kbps > 4000.0);
}

/// One rung, and segments longer than the buffer.
#[test]
fn odd_ladders_play() {
    for ladder in [
        Ladder::new("one", 4000.0, vec![400.0], vec![vec![1.6e6]]),
        Ladder::new("long", 60_000.0, vec![400.0, 900.0], vec![vec![24e6, 54e6]]),
    ] {
        let options = PlanOptions {
            ladder,
            buffer: Some(Duration::from_secs(5)),
            ..options(&["abr-ramp"], ALL, Seeds { first: 1, last: 1 })
        };
        let results = run(&Plan::new(options, &Catalog::new()).unwrap(), 1);
        for run in &results.runs {
            let figures = run.figures().unwrap_or_else(|| panic!("{run:?}"));
            assert!(figures.rebuffer_ratio < 0.05, "{}: {figures:?}", run.abr);
        }
    }
}

fn scratch(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("bench").join(name);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Runs the program; returns its exit code, standard output and standard error.
fn vsps(arguments: &[&str]) -> (i32, String, String) {
    let output =
        Command::new(env!("CARGO_BIN_EXE_vsps")).arg("bench").args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_command_prints_a_table_and_writes_json_and_csv() {
    let folder = scratch("command");
    let (json, csv) = (folder.join("result.json"), folder.join("result.csv"));
    let arguments =
        ["--profile", "abr-ramp", "--abr", "bola,shaka", "--seeds", "1..2", "--duration"];
    let arguments = [&arguments[..], &["1m", "--json", json.to_str().unwrap(), "--csv"]].concat();
    let (code, out, err) = vsps(&[&arguments[..], &[csv.to_str().unwrap()]].concat());
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.starts_with("profile   algorithm  runs  bitrate kbit/s"), "{out}");
    let results = Results::read(&json).unwrap();
    assert_eq!(results.runs.len(), 4);
    assert_eq!(
        results.command,
        "vsps bench --profile abr-ramp --abr bola,shaka --ladder demo --seeds 1..2 --duration 1m"
    );
    assert_eq!(results.ladder.bitrates_kbps, [363.0, 688.0, 1178.0, 2478.0, 4428.0, 8128.0]);
    assert_eq!(fs::read_to_string(&csv).unwrap().lines().count(), 5);
    let (code, out, _) = vsps(&[&arguments[..7], &["1m", "--json", "-"]].concat());
    assert_eq!(code, 0);
    assert_eq!(serde_json::from_str::<Results>(&out).unwrap(), results);
}

#[test]
fn bad_use_is_named() {
    for (arguments, message) in [
        (vec!["--abr", "bolla"], "--abr: there is no algorithm 'bolla'; the nearest are bola"),
        (vec!["--profile", "abr-rump"], "--profile: "),
        (vec!["--ladder", "nothing"], "--ladder: nothing: there is no such file; write demo"),
        (vec!["--seeds", "5..1"], "'5..1' ends before it starts; write 1..5"),
        (vec!["--duration", "0s"], "--duration: write a duration of at least a segment"),
        (vec!["--abr", "bola,bola"], "--abr: 'bola' is there twice"),
        (vec!["--json", "-", "--csv", "-"], "only one of --json and --csv"),
    ] {
        let (code, _, err) = vsps(&arguments);
        assert_eq!(code, 2, "{arguments:?}");
        assert!(err.contains(message), "{arguments:?}: {err}");
    }
}

//! The simulated player against published simulators: their figures for the same inputs, as values.

#![expect(clippy::unwrap_used, reason = "a test may panic, in its helpers too")]

use std::{
    fs,
    path::{Path, PathBuf},
};
use vsps::sweep::{
    decide,
    pensieve::{self, PensieveAbr, PensieveOptions},
    sabre::{self, SabreOptions},
};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/abr")
}

/// Sabre's figures for fifteen sets of options, to the last digit.
#[test]
fn sabre_prints_the_same_figures() {
    let folder = fixtures().join("sabre");
    let mut runs = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "txt") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let (options, expected) = text.split_once('\n').unwrap();
        let arguments: Vec<String> = options.split_whitespace().map(str::to_owned).collect();
        let options = SabreOptions {
            network: folder.join("network.json"),
            movie: folder.join("movie.json"),
            ..SabreOptions::parse(&arguments).unwrap()
        };
        assert_eq!(sabre::run(&options).unwrap(), expected, "{}", path.display());
        runs += 1;
    }
    assert_eq!(runs, 15);
}

fn pensieve_rows(name: &str, abr: PensieveAbr) {
    let folder = fixtures().join("pensieve");
    let traces = (1..=3).map(|number| folder.join(format!("trace-{number}"))).collect();
    let options = PensieveOptions { traces, sizes: folder.join("sizes"), abr };
    let mut out = Vec::new();
    pensieve::run(&options, &mut out).unwrap().unwrap();
    let numbers = |line: &str| -> Vec<f64> {
        line.split('\t')
            .filter(|field| !field.is_empty())
            .map(|field| field.parse().unwrap())
            .collect()
    };
    let out = String::from_utf8(out).unwrap();
    let expected = fs::read_to_string(folder.join(name)).unwrap();
    assert_eq!(out.lines().count(), expected.lines().count());
    for (row, (ours, theirs)) in out.lines().zip(expected.lines()).enumerate() {
        let (ours, theirs) = (numbers(ours), numbers(theirs));
        assert_eq!(ours.len(), theirs.len(), "row {row}");
        for (one, other) in ours.iter().zip(&theirs) {
            assert!(
                (one - other).abs() < 1e-6 * other.abs().max(1.0),
                "row {row}: {ours:?} {theirs:?}"
            );
        }
    }
}

#[test]
fn pensieve_logs_the_same_rows_for_bba() {
    pensieve_rows("bba.txt", PensieveAbr::Bba);
}

/// Over three traces: errors and the last prediction go on from one to the next.
#[test]
fn pensieve_logs_the_same_rows_for_robust_mpc() {
    pensieve_rows("robust-mpc.txt", PensieveAbr::RobustMpc);
}

/// What the players' own code chose, decision by decision.
#[test]
fn players_choose_the_same() {
    let folder = fixtures().join("decide");
    let mut decisions = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".jsonl"))
        else {
            continue;
        };
        let player = name.rsplit_once('-').unwrap().0;
        let mut out = Vec::new();
        decide::run(player, &*fs::read(&path).unwrap(), &mut out).unwrap();
        let out = String::from_utf8(out).unwrap();
        let expected = fs::read_to_string(folder.join(format!("{name}.txt"))).unwrap();
        assert_eq!(out.lines().count(), expected.lines().count());
        for (index, (ours, theirs)) in out.lines().zip(expected.lines()).enumerate() {
            let ours: serde_json::Value = serde_json::from_str(ours).unwrap();
            let (rendition, estimate) = theirs.split_once(' ').unwrap();
            // A download that is still going on is given up for a rendition, or goes on: null.
            let answer = ours.get("abandon").unwrap_or(&ours["rendition"]).to_string();
            assert_eq!(answer, rendition, "{name}, decision {index}");
            let (ours, theirs) = (ours["estimate_bps"].as_f64(), estimate.parse::<f64>().ok());
            let close =
                ours.zip(theirs).is_none_or(|(one, other)| (one / other - 1.0).abs() < 1e-9);
            assert!(close, "{name}, decision {index}: {ours:?} {theirs:?}");
            decisions += 1;
        }
    }
    assert!(decisions >= 2863, "{decisions}");
}

#[test]
fn bad_lines_are_named() {
    let error = |player: &str, input: &str| {
        decide::run(player, input.as_bytes(), Vec::new()).unwrap_err().to_string()
    };
    let setup = r#"{"ladder":[{"bandwidth":100000}],"segment_s":4}"#;
    assert_eq!(error("hls", setup), "there is no algorithm 'hls'; the nearest are hls.js");
    let unknown = error("unlike-all", setup);
    let all = "there is no algorithm 'unlike-all'; write bba, bba-2, ";
    assert!(unknown.starts_with(all), "{unknown}");
    assert_eq!(
        error("shaka", ""),
        "the input is empty; write a line with `ladder` and `segment_s` first"
    );
    let line = r#"{"rendition":1,"bytes":1,"ttfb_ms":1,"total_ms":2,"buffer_s":0,"now_ms":2}"#;
    assert_eq!(
        error("shaka", &format!("{setup}\n{line}")),
        "line 2: `rendition` is 1; the ladder has 1"
    );
    let setup = r#"{"ladder":[{"bandwidth":100000}],"segment_s":4,"config":{"x":1}}"#;
    assert_eq!(
        error("shaka", setup),
        "line 1: config: `x` is not a setting of this algorithm's rate rules"
    );
    let setup = r#"{"ladder":[{"bandwidth":100000}],"segment_s":4,"config":{"rendition":1}}"#;
    assert_eq!(
        error("fixed", setup),
        "line 1: config: `rendition` is 1; write a rendition from 0 to 0"
    );
    let setup = r#"{"ladder":[{"bandwidth":100000}],"segment_s":4,"config":{"fastHalfLife":0}}"#;
    assert_eq!(
        error("shaka", setup),
        "line 1: config: `fastHalfLife` is 0; write a number above 0"
    );
}

/// The renditions chosen by `abr` after downloads at a rate of `kbps` for as many segments each, from the
/// lowest of four renditions.
fn closed_loop(abr: &str, config: &str, rates: &[(f64, usize)]) -> Vec<u64> {
    let ladder = [400.0, 1000.0, 2000.0, 4000.0];
    let list: Vec<_> =
        ladder.iter().map(|kbps| format!(r#"{{"bandwidth":{}}}"#, kbps * 1000.0)).collect();
    let mut input =
        format!(r#"{{"ladder":[{}],"segment_s":4,"config":{{{config}}}}}"#, list.join(","));
    let (mut now, mut buffer, mut rendition) = (0.0, 0.0_f64, 0_usize);
    let mut chosen = Vec::new();
    for (rate, count) in rates {
        for _ in 0..*count {
            let bytes = ladder[rendition] * 4000.0 / 8.0;
            let time = 50.0 + bytes * 8.0 / rate;
            now += time;
            buffer = (buffer - time / 1000.0).max(0.0) + 4.0;
            input += &format!(
                "\n{{\"rendition\":{rendition},\"bytes\":{bytes},\"ttfb_ms\":50,\
                 \"total_ms\":{time},\"buffer_s\":{buffer},\"now_ms\":{now}}}"
            );
            let mut out = Vec::new();
            decide::run(abr, input.as_bytes(), &mut out).unwrap();
            let last = String::from_utf8(out).unwrap().lines().last().unwrap().to_owned();
            let answer: serde_json::Value = serde_json::from_str(&last).unwrap();
            chosen.push(answer["rendition"].as_u64().unwrap());
            rendition = usize::try_from(*chosen.last().unwrap()).unwrap();
            let wait = (buffer - 25.0).max(0.0);
            now += wait * 1000.0;
            buffer -= wait;
        }
    }
    chosen
}

/// On a steady link every algorithm that adapts ends at the rendition that the link carries, but
/// those that follow the buffer alone, which go above it while the buffer is full.
#[test]
fn algorithms_follow_the_link() {
    for abr in ["throughput", "hls.js", "shaka", "dash.js"] {
        let chosen = closed_loop(abr, "", &[(3100.0, 30)]);
        assert_eq!(chosen[20..], [2; 10], "{abr}: {chosen:?}");
    }
    for abr in ["throughput", "mpc", "robust-mpc", "dynamic", "hls.js", "shaka", "dash.js"] {
        let chosen = closed_loop(abr, "", &[(20_000.0, 20), (700.0, 25)]);
        assert_eq!(chosen[18], 3, "{abr}: {chosen:?}");
        // These spend what the buffer has above the link.
        let highest = u64::from(["mpc", "robust-mpc", "dynamic"].contains(&abr));
        assert!(chosen[35..].iter().all(|rendition| *rendition <= highest), "{abr}: {chosen:?}");
    }
    let fixed = closed_loop("fixed", r#""rendition":2"#, &[(500.0, 5)]);
    assert_eq!(fixed, [2; 5]);
    for abr in ["bba", "bola", "bola-e"] {
        let chosen = closed_loop(abr, "", &[(20_000.0, 20), (500.0, 25)]);
        assert_eq!(chosen[18], 3, "{abr}: {chosen:?}");
        assert_eq!(*chosen.last().unwrap(), 0, "{abr}: {chosen:?}");
    }
    let bba_2 = closed_loop("bba-2", r#""maxBuffer":25"#, &[(20_000.0, 20), (500.0, 25)]);
    // During the start a segment that adds more than 7/8 of its duration raises the rendition by one.
    assert_eq!(bba_2[..4], [1, 2, 3, 3], "{bba_2:?}");
    assert_eq!(*bba_2.last().unwrap(), 0, "{bba_2:?}");
}

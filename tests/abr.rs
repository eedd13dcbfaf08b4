//! The simulated player against published simulators: their figures for our inputs, as values.

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
            assert_eq!(ours["rendition"].to_string(), rendition, "{name}, decision {index}");
            let (ours, theirs) = (ours["estimate_bps"].as_f64(), estimate.parse::<f64>().ok());
            let close =
                ours.zip(theirs).is_none_or(|(one, other)| (one / other - 1.0).abs() < 1e-9);
            assert!(close, "{name}, decision {index}: {ours:?} {theirs:?}");
            decisions += 1;
        }
    }
    assert!(decisions >= 1260, "{decisions}");
}

#[test]
fn bad_lines_are_named() {
    let error = |player: &str, input: &str| {
        decide::run(player, input.as_bytes(), Vec::new()).unwrap_err().to_string()
    };
    let setup = r#"{"ladder":[{"bandwidth":100000}],"segment_s":4}"#;
    assert_eq!(error("hls", setup), "there is no algorithm 'hls'; write dash.js, hls.js, shaka");
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
}

//! Profiles: all built-in ones can be read and have a description; every error in a file is reported with its
//! file, line and key, and with what to write instead.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use proptest::prelude::*;
use std::{fs, path::Path, time::Duration};
use vsps::{
    document::FileError,
    model::RateSpec,
    profiles::{Catalog, Profile, ProfileError},
    rules::RuleSet,
};

/// The profiles (or fixtures) in a folder, by name, sorted.
fn folder(path: &str) -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let entry = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().path();
    let files = fs::read_dir(path).unwrap().map(entry);
    let mut files: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

#[test]
fn the_catalogue_is_the_folder() {
    let catalog = Catalog::new();
    let files: Vec<_> = folder("profiles").into_iter().map(|(name, _)| name).collect();
    assert_eq!(catalog.names().collect::<Vec<_>>(), files);
    let listed = catalog.list().unwrap();
    assert_eq!(listed.len(), files.len());
    for (profile, name) in listed.iter().zip(&files) {
        assert_eq!(&profile.name, name);
        assert_eq!(**profile, *catalog.find(name).unwrap());
        assert!(!profile.summary.contains('\n') && !profile.source.contains('\n'));
    }
}

/// What `vsps run` prints at its start. (All of them are in `docs/profiles.md`.)
#[test]
fn profiles_in_a_line() {
    let names = [
        "3g",
        "3g-slow",
        "4g",
        "abr-ramp",
        "cable",
        "dsl",
        "edge",
        "flaky-wifi",
        "lte",
        "spike",
        "unlimited",
        "wifi",
        "captive-portal",
        "rtt-5g",
        "satellite-leo",
        "train",
    ];
    let lines = names.map(|name| Catalog::new().find(name).unwrap().to_string());
    insta::assert_snapshot!(lines.join("\n"), @r"
    3g: about 1.17 Mbit/s (a chain of 5 states), rtt 60 ms + jitter of 107 ms
    3g-slow: 400 kbit/s, 400 kbit/s up, rtt 400 ms
    4g: about 30.4 Mbit/s (a chain of 6 states), rtt 70 ms + jitter of 17 ms
    abr-ramp: 900 kbit/s to 12 Mbit/s in 8 steps, mean 4.49 Mbit/s, rtt 40 ms
    cable: 5 Mbit/s, 1 Mbit/s up, rtt 28 ms
    dsl: 1.5 Mbit/s, 384 kbit/s up, rtt 50 ms
    edge: 240 kbit/s, 200 kbit/s up, rtt 840 ms
    flaky-wifi: 20 Mbit/s, rtt 30 ms + jitter of 8 ms, stalls about every 12 s for 900 ms, loss 1.18 % (retransmit)
    lte: 12 Mbit/s, 12 Mbit/s up, rtt 70 ms
    spike: 300 kbit/s to 1.2 Mbit/s in 3 steps, mean 767 kbit/s
    unlimited: no rate limit
    wifi: 30 Mbit/s, 15 Mbit/s up, rtt 2 ms
    captive-portal: 10 Mbit/s, rtt 30 ms, 1 rule
    rtt-5g: no rate limit, rtt 60 ms + jitter of 13.7 ms
    satellite-leo: 100 Mbit/s, rtt 35 ms + jitter of 7 ms, stalls about every 14.85 s for 150 ms
    train: about 9.44 Mbit/s (a chain of 4 states), rtt 60 ms + jitter of 20 ms, stalls about every 30 s for 400 ms
    ");
}

/// What `vsps profiles show` prints: one of each form.
#[test]
fn profiles_in_full() {
    let catalog = Catalog::new();
    let pages = ["3g", "flaky-wifi", "spike", "unlimited"]
        .map(|name| catalog.find(name).unwrap().describe());
    insta::assert_snapshot!("in_full", pages.join("\n\n"));
}

#[test]
fn unlimited_leaves_everything_alone() {
    let unlimited = Catalog::new().find("unlimited").unwrap();
    assert!(unlimited.link.is_transparent());
    assert!(unlimited.rules.is_empty());
}

/// The chain's long-run mean is that of the measured states, weighted by their measured shares of time.
#[test]
fn the_cells_have_the_mean_of_their_source() {
    let mean =
        |name: &str| Catalog::new().find(name).unwrap().mean_rate().unwrap().bits_per_second();
    let weighed =
        |states: &[(f64, f64)]| states.iter().map(|(kbits, share)| kbits * share).sum::<f64>();
    let hsdpa = [(49.0, 0.092), (272.0, 0.190), (763.0, 0.228), (1400.0, 0.320), (2909.0, 0.170)];
    let lte = [
        (159.0, 0.020),
        (6240.0, 0.092),
        (15_266.0, 0.177),
        (25_028.0, 0.240),
        (36_738.0, 0.279),
        (55_629.0, 0.192),
    ];
    for (name, source) in [("3g", weighed(&hsdpa)), ("4g", weighed(&lte))] {
        let error = mean(name) as f64 / 1e3 / source - 1.0;
        assert!(error.abs() < 0.03, "{name}: off by {error}");
    }
}

/// A player that starts at the lowest rate of the ramp can use other rungs well within a minute.
#[test]
fn the_ramp_crosses_the_ladder_within_a_minute() {
    let ramp = Catalog::new().find("abr-ramp").unwrap();
    let RateSpec::Steps(steps) = &ramp.link.rate else { panic!("a schedule") };
    let (mut start, mut sustained) = (Duration::ZERO, std::collections::BTreeSet::new());
    for step in steps.steps() {
        let left = step.rate.bits_per_second().saturating_sub(128_000);
        let rung = [235, 560, 1050, 2350, 4300, 8000].iter().rposition(|k| k * 1000 <= left);
        if start < Duration::from_secs(50) {
            sustained.insert(rung);
        }
        start += step.lasts;
    }
    assert!(sustained.len() >= 5, "{sustained:?}");
}

#[test]
fn valid_files_are_read() {
    for (name, text) in folder("tests/fixtures/profiles/valid") {
        let profile = Profile::from_toml(&name, &format!("{name}.toml"), &text).unwrap();
        insta::assert_snapshot!(format!("valid_{name}"), profile.describe());
    }
}

/// Every message names file, line and key, and what to write instead.
#[test]
fn faults_say_where_they_are_and_what_to_write() {
    let faults = |(name, text): (String, String)| {
        let file = format!("{name}.toml");
        let faults = Profile::from_toml(&name, &file, &text).expect_err(&name);
        assert!(!faults.as_slice().is_empty());
        for fault in &faults {
            assert!(fault.line.is_some() && !fault.problem.is_empty() && !fault.hint.is_empty());
            assert!(!fault.to_string().contains('\n'), "{fault}");
        }
        faults.to_string()
    };
    let all: Vec<_> = folder("tests/fixtures/profiles/invalid").into_iter().map(faults).collect();
    insta::assert_snapshot!("faults", all.join("\n\n"));
}

/// A profile's JSON is its file with the name added, and can be converted back.
#[test]
fn json_has_the_form_of_the_file() {
    let profile = Catalog::new().find("flaky-wifi").unwrap();
    let mut json = serde_json::to_value(&*profile).unwrap();
    assert_eq!(json["name"], "flaky-wifi");
    assert_eq!(json["latency"]["jitter"]["mean"], "8 ms");
    assert_eq!(json["loss"]["model"]["gilbert-elliott"]["p"], 0.004);
    json.as_object_mut().unwrap().remove("name");
    let file = toml::to_string(&json).unwrap();
    assert_eq!(Profile::from_toml("flaky-wifi", "f", &file).unwrap().link, profile.link);
}

#[test]
fn a_wrong_name_is_answered_with_the_nearest() {
    let message = |name: &str| Catalog::new().find(name).unwrap_err().to_string();
    insta::assert_snapshot!(message("flakywifi"), @"there is no profile `flakywifi`; did you mean `flaky-wifi`? see `vsps profiles list`");
    insta::assert_snapshot!(message("4G"), @"there is no profile `4G`; did you mean `4g` or `4g-bus` or `4g-car`? see `vsps profiles list`");
    insta::assert_snapshot!(message("zzz"), @"there is no profile `zzz`; see `vsps profiles list`");
}

/// Names from the network must not open files; those of the command line may.
#[test]
fn paths_are_for_the_command_line() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/profiles/cable.toml");
    let catalog = Catalog::new();
    assert_eq!(catalog.find(path).unwrap().link, catalog.find("cable").unwrap().link);
    assert!(matches!(catalog.named(path), Err(ProfileError::Unknown { .. })));
    assert!(matches!(
        catalog.find("./nowhere.toml"),
        Err(ProfileError::File(FileError::Unreadable { .. }))
    ));
    insta::assert_snapshot!(catalog.find("nowhere.toml").unwrap_err(), @"nowhere.toml: can't be read: No such file or directory (os error 2); write the path of a TOML file");
}

#[test]
fn a_file_over_a_mebibyte_is_refused() {
    let path = std::env::temp_dir().join(format!("vsps-large-{}.toml", std::process::id()));
    fs::write(&path, vec![b'#'; (1 << 20) + 1]).unwrap();
    let (refused, rules) = (Catalog::load(&path), RuleSet::load(&path));
    fs::remove_file(&path).unwrap();
    assert!(matches!(refused, Err(ProfileError::File(FileError::TooLarge { .. }))));
    assert!(matches!(rules, Err(FileError::TooLarge { .. })));
}

proptest! {
    /// A shipped file with a piece cut out and another put in is read, or is refused with a line
    /// that exists.
    #[test]
    fn a_broken_file_never_breaks_the_reader(
        which in 0usize..1024,
        (from, length) in (0usize..2000, 0usize..40),
        put in prop::sample::select(vec!["", "=", "\"", "[", "]", "nan", "-1", "0", "1e999", "9 h", "{", "\n[[rule]]\n", "é"]),
    ) {
        let files = folder("profiles");
        let (name, text) = &files[which % files.len()];
        let text: Vec<char> = text.chars().collect();
        let from = from % text.len();
        let to = (from + length).min(text.len());
        let broken: String = text[..from].iter().copied().chain(put.chars()).chain(text[to..].iter().copied()).collect();
        match Profile::from_toml(name, "f.toml", &broken) {
            Ok(profile) => prop_assert!(!profile.to_string().is_empty() && !profile.describe().is_empty()),
            Err(faults) => {
                prop_assert!(!faults.as_slice().is_empty());
                let lines = broken.split('\n').count();
                prop_assert!(faults.as_slice().iter().all(|fault| (1..=lines).contains(&fault.line.unwrap())), "{}", faults);
            }
        }
    }
}

/// A trace may be given by its file name alone: it is next to the profile, and states its units itself.
#[test]
fn a_trace_is_named_by_its_file() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("trace-by-name");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("drive.csv"), "time_ms,kbps\n0,1000\n500,3000\n1000,2000\n").unwrap();
    let write = |name: &str, trace: &str| {
        let text = format!("summary = \"a\"\nsource = \"b\"\n[downlink]\ntrace = {trace}\n");
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        Catalog::new().find(path.to_str().unwrap()).unwrap()
    };
    let short = write("short.toml", "\"drive.csv\"");
    let long = write("long.toml", "{ file = \"drive.csv\" }");
    assert_eq!(short.link, long.link);
    assert_eq!(short.link.rate.peak(), vsps::units::BitRate::from_bits_per_second(3_000_000));
}

/// The values of an empirical distribution may be in a file next to the profile, or netem's.
#[test]
fn values_may_stand_in_a_file() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("values-by-name");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("jitter.csv"), "rtt_ms,count\n10,3\n410,1\n").unwrap();
    fs::write(folder.join("netem.dist"), "# symmetric\n-8192 8192\n0 0\n").unwrap();
    fs::write(folder.join("broken.csv"), "rtt_ms\n10\nten\n").unwrap();
    let path = folder.join("mine.toml");
    let read = |law: &str| {
        let text = format!(
            "summary = \"a\"\nsource = \"b\"\n[latency]\njitter = {{ distribution = \"empirical\", {law} }}\n"
        );
        fs::write(&path, text).unwrap();
        Catalog::new().find(path.to_str().unwrap())
    };
    let measured = read("file = \"jitter.csv\"").unwrap();
    assert_eq!(measured.link, read("table = [[\"10 ms\", 3], [\"410 ms\", 1]]").unwrap().link);
    insta::assert_snapshot!(measured.describe(), @r"
    mine: a
      source   b
      rate     no rate limit
      latency  rtt 0 s + jitter (empirical, jitter.csv)
    ");
    let json = serde_json::to_value(&*measured).unwrap();
    assert_eq!(json["latency"]["jitter"]["file"], "jitter.csv");
    let netem = read("file = \"netem.dist\", mean = \"30 ms\", sd = \"10 ms\"").unwrap();
    let same = read("table = [\"20 ms\", \"40 ms\", \"30 ms\", \"30 ms\"]").unwrap();
    assert_eq!(netem.link, same.link);
    let fault = |law: &str| {
        let fault = read(law).unwrap_err().to_string();
        fault.replace(path.to_str().unwrap(), "mine.toml")
    };
    insta::assert_snapshot!(fault("file = \"broken.csv\""), @"mine.toml:4: latency.jitter: broken.csv:3: `ten` is not a span of time; write a number and us, ms, s, m or h, as in `30 ms` or `2 m`");
    insta::assert_snapshot!(fault("file = \"netem.dist\", mean = \"30 ms\""), @r#"mine.toml:4: latency.jitter: `sd` is missing; write both for a distribution file of netem, as in `mean = "30 ms"`, `sd = "10 ms"`"#);
    insta::assert_snapshot!(fault("file = \"none.csv\""), @"mine.toml:4: latency.jitter.file: `none.csv` can't be read: No such file or directory (os error 2); write a path relative to this file's folder");
}

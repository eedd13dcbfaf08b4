//! Traces: every format is read to the same network; every bad line is told with its number.

#![expect(clippy::unwrap_used, reason = "a test may panic, in its helpers too")]

use std::time::Duration;
use vsps::{
    model::{Start, Step, Trace},
    profiles::{
        Catalog,
        trace::{Figures, TraceOptions, read, write_list},
    },
    units::{BitRate, ByteSize},
};

fn parsed(text: &str, options: &TraceOptions) -> Result<Vec<(u64, u64)>, String> {
    let steps = read(text.as_bytes(), "t", options, &mut |_| {}).map_err(|e| e.to_string())?;
    let plain = |step: &Step| (step.lasts.as_millis() as u64, step.rate.bits_per_second());
    Ok(steps.iter().map(plain).collect())
}

fn steps(text: &str) -> Vec<(u64, u64)> {
    parsed(text, &TraceOptions::default()).unwrap()
}

fn fault(text: &str) -> String {
    parsed(text, &TraceOptions::default()).unwrap_err()
}

#[test]
fn every_format_is_recognised() {
    let network = vec![(1000, 1_200_000), (2000, 800_000), (2000, 0)];
    assert_eq!(steps("1200x1, 800×2\n0 * 2"), network);
    assert_eq!(steps("10.0 9\n11.0 1.2\n13 0.8\n15 0"), network);
    assert_eq!(steps("# made up\ntime_ms,rate_kbps\n0,1200\n1000,800\n3000,0\n"), network);
    assert_eq!(steps("a;Time;\"DL_bitrate\"\n1;0;1200\n1;1;800\n1;3;0\n"), network);
    let sabre = r#"[{"duration_ms":1000,"bandwidth_kbps":1200,"latency_ms":20},
        {"duration_ms":2000,"bandwidth_kbps":800},{"duration":2,"speed":0}]"#;
    assert_eq!(steps(sabre), network);
    let log = "1289406399 1000 59.8 10.7 150000 1000\n1289406401 3000 59.8 10.7 200000 2000\n1289406403 5000 59.8 10.7 0 2000";
    assert_eq!(steps(log), network);
}

#[test]
fn columns_and_units_can_be_told() {
    let irish = "Timestamp,Speed,DL_bitrate,UL_bitrate\n2019.12.14_10.16.30,3,1200,5\n2019.12.14_10.16.31,3,800,5\n";
    assert_eq!(steps(irish), [(1000, 1_200_000), (1000, 800_000)]);
    let options = TraceOptions {
        rate_column: Some("speed".into()),
        rate_unit: "MB/s".parse().ok(),
        step: Some(Duration::from_millis(500)),
        ..TraceOptions::default()
    };
    assert_eq!(parsed(irish, &options).unwrap(), [(500, 24_000_000), (500, 24_000_000)]);
}

/// Each opportunity is 1500 bytes of its bin; what is counted is what was there.
#[test]
fn mahimahi_counts_opportunities() {
    let all = steps("1\n1\n10\n11\n45\n50\n");
    let rate = |n: u64| n * 12_000 * 100;
    assert_eq!(all, [(10, rate(3)), (10, rate(1)), (10, 0), (10, 0), (10, rate(2))]);
    // A file "1" is 12 Mbit/s.
    assert_eq!(steps("1"), [(1, 12_000_000)]);
    let bin = TraceOptions { bin: Duration::from_millis(1), ..TraceOptions::default() };
    let bytes: u64 =
        parsed("1\n1\n10\n11\n45\n50\n", &bin).unwrap().iter().map(|(ms, r)| ms * r / 8000).sum();
    assert_eq!(bytes, 6 * 1500);
}

#[test]
fn bad_lines_have_numbers() {
    insta::assert_snapshot!(fault("1\n2\nthree"), @"t:3: `three` is not a millisecond; write a whole number from 0 on");
    insta::assert_snapshot!(fault("5\n2"), @"t:2: 2 ms is before 5 ms; write times in order");
    insta::assert_snapshot!(fault("0 1\n1 -2"), @"t:2: `-2` can't be; write a number from 0 on");
    insta::assert_snapshot!(fault("0 1\n1 2\n0.5 2"), @"t:3: 0.5 s is not after 1 s; write times in order");
    insta::assert_snapshot!(fault("time,rate_kbps\n0,1\n1,NaN"), @"t:3: `NaN` can't be; write a number from 0 on");
    insta::assert_snapshot!(fault("time,rate\n0,1"), @"t:1: `rate` does not tell its unit; say it with `rate-unit`, as in `kbit/s`");
    insta::assert_snapshot!(fault("time,x\n0,1"), @"t:1: has no column that looks like a rate; name one with `rate-column`: time, x");
    insta::assert_snapshot!(fault("time,rate_kbps\n0,1\n1"), @"t:3: has 1 columns; write as many as the header has");
    insta::assert_snapshot!(fault("[\n{\"duration_ms\": 5}\n]"), @"t:3: a period without length or rate; write `duration_ms` and `bandwidth_kbps`");
    insta::assert_snapshot!(fault("[{\"duration_ms\": x}]"), @r#"t:1: expected value; write `[{"duration_ms": 1000, "bandwidth_kbps": 1200}, ..]`"#);
    insta::assert_snapshot!(fault("1200x30\n800"), @"t:2: `800` is not a rate times seconds; write kbit/s and s, as in `1200x30`");
    insta::assert_snapshot!(fault("1 2 3\n"), @"t: is of no format that can be told by its first line; say the format: mahimahi, sabre, pensieve, list, csv, log");
    insta::assert_snapshot!(fault("\n#\n"), @"t: says nothing; write a trace: a sample a line");
    assert!(parsed("0 1\n\u{1}\u{2}", &TraceOptions::default()).is_err());
}

/// A trace over the limit is refused as soon as the limit is reached.
#[test]
fn the_limit_holds() {
    let endless = std::io::Read::chain(&b"0 1\n"[..], std::io::repeat(b'\n'));
    let options = TraceOptions { limit: ByteSize::from_kibibytes(512), ..TraceOptions::default() };
    let mut most = 0;
    let refused = read(endless, "big", &options, &mut |read| most = read).unwrap_err();
    insta::assert_snapshot!(refused, @"big: is larger than 512 KiB; raise the limit with --max-trace, or cut it");
    assert!(most <= 512 << 10);
}

#[test]
fn a_list_is_written_as_it_is_read() {
    let text = "1200x30\n800.125x0.5\n0x0.000000001\n";
    let steps = read(text.as_bytes(), "t", &TraceOptions::default(), &mut |_| {}).unwrap();
    assert_eq!(write_list(steps), text);
}

/// By hand: four bins of 0, 1, 2, 3 Mbit/s; lag-1 = Σ(x−m)(y−m)/Σ(x−m)² = 1.25/5.
#[test]
fn figures_are_those_of_the_bins() {
    let rate = BitRate::from_kilobits_per_second;
    let step = |n: u64| Step { lasts: Duration::from_secs(1), rate: rate(1000 * n) };
    let trace = Trace::new((0..4).map(step), true, Start::default()).unwrap();
    let figures = Figures::of(&trace);
    assert_eq!((figures.mean, figures.duration), (rate(1500), Duration::from_secs(4)));
    assert_eq!(figures.percentiles, [rate(0), rate(2000), rate(3000)]);
    assert!((figures.autocorrelation - 0.25).abs() < 1e-12);
    assert!((figures.outage - 0.25).abs() < 1e-12);
}

/// A profile's trace lies beside it.
#[test]
fn a_profile_names_its_trace() {
    let folder = std::env::temp_dir().join(format!("vsps-traces-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("drive.csv"), "time_s,Mbps\n0,1\n60,3\n").unwrap();
    let text = "summary = \"a\"\nsource = \"b\"\n[downlink]\ntrace = { file = \"drive.csv\", rate-column = \"mbps\" }\ntime-scale = 0.5\n";
    std::fs::write(folder.join("p.toml"), text).unwrap();
    let profile = Catalog::load(&folder.join("p.toml"));
    std::fs::write(folder.join("drive.csv"), "time_s,Mbps\n0,1\n60,oops\n").unwrap();
    let fault = Catalog::load(&folder.join("p.toml")).unwrap_err().to_string();
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(profile.unwrap().to_string(), "p: a trace of 1 m, mean 2 Mbit/s");
    assert!(
        fault.contains("p.toml:4: downlink.trace: drive.csv:3: `oops` is not a number"),
        "{fault}"
    );
}

/// Two lines may stand for a year of bins: refused before they fill the memory.
#[test]
fn a_trace_of_too_many_steps_is_refused_while_it_is_read() {
    insta::assert_snapshot!(fault("1\n31000000000"), @"t:2: is one step more than the 8388608 that a trace can have; cut it, or write fewer a second (`bin` for mahimahi's)");
}

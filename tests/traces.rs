//! Traces: every format is read to the same network; every bad line is reported with its number.

#![expect(clippy::unwrap_used, reason = "a test may panic, in its helpers too")]

use std::time::Duration;
use vsps::{
    model::{Start, Step, Trace},
    profiles::{
        Catalog,
        trace::{Figures, Recording, TraceOptions, read, record, write_list},
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
    assert_eq!(steps("Time;Rate (kbit/s)\n0,5;1200,0\n1,5;800\n3,5;0\n"), network);
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

#[test]
fn lines_may_say_how_long_they_last() {
    let network = [(1000, 1_200_000), (2000, 800_000), (500, 0)];
    for text in [
        "duration,rate_kbps\n1,1200\n2,800\n0.5,0\n",
        "bandwidth_mbps,duration_ms,latency_ms\n1.2,1000,20\n0.8,2000,30\n0,500,30\n",
        "Length (s);Rate (kbit/s)\n1,0;1200\n2;800\n0,5;0\n",
        "start,end,rate_kbps\n5,6,1200\n6,8,800\n8,8.5,0\n",
        "end_ms,start_ms,mbps\n6000,5000,1.2\n8000,6000,0.8\n8500,8000,0\n",
        "startTime,endTime,kbps\n2023-04-05 11:03:07,2023-04-05 11:03:08,1200\n\
         2023-04-05 11:03:08,2023-04-05 11:03:10,800\n2023-04-05 11:03:10,2023-04-05 11:03:10.5,0\n",
    ] {
        assert_eq!(steps(text), network, "{text}");
    }
    // With a time, a rate holds until the next one.
    let until = [(1000, 1_200_000), (2000, 800_000), (2000, 0)];
    assert_eq!(steps("time,duration,kbps\n0,9,1200\n1,9,800\n3,9,0\n"), until);
    assert_eq!(steps("start,kbps\n0,1200\n1,800\n3,0\n"), until);
    let milliseconds = TraceOptions { time_unit: "ms".parse().ok(), ..TraceOptions::default() };
    assert_eq!(parsed("duration,kbps\n1000,1200\n", &milliseconds).unwrap(), [(1000, 1_200_000)]);
    let gap = "start,end,kbps\n0,1,1200\n3,4,800\n";
    assert_eq!(steps(gap), [(1000, 1_200_000), (2000, 1_200_000), (1000, 800_000)]);
    let recording = record(gap.as_bytes(), "t", &TraceOptions::default(), &mut |_| {}).unwrap();
    assert_eq!(
        recording.notes,
        [
            "lines that begin after the end of the line before: 1; the rate before them holds until then"
        ]
    );
    insta::assert_snapshot!(fault("duration,kbps\n0,1"), @"t:2: lasts no time; write a length above 0");
    insta::assert_snapshot!(fault("start,end,kbps\n1,1,5"), @"t:2: does not end after its start; write an end after the start");
    insta::assert_snapshot!(fault("start,end,kbps\n0,2,5\n1,3,5"), @"t:3: begins before the previous line ends; write lines that follow each other, or give each a fixed time with `step`");
}

/// Each opportunity is 1500 bytes of its bin; what is counted is what was there.
#[test]
fn mahimahi_counts_opportunities() {
    let all = steps("1\n1\n10\n11\n45\n50\n");
    let rate = |n: u64| n * 12_000 * 100;
    assert_eq!(all, [(10, rate(3)), (10, rate(1)), (10, 0), (10, 0), (10, rate(2))]);
    // A file "1" is 12 Mbit/s.
    assert_eq!(steps("1"), [(1, 12_000_000)]);
    let bin = TraceOptions { bin: Some(Duration::from_millis(1)), ..TraceOptions::default() };
    let bytes: u64 =
        parsed("1\n1\n10\n11\n45\n50\n", &bin).unwrap().iter().map(|(ms, r)| ms * r / 8000).sum();
    assert_eq!(bytes, 6 * 1500);
}

#[test]
fn bad_lines_have_numbers() {
    insta::assert_snapshot!(fault("1\n2\nthree"), @"t:3: `three` is not a millisecond; write a whole number from 0");
    insta::assert_snapshot!(fault("5\n2"), @"t:2: 2 ms is before 5 ms; write times in order");
    insta::assert_snapshot!(fault("0 1\n1 -2"), @"t:2: `-2` is not a number of at least 0; write a number from 0");
    insta::assert_snapshot!(fault("0 1\n1 2\n0.5 2"), @"t:3: 0.5 s is not after 1 s; write times in order, or give each line a fixed time with `step`");
    insta::assert_snapshot!(fault("time,rate_kbps\n0,1\n1,NaN"), @"t:3: `NaN` is not a number of at least 0; write a number from 0");
    insta::assert_snapshot!(fault("time,rate\n0,1"), @"t:1: the unit of `rate` is unknown; set it with `rate-unit`, as in `kbit/s`");
    insta::assert_snapshot!(fault("time,x\n0,1"), @"t:1: has no column that looks like a rate; name one with `rate-column`: time, x");
    insta::assert_snapshot!(fault("time,rate_kbps\n0,1\n1"), @"t:3: has 1 columns; write as many columns as the header has");
    insta::assert_snapshot!(fault("[\n{\"duration_ms\": 5}\n]"), @"t:3: a period without length or rate; write `duration_ms` and `bandwidth_kbps`");
    insta::assert_snapshot!(fault("[{\"duration_ms\": x}]"), @r#"t:1: expected value; write `[{"duration_ms": 1000, "bandwidth_kbps": 1200}, ..]`"#);
    insta::assert_snapshot!(fault("1200x30\n800"), @"t:2: `800` is not a rate times seconds; write kbit/s and s, as in `1200x30`");
    insta::assert_snapshot!(fault("1 2 3\n"), @"t: has a format that can't be detected from its first line; set the format: mahimahi, sabre, pensieve, list, csv, log, iperf");
    insta::assert_snapshot!(fault("\n#\n"), @"t: is empty; write a trace: one sample per line");
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

/// Computed manually: four bins of 0, 1, 2, 3 Mbit/s; lag-1 = Σ(x−m)(y−m)/Σ(x−m)² = 1.25/5.
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

/// Two lines may mean a year of bins: refused before they fill the memory.
#[test]
fn a_trace_of_too_many_steps_is_refused_while_it_is_read() {
    insta::assert_snapshot!(fault("1\n31000000000"), @"t:2: is one more step than the 8388608 that a trace can have; cut it, or write fewer steps per second (`bin` for mahimahi)");
}

/// Values that are read in addition to rates.
fn recorded(text: &str, options: &TraceOptions) -> Recording {
    record(text.as_bytes(), "t", options, &mut |_| {}).unwrap()
}

fn with_step(step: u64) -> TraceOptions {
    TraceOptions { step: Some(Duration::from_secs(step)), ..TraceOptions::default() }
}

fn with_rate_unit(unit: &str) -> TraceOptions {
    TraceOptions { rate_unit: unit.parse().ok(), ..TraceOptions::default() }
}

/// The same numbers under headers as data sets write them: bits and bytes, thousands and 1024.
#[test]
fn the_spelling_of_a_unit_tells_bits_from_bytes() {
    for (header, bits) in [
        ("throughput_kbps", 2_000),
        ("RATE(MBit/s)", 2_000_000),
        ("Bandwidth (Kbit/s)", 2_000),
        ("speed_KB/s", 16_000),
        ("rate_kBps", 16_000),
        ("rate_MBps", 16_000_000),
        ("rate_mbps", 2_000_000),
        ("Throughput [Mbits/sec]", 2_000_000),
        ("throughput MBytes/sec", 16_000_000),
        ("rate_bps", 2),
        ("rate B/s", 16),
        ("bytes_per_second", 16),
        ("rate_octets", 16),
        ("DL_bitrate", 2_000),
        ("rate MiB/s", 2 * 8 * 1_048_576),
        ("rate_MB", 16_000_000),
        ("bytes_sec", 16),
    ] {
        assert_eq!(
            steps(&format!("time,{header}\n0,2\n1,2\n")),
            [(1000, bits), (1000, bits)],
            "{header}"
        );
    }
    // In the cells, or in a column of its own.
    assert_eq!(steps("time,throughput\n0,2 KB/s\n1,3 Mbps\n"), [(1000, 16_000), (1000, 3_000_000)]);
    assert_eq!(steps("time,rate,unit\n0,2,KB/s\n1,3,Mbps\n"), [(1000, 16_000), (1000, 3_000_000)]);
    insta::assert_snapshot!(fault("time,bitrate\n0,1\n1,2"), @"t:1: the unit of `bitrate` is unknown; set it with `rate-unit`, as in `kbit/s`");
}

/// The user's options are applied, or refused by name.
#[test]
fn options_are_obeyed_or_refused() {
    let in_kilobytes = with_rate_unit("KB/s");
    assert_eq!(parsed("0 1\n1 2\n3 3", &in_kilobytes).unwrap(), [(1000, 16_000), (2000, 24_000)]);
    assert_eq!(parsed("1200x1", &in_kilobytes).unwrap(), [(1000, 9_600_000)]);
    let sabre = r#"[{"duration_ms":1000,"bandwidth_kbps":2}]"#;
    assert_eq!(parsed(sabre, &in_kilobytes).unwrap(), [(1000, 16_000)]);
    assert_eq!(
        parsed("0 1\n1 2\n", &with_step(5)).unwrap(),
        [(5000, 1_000_000), (5000, 2_000_000)]
    );
    let log = "1289406399 1000 59.8 10.7 150000 1000\n1289406400 2000 59.8 10.7 150000 1000";
    assert_eq!(parsed(log, &with_step(2)).unwrap(), [(2000, 600_000), (2000, 600_000)]);
    let in_ms = TraceOptions { time_unit: "ms".parse().ok(), ..TraceOptions::default() };
    assert_eq!(parsed("0 1\n500 2\n", &in_ms).unwrap(), [(500, 2_000_000)]);
    assert_eq!(
        parsed("time_s,mbps\n0,1\n500,2\n", &in_ms).unwrap(),
        [(500, 1_000_000), (500, 2_000_000)]
    );
    let fault = |text, options: &TraceOptions| parsed(text, options).unwrap_err();
    let mahimahi = TraceOptions { format: "mahimahi".parse().ok(), ..with_step(1) };
    insta::assert_snapshot!(fault("1\n2", &mahimahi), @"t: is of format `mahimahi`, to which `step` does not apply; leave it out: the format defines the length of each sample");
    insta::assert_snapshot!(fault(log, &in_kilobytes), @"t: is of format `log`, to which `rate-unit` does not apply; leave it out: the format defines its unit");
    insta::assert_snapshot!(fault("time,mbps\n2019.12.16_13.40.04,1\n", &in_ms), @"t:2: `2019.12.16_13.40.04` is a date and time, which is not in `ms`; leave `time-unit` out");
    insta::assert_snapshot!(fault("time,mbps\n0,1 Mbps\n", &in_kilobytes), @"t:2: is in `Mbit/s`, not `kB/s`; leave `rate-unit` out");
    insta::assert_snapshot!(fault("time,mbps\n0,1\n", &TraceOptions { step: Some(Duration::from_secs(1)), ..in_ms }), @"t: `time-unit` can't be combined with `step`, with which times are not read; leave one of them out");
}

/// Mahimahi's constant files: a single `1` is 12 Mbit/s, sixty of them are 720.
#[test]
fn constant_mahimahi_files_are_traces() {
    assert_eq!(steps("1\n"), [(1, 12_000_000)]);
    assert_eq!(steps(&"1\n".repeat(60)), [(1, 720_000_000)]);
    let folder = std::env::temp_dir().join(format!("vsps-constant-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("12mbps.trace"), "1\n").unwrap();
    let text = "summary = \"a\"\nsource = \"b\"\n[downlink]\ntrace = \"12mbps.trace\"\n";
    std::fs::write(folder.join("p.toml"), text).unwrap();
    let profile = Catalog::load(&folder.join("p.toml"));
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(profile.unwrap().to_string(), "p: 12 Mbit/s");
}

/// Several rows of one second are averaged; the last of a log lasts as long as the one before it.
#[test]
fn rows_of_one_second_are_averaged() {
    let irish = "Timestamp,Speed,DL_bitrate,UL_bitrate\n2019.12.16_13.40.08,0,0,0\n\
        2019.12.16_13.40.09,0,1000,0\n2019.12.16_13.40.09,0,3000,55\n2019.12.16_13.40.10,0,500,1\n\
        2019.12.16_13.40.12,0,700,1\n";
    assert_eq!(steps(irish), [(1000, 0), (1000, 2_000_000), (2000, 500_000), (2000, 700_000)]);
    insta::assert_snapshot!(fault("time,kbps\n2019.12.16_13.40.09,1\n2019.12.16_13.40.08,1\n"), @"t:3: has an earlier time than the previous line; write times in order, or give each line a fixed time with `step`");
}

#[test]
fn times_have_zones_or_are_epochs() {
    for rows in [
        ["2023-04-05 11:03:07 CDT", "2023-04-05 11:03:08 CDT", "2023-04-05 11:03:09 CDT"],
        [
            "Wed Dec 15 16:04:38 UTC 2021",
            "Wed Dec 15 16:04:39 UTC 2021",
            "Wed Dec 15 16:04:40 UTC 2021",
        ],
        ["2023-04-05T11:03:07+00:00", "2023-04-05T11:03:08+00:00", "2023-04-05T11:03:09+00:00"],
        ["1680000000000", "1680000001000", "1680000002000"],
        ["1680000000000000", "1680000001000000", "1680000002000000"],
        ["1680000000000000000", "1680000001000000000", "1680000002000000000"],
        ["1680000000.5", "1680000001.5", "1680000002.5"],
    ] {
        let [a, b, c] = rows;
        let text = format!("timestamp,bandwidth_kbps\n{a},1000\n{b},2000\n{c},1000\n");
        assert_eq!(steps(&text), [(1000, 1_000_000), (1000, 2_000_000), (1000, 1_000_000)], "{a}");
        let text = format!("{a},1 Mbps\n{b},2 Mbps\n{c},1 Mbps\n");
        assert_eq!(steps(&text), [(1000, 1_000_000), (1000, 2_000_000), (1000, 1_000_000)], "{a}");
    }
    // Two columns of numbers, as Pensieve has them, may have epochs too.
    assert_eq!(steps("1680000000000 1\n1680000001000 2\n"), [(1000, 2_000_000)]);
}

/// As the logs of NYU's METS: a value and its unit, a line a second.
#[test]
fn lines_without_names_are_samples() {
    let text = "0.57,Mbits/sec\n1.06,Mbits/sec\n90,Kbits/sec\n";
    let network = vec![(1000, 570_000), (1000, 1_060_000), (1000, 90_000)];
    assert_eq!(steps(text), network);
    assert_eq!(parsed(text, &with_step(1)).unwrap(), network);
    let notes = recorded(text, &TraceOptions::default()).notes;
    insta::assert_snapshot!(notes.join("\n"), @"no line has a time: each counts as 1 s (set another length with `step`)");
    assert_eq!(
        parsed("0.5\n1.5\n", &with_rate_unit("MB/s")).unwrap(),
        [(1000, 4_000_000), (1000, 12_000_000)]
    );
    insta::assert_snapshot!(fault("0.5\n1.5\n"), @"t:1: the unit of `0.5` is unknown; set it with `rate-unit`, as in `kbit/s`");
    insta::assert_snapshot!(fault("2023-04-05 11:03:07,8.21,2.4\n"), @"t:1: has columns without names, and several may be the rate; write names in a first line, or the number of the column as `rate-column`");
}

/// Streams are summed, omitted intervals and the summary left out; bytes have prefixes of 1024.
#[test]
fn iperfs_output_is_a_trace() {
    let one = "Connecting to host 10.0.2.15, port 5201\n[ ID] Interval           Transfer     Bitrate\n\
        [  5]   0.00-1.00   sec  1.60 MBytes  13.4 Mbits/sec   (omitted)\n\
        [  5]   0.00-1.00   sec  1.60 MBytes  13.4 Mbits/sec                  \n\
        [  5]   1.00-2.01   sec   512 KBytes   512 Kbits/sec    3   12.7 KBytes\n\
        [  5]   2.01-3.00   sec  1.10 GBytes  9.41 Gbits/sec\n[  5]   3.00-4.00   sec  0.00 Bytes  0.00 bits/sec\n\
        - - - - - - - - - -\n[ ID] Interval           Transfer     Bitrate\n\
        [  5]   0.00-4.00   sec  5.49 MBytes  11.5 Mbits/sec    0             sender\n\
        [  5]   0.00-4.04   sec  5.40 MBytes  11.2 Mbits/sec                  receiver\n\niperf Done.\n";
    assert_eq!(steps(one), [(1000, 13_400_000), (1010, 512_000), (990, 9_410_000_000), (1000, 0)]);
    let two = "[  5]   0.00-1.00   sec  1 MBytes  8.00 Mbits/sec\n[  7]   0.00-1.00   sec  1 MBytes  4.00 Mbits/sec\n\
        [SUM]   0.00-1.00   sec  2 MBytes  12.0 Mbits/sec\n- - - - -\n\
        [  5]   1.00-2.00   sec  1 MBytes  1.00 MBytes/sec\n[  7]   1.00-2.00   sec  1 MBytes  512 KBytes/sec\n";
    assert_eq!(steps(two), [(1000, 12_000_000), (1000, 3 * 512 * 8192)]);
    // iperf 2 writes spaces into its intervals.
    let old = "[  3]  0.0- 1.0 sec  1.12 MBytes  9.44 Mbits/sec\n[  3]  1.0- 2.0 sec  1.12 MBytes  9.40 Mbits/sec\n\
        [  3]  0.0- 2.0 sec  2.24 MBytes  9.42 Mbits/sec\n";
    assert_eq!(steps(old), [(1000, 9_440_000), (1000, 9_400_000)]);
    let both = "[  5][TX-C]   0.00-1.00   sec  1 MBytes  8.00 Mbits/sec\n[  7][RX-C]   0.00-1.00   sec  1 MBytes  4.00 Mbits/sec\n";
    assert_eq!(steps(both), [(1000, 4_000_000)]);
}

#[test]
fn iperfs_json_is_a_trace() {
    let interval = |from: f64, bits: f64, omitted: bool| {
        format!(
            r#"{{"streams":[{{"socket":5,"start":{from},"end":{},"bits_per_second":1}}],
            "sum":{{"start":{from},"end":{},"bits_per_second":{bits},"omitted":{omitted}}}}}"#,
            from + 1.0,
            from + 1.0
        )
    };
    let run = |intervals: &[String]| {
        format!(
            r#"{{"start":{{"version":"iperf 3.9"}},"intervals":[{}],"end":{{}}}}"#,
            intervals.join(",")
        )
    };
    let text =
        run(&[interval(0.0, 2e8, true), interval(0.0, 4.5e8, false), interval(1.0, 4.6e8, false)]);
    assert_eq!(steps(&text), [(1000, 450_000_000), (1000, 460_000_000)]);
    insta::assert_snapshot!(fault(&run(&[interval(0.0, 2e8, true)])), @"t: has no usable iperf interval: all were omitted, or none was printed; run iperf for longer than it omits (`-O`), with `-i 1`");
    let stream = format!(
        "{}\n{}\n",
        r#"{"event":"start","data":{"version":"iperf 3.17"}}"#,
        interval(0.0, 5e6, false)
            .replace('\n', "")
            .replace(r#"{"streams""#, r#"{"event":"interval","data":{"streams""#)
            + "}"
    );
    assert_eq!(steps(&stream), [(1000, 5_000_000)]);
    insta::assert_snapshot!(fault(r#"{"start":{"version":"iperf 3.9"},"intervals":[],"error":"unable to connect"}"#), @"t: is a run of iperf3 that failed: unable to connect; run the test again");
}

/// Sabre's `latency_ms` and columns of latencies are kept; neighbours that are the same are one.
#[test]
fn latencies_are_kept() {
    let sabre = r#"[{"duration_ms":30000,"bandwidth_kbps":5000,"latency_ms":75},
        {"duration_ms":30000,"bandwidth_kbps":3000,"latency_ms":150},
        {"duration_ms":30000,"bandwidth_kbps":1500,"latency_ms":150}]"#;
    let second = Duration::from_secs(1);
    let ms = Duration::from_millis;
    let read = recorded(sabre, &TraceOptions::default());
    assert_eq!(read.round_trips, [(30 * second, ms(75)), (60 * second, ms(150))]);
    let csv = "time,kbps,rtt_ms\n0,1000,20\n1,2000,-\n2,1000,40\n";
    let read = recorded(csv, &TraceOptions::default());
    assert_eq!(read.round_trips, [(2 * second, ms(20)), (second, ms(40))]);
    assert!(recorded("0 1\n1 2\n", &TraceOptions::default()).round_trips.is_empty());
}

/// A file that is not a trace is named for what it is, in one line, however long its own lines are.
#[test]
fn errors_name_the_kind_of_file() {
    insta::assert_snapshot!(fault("const PATTERNS = [{speed: 1200, duration: 30}];\n"), @r#"t: is JavaScript, not a trace; save its list of periods as JSON: `[{"speed": 1200, "duration": 30}, ..]`"#);
    insta::assert_snapshot!(fault("<!DOCTYPE html><html>"), @"t: is an HTML page, not a trace; save the data itself, not the page that shows it");
    insta::assert_snapshot!(fault("<?xml version=\"1.0\"?>\n<plist version=\"1.0\">"), @"t: is a property list (plist), not a trace; import a file of Network Link Conditioner with `vsps profiles import`");
    insta::assert_snapshot!(fault("[3G]\nbwIn=1600000\n"), @"t: is an ini file, not a trace; import WebPageTest's connectivity.ini with `vsps profiles import`");
    insta::assert_snapshot!(fault("#!/bin/sh\ntc qdisc add dev eth0 root netem delay 100ms\n"), @"t: is a shell script, not a trace; write its rates as steps: `1200x30, 800x30` is kbit/s times s");
    insta::assert_snapshot!(fault("{\"up\":330,\"down\":200,\"rtt\":1000}"), @"t: is a JSON object that is not a trace; write a list of periods, `iperf3 -J`, or import presets with `vsps profiles import`");
    let binary =
        read(&b"\x1f\x8b\x08\x00"[..], "t", &TraceOptions::default(), &mut |_| {}).unwrap_err();
    insta::assert_snapshot!(binary, @"t: is a gzip archive, not a trace; unpack it or convert it to text: one sample per line");
    let long = "a".repeat(17_000) + ",b\n1,2\n";
    assert!(fault(&long).len() < 400, "{}", fault(&long).len());
}

//! The command line: help, tables, exit codes, where options come from, how a run ends.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

#[path = "process/mod.rs"]
mod process;

use clap::CommandFactory as _;
use http_body_util::BodyExt as _;
use process::{Ended, PATIENCE, Running, ended, json, vsps};
use std::net::TcpListener;
use tokio::time::timeout;
use vsps::args::Cli;

/// Runs `vsps` with `args`.
async fn run(args: &[&str]) -> Ended {
    ended(vsps(args), PATIENCE).await
}

/// The output and the exit code.
async fn shown(args: &[&str]) -> String {
    let Ended { code, stdout, stderr } = run(args).await;
    format!("$ vsps {}\n{stdout}{stderr}exit code {}\n", args.join(" "), code.expect("a code"))
}

/// Every path of subcommands, and whether it is a runnable command.
fn subcommands(command: &clap::Command, path: &[String], found: &mut Vec<(Vec<String>, bool)>) {
    found.push((path.to_vec(), !command.has_subcommands()));
    for inner in command.get_subcommands() {
        subcommands(inner, &[path, &[inner.get_name().to_owned()]].concat(), found);
    }
}

#[tokio::test]
async fn every_subcommand_has_help_and_shows_an_example() {
    let mut found = Vec::new();
    subcommands(&Cli::command(), &[], &mut found);
    assert!(found.len() >= 8, "{found:?}");
    for (path, leaf) in found {
        let mut args: Vec<_> = path.iter().map(String::as_str).collect();
        args.push("--help");
        let Ended { code, stdout, stderr } = run(&args).await;
        assert_eq!((code, stderr.as_str()), (Some(0), ""), "{path:?}");
        assert!(!leaf || stdout.contains("Example"), "{path:?} shows no example");
        assert!(stdout.lines().all(|line| line.chars().count() <= 110), "{path:?}: too wide");
        insta::assert_snapshot!([&["help".to_owned()], &*path].concat().join("-"), stdout);
    }
}

#[tokio::test]
async fn every_shell_gets_a_script() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let Ended { code, stdout, .. } = run(&["completions", shell]).await;
        assert_eq!(code, Some(0), "{shell}");
        assert!(stdout.contains("session-by") && stdout.contains("profiles"), "{shell}");
    }
}

#[tokio::test]
async fn every_subcommand_gets_a_man_page() {
    let folder = std::env::temp_dir().join(format!("vsps-man-{}", std::process::id()));
    let Ended { code, .. } = run(&["man", &folder.to_string_lossy()]).await;
    assert_eq!(code, Some(0));
    for (page, part) in
        [("vsps.1", "vsps-run(1)"), ("vsps-run.1", "max-sessions"), ("vsps-health.1", "EXTRA")]
    {
        let text = std::fs::read_to_string(folder.join(page)).unwrap().replace("\\-", "-");
        assert!(text.contains(part), "{page}: {text}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_not_healthy() {
    // Port 1 of this machine: nothing listens there.
    let Ended { code, stdout, stderr } = run(&["health", "--admin", "1"]).await;
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert!(stderr.starts_with("vsps: http://127.0.0.1:1/healthz: "), "{stderr}");
}

/// Input of other tools is converted to a profile that loads: traces with latencies, presets, a choice of
/// several.
#[tokio::test]
async fn traces_and_presets_are_imported() {
    let folder = std::env::temp_dir().join(format!("vsps-import-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_string_lossy().into_owned()
    };
    let sabre = r#"[{"duration_ms":30000,"bandwidth_kbps":5000,"latency_ms":75},
        {"duration_ms":30000,"bandwidth_kbps":1500,"latency_ms":200.5}]"#;
    let ini = "[3G]\nlabel=\"3G\"\nbwIn=1600000\nbwOut=768000\nlatency=300\nplr=1\n";
    let plist = "<?xml version=\"1.0\"?><plist><dict><key>Lossy</key><dict>\
        <key>DownlinkBandwidth</key><integer>780</integer><key>DownlinkDelay</key><integer>100</integer>\
        <key>UplinkBandwidth</key><integer>330</integer><key>UplinkDelay</key><integer>110</integer>\
        <key>UplinkPacketLossRatio</key><real>2</real></dict></dict></plist>";
    for (name, text, line) in [
        (
            "network.json",
            sabre,
            "a trace of 1 m, mean 3.25 Mbit/s, rtt 75 ms to 200.5 ms in 2 steps",
        ),
        ("12mbps.trace", "1\n", "12 Mbit/s"),
        ("connectivity.ini", ini, "1.6 Mbit/s, 768 kbit/s up, rtt 300 ms, loss 1 % (retransmit)"),
        ("nlc.plist", plist, "780 kbit/s, 330 kbit/s up, loss 2 % up (retransmit), rtt 210 ms"),
        (
            "sitespeed.json",
            r#"{"up":330,"down":200,"rtt":1000}"#,
            "200 kbit/s, 330 kbit/s up, rtt 1 s",
        ),
        (
            "devtools.json",
            r#"{"download":180000,"upload":84375,"latency":150}"#,
            "1.44 Mbit/s, 675 kbit/s up, rtt 150 ms",
        ),
    ] {
        let (from, to) = (file(name, text), file("p.toml", ""));
        let imported = run(&["profiles", "import", &from, "-o", &to]).await;
        assert_eq!(imported.code, Some(0), "{name}: {}", imported.stderr);
        let checked = run(&["profiles", "check", &to]).await;
        assert_eq!(checked.stdout, format!("{to}: p: {line}\n"), "{name}: {}", checked.stderr);
    }
    let two = file(
        "two.ini",
        &format!("{ini}\n[Cable]\nbwIn=5000000\nbwOut=1000000\nlatency=28\nplr=0\n"),
    );
    let refused = run(&["profiles", "import", &two]).await;
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("choose one with --preset: 3G, Cable"), "{}", refused.stderr);
    let chosen = run(&["profiles", "import", &two, "--preset", "cable"]).await;
    assert!(chosen.stdout.contains("rate = \"5 Mbit/s\""), "{}", chosen.stdout);
    let refused = run(&["profiles", "import", &two, "--preset", "cable", "--step", "1s"]).await;
    assert!(
        refused.stderr.contains("--step can't be used with a file of presets"),
        "{}",
        refused.stderr
    );
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn profiles_are_listed_shown_and_checked() {
    let mut text = String::new();
    for args in [
        &["profiles", "list"] as &[_],
        &["profiles", "show", "flaky-wifi"],
        &["profiles", "check", "profiles/dsl.toml", "tests/fixtures/profiles/valid/one-state.toml"],
        &["profiles", "check", "profiles/dsl.toml", "tests/fixtures/profiles/invalid/burst.toml"],
        &["profiles", "check", "no/such/file.toml"],
    ] {
        text += &shown(args).await;
        text.push('\n');
    }
    insta::assert_snapshot!(text);
}

#[tokio::test]
async fn json_lists_what_the_table_lists() {
    let table = run(&["profiles", "list"]).await.stdout;
    // Names are listed under category titles.
    let named = table.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let mut table: Vec<_> = named.collect();
    table.sort_unstable();
    let list = json(&run(&["profiles", "list", "--json"]).await.stdout);
    let list: Vec<_> = list.as_array().unwrap().iter().map(|profile| &profile["name"]).collect();
    assert!(list.len() >= 12, "{list:?}");
    assert_eq!(list, table);
    let one = json(&run(&["profiles", "show", "--json", "dsl"]).await.stdout);
    assert_eq!(one["name"], "dsl");
}

#[tokio::test]
async fn rules_are_checked() {
    let good = shown(&["rules", "check", "tests/fixtures/cli/late-audio.toml"]).await;
    let bad = shown(&["rules", "check", "tests/fixtures/cli/wrong-rules.toml"]).await;
    insta::assert_snapshot!(format!("{good}\n{bad}"));
}

/// A script precedes the rules, as in a run; where it fails, the rules alone decide.
#[tokio::test]
async fn recorded_requests_are_asked_again() {
    let [script, rules, recorded] = ["picky.rhai", "late-audio.toml", "recorded.jsonl"]
        .map(|name| format!("tests/fixtures/cli/{name}"));
    let told = shown(&["rules", "check", &script, &rules, "--requests", &recorded]).await;
    let twice = shown(&["rules", "check", &script, &script, "--requests", &recorded]).await;
    insta::assert_snapshot!(format!("{told}\n{twice}"));
}

#[tokio::test]
async fn bad_use_is_told_with_exit_code_2() {
    let mut text = String::new();
    for args in [
        &["run", "--profile", "flaky-wify"] as &[_],
        &["run", "--profile", "tests/fixtures/profiles/invalid/unknown-key.toml"],
        &["run", "--profile", "no/such/file.toml"],
        &["run", "--rules", "tests/fixtures/cli/wrong-rules.toml"],
        &["run", "--config", "tests/fixtures/cli/wrong-options.toml"],
        &["run", "--config", "tests/fixtures/cli/wrong-bound.toml"],
        &["run", "--config", "tests/fixtures/cli/wrong-value.toml"],
        &["run", "--config", "tests/fixtures/cli/unknown-option.toml"],
        &["run", "--config", "tests/fixtures/cli/not-toml.toml"],
        &["run", "--config", "no/such/file.toml"],
        &["run", "--origin", "cdn.example"],
        &["run", "--origin", "ftp://cdn.example"],
        &["run", "--origin", "http://"],
        &["run", "--admin", "0.0.0.0:0"],
        &["run", "--token-file", "no/such/tokens.txt"],
        &["run", "--state", "redis//:hunter2@host"],
        &["run", "--state", "rediss://:hunter2@host"],
        &["run", "--state", "redis://:hunter2@host:port"],
        &["run", "--state-key", "a-secret"],
        &["run", "--listen", "localhost"],
        &["run", "--listen", ":8080"],
        &["run", "--admin", "http://localhost:8081"],
        &["run", "--public-url", "proxy.example"],
        &["run", "--public-url", "https://proxy.example/vsps"],
        &["run", "--tls", "server.crt"],
        &["run", "--tls", "no/such.crt,no/such.key"],
        &["run", "--tls", "Cargo.toml,Cargo.toml"],
        &["run", "--forward", "--listen", "0.0.0.0:0"],
        &["run", "--intercept", "cdn.example"],
        &["run", "--", "curl"],
        &["run", "--trust-proxy", "proxy.example"],
        &["run", "--h3"],
        &["run", "--rate", "2 MB/s"],
        &["run", "--rtt", "80"],
        &["run", "--loss", "120%"],
        &["run", "--rules", "stuck-playlists"],
        &["run", "--rules", "segment.sound:delay=2s"],
        &["run", "--rules", "no/such/rules.toml"],
        &["run", "--seed", "-1"],
        &["run", "--seed", "x"],
        &["run", "--profil", "3g"],
        &["run", "--session-idle", "2 minutes"],
        &["run", "--max-sessions", "0"],
        &["profiles", "show", "5g"],
        &["completions", "tcsh"],
    ] {
        let shown = shown(args).await;
        assert!(shown.ends_with("exit code 2\n"), "{shown}");
        text += &shown;
        text.push('\n');
    }
    insta::assert_snapshot!(text);
}

#[tokio::test]
async fn an_address_in_use_is_one_line_and_exit_code_1() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for flag in ["--listen", "--admin"] {
        let other = if flag == "--listen" { "--admin" } else { "--listen" };
        let Ended { code, stdout, stderr } =
            run(&["run", flag, &address, other, "127.0.0.1:0"]).await;
        assert_eq!((code, stdout.as_str()), (Some(1), ""), "{stderr}");
        assert!(stderr.starts_with(&format!("vsps: {flag} {address}: ")), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(stderr.contains("write another one, or 0 for any free one"), "{stderr}");
    }
}

#[tokio::test]
async fn a_store_that_is_not_there_is_one_line_and_exit_code_1() {
    // Port 1 of this machine: nothing listens there.
    let store = "redis://:hunter2@127.0.0.1:1";
    let args = ["run", "--listen", "0", "--admin", "0", "--state", store];
    let Ended { code, stdout, stderr } = run(&args).await;
    assert_eq!((code, stdout.as_str()), (Some(1), ""), "{stderr}");
    assert!(stderr.starts_with("vsps: --state: 127.0.0.1:1 cannot be reached: "), "{stderr}");
    assert!(stderr.ends_with("; start Redis there, or write another address\n"), "{stderr}");
    assert!(!stderr.contains("hunter2"), "{stderr}");
}

#[tokio::test]
async fn a_flag_goes_before_the_environment_before_the_file_before_the_default() {
    let file = ["--config", "tests/fixtures/cli/options.toml"];
    let none: [(&str, &str); 0] = [];
    let environment = [("VSPS_PROFILE", "dsl"), ("VSPS_LOG", "json")];
    for (args, variables, profile) in [
        (&["--log", "json"] as &[_], &none as &[_], "unlimited"),
        (&["--log", "json", file[0], file[1]], &none, "3g"),
        (&file, &environment, "dsl"),
        (&[file[0], file[1], "--profile", "edge"], &environment, "edge"),
    ] {
        let mut running = Running::start_with(args, variables.iter().copied());
        let ready = json(&running.line().await);
        assert_eq!(ready["profile"], profile, "{args:?} {variables:?}");
        assert_eq!(ready["seed"] == 1, args.contains(&"--config"), "{ready}");
    }
}

/// What `vsps run` with `args` prints first, as JSON.
async fn ready_with(args: &[&str]) -> serde_json::Value {
    let args = [&["run", "--log", "json"], args].concat();
    let mut child = vsps(&args).spawn().unwrap();
    let stdout = child.stdout.take().unwrap();
    let mut lines = tokio::io::AsyncBufReadExt::lines(tokio::io::BufReader::new(stdout));
    let line = timeout(PATIENCE, lines.next_line()).await.expect("no line").unwrap();
    child.kill().await.unwrap();
    json(&line.unwrap_or_else(|| panic!("{args:?} ended")))
}

#[tokio::test]
async fn an_address_is_a_port_or_has_a_name() {
    for (listen, admin) in [("0", "0"), ("localhost:0", "localhost:0"), ("127.0.0.1:0", "0")] {
        let ready = ready_with(&["--listen", listen, "--admin", admin]).await;
        for side in ["listen", "admin"] {
            let bound: std::net::SocketAddr = ready[side].as_str().unwrap().parse().unwrap();
            assert!(bound.ip().is_loopback() && bound.port() > 0, "{ready}");
        }
        assert!(ready.get("urls").is_none(), "{ready}");
    }
    let file = std::env::temp_dir().join(format!("vsps-ports-{}.toml", std::process::id()));
    std::fs::write(
        &file,
        "listen = 0\nadmin = \"localhost:0\"\nrate = \"3 Mbit/s\"\nloss = 0.01\n",
    )
    .unwrap();
    let ready = ready_with(&["--config", &file.to_string_lossy()]).await;
    assert!(ready["listen"].as_str().unwrap().starts_with("127.0.0.1:"), "{ready}");
    assert_eq!(ready["profile"], "custom");
    std::fs::remove_file(&file).unwrap();
}

#[tokio::test]
async fn all_addresses_of_the_machine_are_printed() {
    let ready = ready_with(&["--listen", "0.0.0.0:0", "--admin", "0"]).await;
    let port = ready["listen"].as_str().unwrap().strip_prefix("0.0.0.0:").unwrap();
    let lan = if_addrs::get_if_addrs().unwrap().into_iter().map(|interface| interface.ip());
    let mut lan: Vec<_> = lan.filter(|ip| ip.is_ipv4() && !ip.is_loopback()).collect();
    lan.sort_unstable();
    lan.dedup();
    let lan: Vec<_> = lan.into_iter().map(|ip| format!("http://{ip}:{port}")).collect();
    if lan.is_empty() {
        assert!(ready.get("urls").is_none(), "{ready}");
    } else {
        let urls = [&[format!("http://127.0.0.1:{port}")], lan.as_slice()].concat();
        assert_eq!(ready["urls"], serde_json::json!(urls));
    }
    let ready =
        ready_with(&["--listen", "0", "--admin", "0", "--public-url", "https://a.example/"]);
    assert_eq!(ready.await["urls"], serde_json::json!(["https://a.example"]));
}

/// Addresses ready to paste are those that players reach.
#[tokio::test]
async fn a_run_without_a_file_shows_its_network() {
    let mut running = Running::start(&[
        "--rate",
        "3Mbit/s",
        "--rtt",
        "80ms",
        "--loss",
        "1%",
        "--public-url",
        "http://tv.example:81",
        "--rules",
        "stuck-playlist;segment.audio:delay=2s",
    ]);
    let mut text = String::new();
    while !text.contains("Ctrl-C") {
        text += &running.line().await;
        text.push('\n');
    }
    assert!(text.contains("http://tv.example:81/demo/hls/master.m3u8"), "{text}");
    assert!(text.contains("custom: 3 Mbit/s, rtt 80 ms, loss 1 % (retransmit)\n"), "{text}");
    running.signal("INT").await;
    assert_eq!(running.end().await.code, Some(0));
}

/// As in `vsps profiles list | head -1`, with a `head` that ends before the first line.
#[tokio::test]
async fn a_reader_that_has_seen_enough_is_no_failure() {
    for args in [&["profiles", "list"] as &[_], &["completions", "bash"], &["run", "--help"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = vsps(args);
        command.stdout(writer);
        let mut child = command.spawn().unwrap();
        let status = timeout(PATIENCE, child.wait()).await.expect("no end").unwrap();
        assert_eq!(status.code(), Some(0), "{args:?}");
    }
}

#[tokio::test]
async fn either_signal_ends_a_run_with_its_summary() {
    for signal in ["INT", "TERM"] {
        let mut running = Running::start(&["--log", "json"]);
        running.line().await;
        running.signal(signal).await;
        let Ended { code, stdout, stderr } = running.end().await;
        assert_eq!(code, Some(0), "{signal}: {stderr}");
        let summary = json(&stdout);
        assert_eq!(
            (&summary["event"], &summary["summary"]["requests"]),
            (&"summary".into(), &0.into())
        );

        let mut running = Running::start(&[]);
        while running.line().await != "Ctrl-C stops." {}
        running.signal(signal).await;
        let Ended { code, stdout, .. } = running.end().await;
        assert_eq!(code, Some(0), "{signal}");
        assert!(stdout.contains("time to first byte"), "{stdout}");
    }
}

/// A segment of about 120 kB.
const SEGMENT: &str = "/demo/media/v1/seg-1.m4s";

#[tokio::test]
async fn responses_under_way_may_end_before_the_run_does() {
    let mut running =
        Running::start(&["--log", "json", "--profile", "dsl", "--drain-timeout", "1 m"]);
    let ready = json(&running.line().await);
    let url = format!("http://{}{SEGMENT}", ready["listen"].as_str().unwrap());
    let response = running.ask(&url).await;
    running.signal("TERM").await;
    let declared: usize = response.headers()["content-length"].to_str().unwrap().parse().unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body.len(), declared);
    let Ended { code, stdout, stderr } = running.end().await;
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!(json(&stdout)["summary"]["outcomes"], serde_json::json!({ "complete": 1 }));
}

/// The behaviour announced by the log line "stop again to cut them".
#[tokio::test]
async fn a_second_signal_cuts_what_is_under_way() {
    let mut running =
        Running::start(&["--log", "json", "--profile", "edge", "--drain-timeout", "1 h"]);
    let ready = json(&running.line().await);
    let url = format!("http://{}/demo/media/v6/seg-1.m4s", ready["listen"].as_str().unwrap());
    let response = running.ask(&url).await;
    // Two of one kind at once may count as one.
    running.signal("INT").await;
    running.signal("TERM").await;
    assert!(response.into_body().collect().await.is_err(), "cut short");
    assert_eq!(running.end().await.code, Some(1));
}

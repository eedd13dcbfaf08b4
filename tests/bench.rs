//! The sweep: profiles × algorithms × seeds in virtual time.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails so")]

#[expect(dead_code, reason = "other tests use the rest of it")]
#[path = "process/mod.rs"]
mod process;

use std::{fs, num::NonZeroUsize, path::PathBuf, process::Command, sync::Arc, time::Duration};
use vsps::{
    player::network::{LinkNetwork, Network as _},
    profiles::Catalog,
    seed::Seed,
    sweep::{
        catalogue::ALGORITHMS,
        compare::{compare, merge},
        live::CatchUp,
        matrix::{
            Figures, Journal, Ladder, Outcome, Plan, PlanOptions, Results, Run, RunResult, Seeds,
            Shard, SweepObserver, Wanted, csv, markdown, record, run_all, table, trace,
        },
        report::report,
    },
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
        live: None,
        part: None,
        players: NonZeroUsize::MIN,
        mixed: false,
        answer_timeout: Duration::from_secs(5),
        abandon: false,
        shard: Shard::WHOLE,
    }
}

fn plan(profiles: &[&str], algorithms: &[&str], seeds: Seeds) -> Plan {
    Plan::new(options(profiles, algorithms, seeds), &Catalog::new()).unwrap()
}

/// The input of P.1203 of a run.
fn p1203(run: Run<'_>) -> serde_json::Value {
    let wanted = Wanted { p1203: true, ..Wanted::default() };
    serde_json::from_str(&record(run, wanted).p1203.unwrap()).unwrap()
}

fn run(plan: &Plan, threads: usize) -> Results {
    run_all(plan, NonZeroUsize::new(threads).unwrap(), &())
}

/// All algorithms but those that search plans, which take long without optimisation.
fn all() -> Vec<&'static str> {
    ALGORITHMS.iter().map(|entry| entry.name).filter(|name| !name.ends_with("mpc")).collect()
}

#[test]
fn threads_change_nothing() {
    let plan = plan(&["3g", "abr-ramp"], &all(), Seeds { first: 1, last: 2 });
    let one = run(&plan, 1);
    assert_eq!(one.runs.len(), 2 * all().len() * 2);
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
    let algorithms = ["throughput", "bba", "bola-e", "dynamic", "hls.js", "dash.js", "shaka"];
    for (abandon, profiles) in [(false, ["3g", "bufferbloat"]), (true, ["abr-dropout", "edge"])] {
        let mut plan = plan(&profiles, &algorithms, Seeds { first: 1, last: 1 });
        plan.options.abandon = abandon;
        for index in 0..plan.runs() {
            let (net, player, seed) = plan.at(index).unwrap();
            let this = Run { plan: &plan, net, player, seed };
            let figures = vsps::sweep::matrix::run(this).unwrap();
            let trace = trace(this);
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

/// Downloads over profiles with losses take the time that they took when every quantum was polled: the times were
/// recorded then. Each response goes on where the one before it left the link, so that small differences would add up.
#[test]
fn losses_are_as_recorded() {
    let recorded = include_str!("fixtures/abr/lossy_downloads.txt");
    let (mut network, mut now, mut checked) = (None, 0.0, Vec::new());
    for line in recorded.lines().filter(|line| !line.starts_with('#')) {
        let [profile, seed, at, bytes, time] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let [at, bytes, time] = [at, bytes, time].map(|text| text.parse::<f64>().unwrap());
        if at == 0.0 {
            let link = Arc::new(Catalog::new().named(profile).unwrap().link.clone());
            let seed = Seed::new(seed.parse().unwrap());
            (network, now) = (Some(LinkNetwork::new(&link, &[], &[], seed)), 0.0);
            checked.push(profile);
        }
        let network = network.as_mut().unwrap();
        network.wait((at - now) * 1000.0);
        let taken = network.download(bytes * 8.0, None).unwrap().progress.time / 1000.0;
        assert!((taken - time).abs() < 50e-6, "{line}: {taken}");
        now = at + taken;
    }
    assert_eq!(checked.len(), 14, "{checked:?}");
}

/// A profile of the user's own in `folder`.
fn profile(folder: &std::path::Path, name: &str, text: &str) -> String {
    let path = folder.join(format!("{name}.toml"));
    fs::write(&path, format!("summary = \"x\"\nsource = \"x\"\n{text}")).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The rules of a profile apply in virtual time: what they delay, refuse, cut and slow down, and how the player asks
/// again.
#[test]
fn the_rules_of_a_profile_apply() {
    let folder = scratch("rules");
    let link = "[latency]\nrtt = \"40 ms\"\n[downlink]\nrate = \"20 Mbit/s\"\n";
    let rules = [
        ("plain", ""),
        (
            "delay",
            "[[rule]]\nname = \"d\"\nwhen = { kind = \"segment\" }\nthen = { delay = \"2 s\" }\n",
        ),
        (
            "status",
            "[[rule]]\nname = \"s\"\nwhen = { index = 3 }\nthen = { status = 503 }\nbudget = { times = 2 }\n",
        ),
        (
            "cut",
            "[[rule]]\nname = \"c\"\nwhen = { index = \"2..4\", attempt = 1 }\nthen = { reset = \"50 %\" }\n",
        ),
        ("rate", "[[rule]]\nname = \"r\"\nthen = { rate = \"500 kbit/s\" }\n"),
        (
            "hang",
            "[[rule]]\nname = \"h\"\nwhen = { index = 5, attempt = 1 }\nthen = { hang = \"forever\" }\n",
        ),
        ("gone", "[[rule]]\nname = \"g\"\nwhen = { index = \"6..\" }\nthen = { status = 404 }\n"),
    ];
    let files: Vec<_> =
        rules.iter().map(|(name, rule)| profile(&folder, name, &format!("{link}{rule}"))).collect();
    let names: Vec<&str> = files.iter().map(String::as_str).collect();
    let plan = plan(&names, &["throughput", "hls.js"], Seeds { first: 1, last: 1 });
    let results = run(&plan, 2);
    let figures = |index: usize| results.runs[2 * index].figures().unwrap();
    let (plain, delay, status, cut) = (figures(0), figures(1), figures(2), figures(3));
    assert_eq!(plain.failed_requests, 0.0);
    assert!((delay.startup_s - plain.startup_s - 2.0).abs() < 1e-6, "{delay:?}");
    assert_eq!(status.failed_requests, 2.0, "{status:?}");
    // What was received of a body that was cut was received in vain.
    assert_eq!(cut.failed_requests, 3.0, "{cut:?}");
    assert!(cut.wasted_kb > 50.0, "{cut:?}");
    assert!(figures(4).bitrate_kbps < 500.0, "{:?}", figures(4));
    let (hang, of_hls_js) = (figures(5), results.runs[11].figures().unwrap());
    assert_eq!((hang.failed_requests, of_hls_js.failed_requests), (1.0, 1.0));
    // 20 s until a plain player gives up, 10 s until hls.js does.
    assert!(hang.rebuffer_s > of_hls_js.rebuffer_s, "{hang:?} {of_hls_js:?}");
    let gone = format!("{:?}", results.runs[12]);
    assert!(gone.contains("segment 5 did not arrive: status 404 at rung 0"), "{gone}");
}

/// What a virtual session cannot express is named, or refused.
#[test]
fn what_rules_cannot_do_in_virtual_time_is_named() {
    let folder = scratch("unexpressed");
    let rule = "[[rule]]\nname = \"x\"\nwhen = { path = \"*/a/*\" }\nthen = { corrupt = \"zeros\", delay = \"1 s\" }\n";
    let named = profile(&folder, "named", rule);
    let named = plan(&[&named], &["bba"], Seeds { first: 1, last: 1 });
    assert_eq!(
        named.left_out(),
        [
            "profile named: rule 'x': `path` is not known in virtual time, so it matches nothing",
            "profile named: rule 'x': `corrupt` has no effect in virtual time",
        ]
    );
    let shared = format!("{rule}budget = {{ times = 1, scope = \"global\" }}\n");
    let shared = profile(&folder, "shared", &shared);
    let options = options(&[&shared], &["bba"], Seeds { first: 1, last: 1 });
    let error = Plan::new(options, &Catalog::new()).unwrap_err().to_string();
    assert!(error.contains("rule 'x' has a budget for all sessions together"), "{error}");
}

/// A slow uplink delays requests that follow each other.
#[test]
fn the_uplink_delays_requests() {
    let folder = scratch("uplink");
    let link = "[downlink]\nrate = \"20 Mbit/s\"\n";
    let free = profile(&folder, "free", link);
    let slow = profile(&folder, "slow", &format!("{link}[uplink]\nrate = \"1 kbit/s\"\n"));
    let plan = plan(&[&free, &slow], &["bba"], Seeds { first: 1, last: 1 });
    let first_byte = |net: usize, segment: usize| {
        let (net, player) = (&plan.nets[net], &plan.players[0]);
        let (start, first, ..) =
            trace(Run { plan: &plan, net, player, seed: 1 }).downloads[segment];
        first - start
    };
    // 110 bytes of 128 in the bucket; then there is little left, and 8 ms for each byte.
    assert_eq!((first_byte(1, 0), first_byte(0, 1)), (0.0, 0.0));
    assert!((0.4..0.88).contains(&first_byte(1, 1)), "{}", first_byte(1, 1));
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

/// Players that give up after time-outs, as with separate audio, end with the cause. Audio is named.
#[test]
fn a_dead_link_is_the_cause_of_time_outs() {
    let folder = scratch("dead-later");
    let name = |name: &str, downlink: &str| {
        let path = folder.join(format!("{name}.toml"));
        let text = format!("summary = \"x\"\n[downlink]\n{downlink}\n");
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let later = "repeat = false\nschedule = [\n{ for = \"20 s\", rate = \"3 Mbit/s\" },\n\
                 { for = \"1 s\", rate = \"0 bit/s\" },\n]";
    for (file, downlink) in [("dead", "rate = \"0 bit/s\""), ("dead-later", later)] {
        let profile = name(file, downlink);
        for abr in ["bola", "hls.js", "dash.js"] {
            let run = ["--profile", &profile, "--abr", abr, "--seeds", "1..1", "--duration", "3m"];
            let (code, _, told) = vsps(&run);
            assert_eq!(code, 1, "{told}");
            assert!(told.contains("the network carries nothing any more"), "{abr}, {file}: {told}");
        }
    }
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
            ..options(&["abr-ramp"], &all(), Seeds { first: 1, last: 1 })
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
        (vec!["--ladder", "nothing"], "--ladder nothing: there is no such file; write demo"),
        (vec!["--seeds", "5..1"], "'5..1' ends before it starts; write 1..5"),
        (vec!["--duration", "0s"], "--duration: write a duration of at least a segment"),
        (vec!["--abr", "bola,bola"], "--abr: 'bola' is there twice"),
        (vec!["--json", "-", "--csv", "-"], "only one of --json, --csv, "),
        (
            vec!["--report", "/no/such/folder/x.html"],
            "--report /no/such/folder/x.html: its folder does not exist; write a file in a folder that exists",
        ),
        (vec!["--catch-up", "0.1"], "--live"),
        (vec!["--live-latency", "5s"], "--live"),
        (vec!["--answer-timeout", "0s"], "write more than 0"),
        (vec!["--catch-up", "0.7"], "write 0.1 for rates of 0.9 to 1.1"),
        (vec!["compare", "no.json", "no.json"], "no.json: No such file or directory"),
        (
            vec!["pensieve", "--trace", "no", "--sizes", "no", "--abr", "bba"],
            "--sizes no/video_size_0: No such file or directory (os error 2); write a folder with",
        ),
        (vec!["sabre", "-m", "no.json"], "--movie no.json: No such file or directory"),
    ] {
        let (code, _, err) = vsps(&arguments);
        assert_eq!(code, 2, "{arguments:?}");
        assert!(err.contains(message), "{arguments:?}: {err}");
    }
}

/// A sweep in which no run ends has failed; its files are written.
/// A player that cannot be started is an error; the exit code of one that ends is told.
#[test]
fn a_player_that_is_characterised_must_start() {
    let characterise = |command| {
        let here = ["--listen", "127.0.0.1:0", "--only", "fast", "--command", command];
        vsps(&[&["characterise"], &here[..]].concat())
    };
    let (code, _, told) = characterise("no-such-player {url}");
    assert_eq!(code, 1);
    assert!(told.contains("--command: the program of `no-such-player http"), "{told}");
    let (code, found, told) = characterise("sh -c 'exit 3' {url}");
    assert_eq!(code, 0);
    assert!(told.contains("fast: the player ended with exit code 3"), "{told}");
    assert!(found.contains("the player did not come"), "{found}");
}

#[test]
fn a_sweep_without_a_run_that_ends_is_exit_code_1() {
    let folder = scratch("failing");
    let rule = |times: &str| {
        format!(
            "[[rule]]\nname = \"g\"\nwhen = {{ kind = \"segment\", {times} }}\nthen = {{ status = 404 }}\n"
        )
    };
    let all = profile(&folder, "all", &rule("index = 1"));
    let json = folder.join("x.json").to_str().unwrap().to_owned();
    let short = ["--abr", "bba", "--duration", "1m", "--seeds", "1..2"];
    let (code, out, err) = vsps(&[&["--profile", &all, "--json", &json][..], &short].concat());
    assert_eq!(code, 1, "{out}{err}");
    let reason = "none of 2 runs ended; the first one: segment 0 did not arrive: status 404";
    assert!(err.contains(reason), "{err}");
    assert_eq!(Results::read(json.as_ref()).unwrap().runs.len(), 2);
    // One that ends is enough.
    let both = format!("{all},abr-ramp");
    assert_eq!(vsps(&[&["--profile", &both][..], &short].concat()).0, 0);
}

/// The report stands alone: no other file, all parts.
#[test]
fn the_report_is_one_file() {
    let folder = scratch("report");
    let profile = folder.join("<odd> & dead.toml");
    fs::write(&profile, "summary = \"x\"\nsource = \"x\"\n[downlink]\nrate = \"0 bit/s\"\n")
        .unwrap();
    let profiles = ["3g", profile.to_str().unwrap(), "unlimited"];
    let plan = plan(&profiles, &["bola", "hls.js"], Seeds { first: 1, last: 3 });
    let page = report(&plan, &run(&plan, 1));
    for part in [
        "<h2>Means</h2>",
        "<h2>Differences, paired by seed</h2>",
        "<h2>Profile × algorithm</h2>",
        "<h2>Bitrate against rebuffering</h2>",
        "<h2>Distributions</h2>",
        "hls.js on 3g, seed ",
        "vsps bench --profile 3g --abr hls.js --ladder sabre --seeds ",
        "It did not end: the network carries nothing any more",
        "prefers-color-scheme:dark",
        "@media print",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let script = the_script(&page);
    let without = page.replace(script, "");
    for foreign in
        ["http://", "https://", "src=", "@import", "url(", "<odd>", "NaN", "inf ", " style="]
    {
        assert!(!without.contains(foreign), "{foreign}");
    }
    // Nothing in it depends on the moment.
    assert_eq!(page, report(&plan, &run(&plan, 2)));
}

/// The script of a report: the console's timeline, and what shows sessions on it.
fn the_script(page: &str) -> &str {
    let (_, after) = page.split_once("<script type='module'>").unwrap();
    after.split_once("</script>").unwrap().0
}

/// Each session that is drawn has its data for the timeline, too; without script its picture is there. The policy names the one
/// script and the one style, and nothing is loaded.
#[test]
fn sessions_of_a_report_are_timelines_where_scripts_run() {
    let plan = plan(&["3g", "unlimited"], &["bola", "hls.js"], Seeds { first: 1, last: 2 });
    let page = report(&plan, &run(&plan, 1));
    let script = the_script(&page);
    for part in
        ["customElements.define(\"vsps-timeline\"", "class Points", "function sessionTracks"]
    {
        assert!(script.contains(part), "{part}");
    }
    for foreign in ["import ", "export ", "fetch(", "http://", "https://", "eval(", "innerHTML"] {
        assert!(!script.contains(foreign), "{foreign}");
    }
    let sessions: Vec<&str> = page.split("<details class='session'").skip(1).collect();
    assert_eq!(sessions.len(), 4);
    for session in sessions {
        assert!(session.contains("<svg viewBox=") && session.contains("class='level'"));
        let (_, data) = session.split_once("<script type='application/json'>").unwrap();
        let data: serde_json::Value =
            serde_json::from_str(data.split_once("</script>").unwrap().0).unwrap();
        let last = data["rungs"].as_array().unwrap().last().unwrap()[0].as_i64().unwrap();
        assert!(last < data["end"].as_i64().unwrap() && last > 150_000, "{data}");
        assert_eq!(
            data["link"].as_array().unwrap().is_empty(),
            session.contains(" on unlimited, ")
        );
        assert_eq!(data["stalls"][0][0], 0);
        assert!(data["downloads"].as_array().unwrap().len() > 10 && data["buffer"].is_array());
    }
    let (_, policy) = page.split_once("Content-Security-Policy' content=\"").unwrap();
    let policy = policy.split_once('"').unwrap().0;
    let allowed: Vec<&str> = policy.split("; ").collect();
    assert_eq!(allowed[0], "default-src 'none'");
    assert!(
        allowed[1].starts_with("style-src 'sha256-")
            && allowed[2].starts_with("script-src 'sha256-")
    );
    assert_eq!(allowed[3..], ["base-uri 'none'", "form-action 'none'"]);
    // It is before all that it is about.
    assert!(page.find("Content-Security-Policy") < page.find("<style>"));
    assert_eq!(page.matches("<style").count(), 1);
    assert_eq!(page.matches("<script").count(), 1 + 4);
}

/// Parts put together are what one run makes, byte for byte.
#[test]
fn parts_make_a_whole() {
    let mut plan =
        plan(&["abr-ramp", "3g"], &["bba", "bola", "shaka"], Seeds { first: 1, last: 3 });
    let whole = run(&plan, 1).to_json().unwrap();
    let parts: Vec<Results> = (1..=4)
        .map(|index| {
            plan.options.shard = Shard { index, count: 4 };
            serde_json::from_str(&run(&plan, 1).to_json().unwrap()).unwrap()
        })
        .collect();
    let backwards = parts.iter().rev().cloned().collect();
    assert_eq!(merge(backwards).unwrap().to_json().unwrap(), whole);
    let error = |parts: &[&Results]| merge(parts.iter().copied().cloned().collect()).unwrap_err();
    let [one, two, three, four] = &parts[..] else { panic!("{}", parts.len()) };
    assert_eq!(error(&[one, two, four]), "part 3/4 is missing");
    assert_eq!(error(&[one, two, three]), "part 4/4 is missing");
    assert_eq!(error(&[one, two, two, three, four]), "part 2/4 is there twice: part 2/4");
    let other = Results { command: "vsps bench --abr bola".to_owned(), ..four.clone() };
    assert_eq!(
        error(&[one, two, three, &other]),
        format!(
            "part 4/4 is no part of the same sweep as part 1/4: its command is `vsps bench --abr bola`, not `{}`",
            one.command
        )
    );
}

#[test]
fn comparisons_are_paired_and_refuse_other_runs() {
    let plan = plan(&["3g", "abr-ramp"], &["bba", "bola"], Seeds { first: 1, last: 3 });
    let old = run(&plan, 1);
    let condition = ["p95(rebuffer_ratio) > +0.5pp".parse().unwrap()];
    let same = compare(&old, &old, &condition).unwrap();
    assert_eq!(same.failures, 0);
    assert_eq!(
        same.text,
        "4 cells, no figure changed\npassed: no condition holds in any of 4 cells\n"
    );
    let mut fewer = old.clone();
    fewer.runs.pop();
    assert!(compare(&old, &fewer, &[]).unwrap_err().contains("one has 12 runs, the other 11"));
    let mut others = old.clone();
    others.runs[3].abr = "shaka".to_owned();
    let error = compare(&old, &others, &[]).unwrap_err();
    assert!(
        error.contains("the runs differ: 3g with bola, seed 1, and 3g with shaka, seed 1"),
        "{error}"
    );
}

/// The gate of a CI job: exit code 1 if a condition holds, 0 if none does, 2 if it cannot be read.
#[test]
fn the_gate_fails_on_a_regression() {
    let folder = scratch("gate");
    let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (good, bad, merged) = (file("good.json"), file("bad.json"), file("merged.json"));
    let sweep = |buffer: &str, json: &str| {
        let arguments = ["--profile", "3g", "--abr", "bola", "--seeds", "1..4", "--duration", "3m"];
        let (code, ..) = vsps(&[&arguments[..], &["--buffer", buffer, "--json", json]].concat());
        assert_eq!(code, 0);
    };
    sweep("25s", &good);
    sweep("9s", &bad);
    let gate = ["--fail-if", "p95(rebuffer_ratio) > +0.5pp"];
    let (code, out, err) = vsps(&[&["compare", &good, &bad][..], &gate].concat());
    assert_eq!(code, 1, "{out}{err}");
    assert!(out.contains("FAIL 3g with bola: p95(rebuffer_ratio) > +0.5pp: "), "{out}");
    assert_eq!(err, "vsps: 1 check failed\n");
    let (code, out, _) = vsps(&[&["compare", &good, &good][..], &gate].concat());
    assert_eq!(code, 0, "{out}");
    let (code, _, err) = vsps(&["compare", &good, &bad, "--fail-if", "p95(rebuffering) > +1pp"]);
    assert_eq!(code, 2);
    assert!(err.contains("there is no figure 'rebuffering'"), "{err}");
    let (code, ..) = vsps(&["merge", &good, "-o", &merged]);
    assert_eq!((code, fs::read(&merged).unwrap()), (0, fs::read(&good).unwrap()));
}

/// A file of the examples.
fn example(name: &str) -> String {
    format!("{}/examples/abr/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// The example script is the built-in `bba`, decision by decision; a program takes part as any other.
#[test]
fn algorithms_of_ones_own_take_part() {
    let script = example("buffer.rhai");
    let program = format!("cmd:python3 {}", example("harmonic.py"));
    let algorithms = ["bba", &script, &program, "throughput"];
    let seeds = Seeds { first: 1, last: 2 };
    let mut own = options(&["3g"], &algorithms, seeds);
    own.answer_timeout = Duration::from_secs(60);
    let plan = Plan::new(own, &Catalog::new()).unwrap();
    let one = run(&plan, 1);
    let figures = |index: usize| {
        *one.runs[index].figures().unwrap_or_else(|| panic!("{:?}", one.runs[index]))
    };
    for seed in 0..2 {
        assert_eq!(figures(seed), figures(2 + seed));
        let (harmonic, throughput) = (figures(4 + seed), figures(6 + seed));
        assert!(harmonic.bitrate_kbps > 0.5 * throughput.bitrate_kbps, "{harmonic:?}");
    }
    assert_eq!(one.to_json().unwrap(), run(&plan, 3).to_json().unwrap());
    assert!(
        one.command.contains(&format!("'bba,{script},{program},throughput'")),
        "{}",
        one.command
    );
}

/// What goes wrong in a program is named, and the other algorithms go on.
#[test]
fn bad_programs_are_named() {
    let folder = scratch("programs");
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let answers = "read line; while read line; do echo";
    let crash = write(
        "crash.sh",
        "read a; read b; echo '{\"rendition\":1}'; echo out of memory >&2; exit 3",
    );
    let hang =
        write("hang.sh", "read a; read b; echo '{\"rendition\":1}'; while read c; do :; done");
    let text = write("text.sh", &format!("{answers} three; done"));
    let high = write("high.sh", &format!("{answers} '{{\"rendition\":10}}'; done"));
    let deaf = write("deaf.sh", "exec sleep 30");
    let loops = write("loops.rhai", "fn choose(download, session) { loop {} }");
    let cases = [
        (format!("cmd:sh {crash}"), "sh: ended after 1 answers (exit status: 3): out of memory"),
        (format!("cmd:sh {hang}"), "sh: no answer 2 within 500 ms"),
        (format!("cmd:sh {text}"), "sh: answer 1 is 'three': expected"),
        (format!("cmd:sh {high}"), "`rendition` is 10; answer 0 to 9"),
        (format!("cmd:sh {deaf}"), "sh: no answer 1 within 500 ms"),
        ("cmd:no-such-program".to_owned(), "no-such-program: cannot be started"),
        (loops, "choose: Too many operations"),
        ("bola".to_owned(), ""),
    ];
    let names: Vec<&str> = cases.iter().map(|(name, _)| name.as_str()).collect();
    let mut own = options(&["3g"], &names, Seeds { first: 1, last: 1 });
    own.answer_timeout = Duration::from_millis(500);
    let results = run(&Plan::new(own, &Catalog::new()).unwrap(), 2);
    let table = table(&results);
    for (run, (name, problem)) in results.runs.iter().zip(&cases) {
        match &run.outcome {
            Outcome::Failed { error } => {
                assert!(error.contains(problem), "{name}: {error}");
                assert!(
                    table.contains(&format!("3g with {name}: 1 of 1 runs did not end")),
                    "{table}"
                );
            }
            Outcome::Ended(_) => assert_eq!(name, "bola"),
        }
    }
    let error = |name: &str| {
        Plan::new(options(&["3g"], &[name], Seeds { first: 1, last: 1 }), &Catalog::new())
            .unwrap_err()
            .to_string()
    };
    assert!(
        error("missing.rhai").starts_with("--abr: missing.rhai: "),
        "{}",
        error("missing.rhai")
    );
    assert!(error("cmd:").contains("write cmd:PROGRAM"));
}

/// Ends after the first chunk of runs, or gives runs that were made before.
struct Interrupted<'a> {
    journal: &'a Journal,
    stop: std::sync::atomic::AtomicBool,
    again: bool,
}

impl SweepObserver for Interrupted<'_> {
    fn made(&self, index: usize) -> Option<RunResult> {
        self.journal.made().get(&index).cloned()
    }

    fn finished(&self, _chunk: usize, runs: &[(usize, RunResult)], _log: &str) {
        if !self.again {
            self.journal.add(runs).unwrap();
            self.stop.store(true, std::sync::atomic::Ordering::Relaxed);
        }
    }

    fn stopped(&self) -> bool {
        self.stop.load(std::sync::atomic::Ordering::Relaxed)
    }
}

/// An interrupted sweep goes on where it ended, and comes to the results of one that was not interrupted.
#[test]
fn an_interrupted_sweep_goes_on() {
    let results = scratch("journal").join("results.json");
    let partial = scratch("journal").join("results.json.partial");
    let _ = fs::remove_file(&partial);
    let sweep = plan(&["3g", "abr-ramp"], &["bba", "bola"], Seeds { first: 1, last: 10 });
    let watched = |journal: &Journal, again| {
        let stop = std::sync::atomic::AtomicBool::new(false);
        run_all(&sweep, NonZeroUsize::MIN, &Interrupted { journal, stop, again })
    };
    let journal = Journal::open(&results, &sweep).unwrap();
    let cut = watched(&journal, false);
    assert_eq!((journal.made().len(), cut.runs.len()), (0, 16));
    // The end of the last line is lost.
    let text = fs::read_to_string(&partial).unwrap();
    fs::write(&partial, &text[..text.len() - 9]).unwrap();
    let journal = Journal::open(&results, &sweep).unwrap();
    assert_eq!(journal.made().len(), 15);
    let whole = watched(&journal, true).to_json().unwrap();
    assert_eq!(whole, run(&sweep, 2).to_json().unwrap());
    let other = plan(&["3g"], &["bba"], Seeds { first: 1, last: 10 });
    let error = Journal::open(&results, &other).unwrap_err().to_string();
    assert!(error.contains("it is of another sweep, or of other profiles"), "{error}");
    journal.remove();
    assert!(!partial.exists());
}

/// Ctrl-C keeps the runs that are done, and says so.
#[test]
fn an_interrupt_is_told() {
    let folder = scratch("interrupt");
    let file = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (json, partial) = (file("result.json"), file("result.json.partial"));
    let _ = fs::remove_file(&partial);
    let sweep = ["--profile", "3g", "--abr", "bola", "--seeds", "1..3000", "--json", &json];
    let child = Command::new(env!("CARGO_BIN_EXE_vsps"))
        .arg("bench")
        .args(sweep)
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let lines = || fs::read_to_string(&partial).map_or(0, |text| text.lines().count());
    while lines() < 20 {
        std::thread::yield_now();
    }
    let kill = ["-INT", &child.id().to_string()];
    assert!(Command::new("kill").args(kill).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains("of 3000 runs; they are kept in"), "{err}");
    assert!(lines() < 3000);
    // The same again goes on; another sweep does not touch what is there.
    let (code, _, err) = vsps(&["--profile", "3g", "--abr", "bba", "--json", &json]);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("it is of another sweep"), "{err}");
}

#[test]
fn the_log_has_a_line_for_each_segment() {
    let arguments = ["--profile", "3g", "--abr", "bola,shaka", "--seeds", "1..20"];
    let one = [&arguments[..], &["--duration", "1m", "--log", "-", "--threads", "1"]].concat();
    let two = [&arguments[..], &["--duration", "1m", "--log", "-", "--threads", "4"]].concat();
    let (code, out, err) = vsps(&one);
    assert_eq!((code, err.as_str()), (0, ""));
    // Segments of 4 s.
    assert_eq!(out.lines().count(), 2 * 20 * 15);
    let line: serde_json::Value = serde_json::from_str(out.lines().nth(16).unwrap()).unwrap();
    assert_eq!(
        (&line["abr"], &line["seed"], &line["segment"]),
        (&"bola".into(), &2.into(), &1.into())
    );
    let number = |key: &str| line[key].as_f64().unwrap();
    assert!(number("download_s") > number("ttfb_s") && number("buffer_after_s") > 0.0, "{line}");
    assert_eq!(vsps(&two).1, out);
}

#[test]
fn markdown_is_a_table() {
    let results = run(&plan(&["abr-ramp"], &["bola"], Seeds { first: 1, last: 2 }), 1);
    let text = markdown(&results);
    let mut lines = text.lines();
    assert!(lines.next().unwrap().starts_with("| profile | algorithm | runs | bitrate kbit/s |"));
    assert_eq!(
        lines.next(),
        Some("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    );
    assert!(lines.next().unwrap().starts_with("| abr-ramp | bola | 2 |"));
    assert!(text.contains("```\nvsps bench --profile abr-ramp --abr bola"));
}

/// The ladder of a manifest has the sizes that the origin serves, and is kept in a file.
#[tokio::test]
async fn a_ladder_is_learnt_from_a_url() {
    let (running, base) = origin().await;
    let folder = scratch("ladder");
    let cache = folder.join("ladder.json");
    let _ = fs::remove_file(&cache);
    let cache = cache.to_str().unwrap();
    let sweep = |url: String, more: Vec<String>| async move {
        let arguments =
            ["--profile", "abr-ramp", "--abr", "bola", "--seeds", "1", "--duration", "1m"];
        let mut arguments: Vec<String> = arguments.map(str::to_owned).into();
        arguments.extend(["--ladder".to_owned(), url]);
        arguments.extend(more);
        tokio::task::spawn_blocking(move || {
            vsps(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
        })
        .await
        .unwrap()
    };
    for path in ["/demo/hls/master.m3u8", "/demo/dash/manifest.mpd"] {
        let (code, out, err) =
            sweep(format!("{base}{path}"), vec!["--json".into(), "-".into()]).await;
        assert_eq!(code, 0, "{err}");
        assert!(err.contains("--ladder: audio has segments of its own"), "{err}");
        let results: Results = serde_json::from_str(&out).unwrap();
        let ladder = &results.ladder;
        assert_eq!((ladder.segment_s, ladder.bitrates_kbps.len()), (4.0, 6), "{ladder:?}");
        assert!(
            ladder.bitrates_kbps[0] > 300.0 && ladder.bitrates_kbps[5] < 10_000.0,
            "{ladder:?}"
        );
    }
    let url = format!("{base}/demo/hls/master.m3u8");
    let kept = || vec!["--ladder-cache".to_owned(), cache.to_owned()];
    let (code, first, _) = sweep(url.clone(), kept()).await;
    assert_eq!(code, 0);
    // Without the origin, the file is enough; for another URL it is not.
    drop(running);
    let (code, second, err) = sweep(url.clone(), kept()).await;
    assert_eq!(code, 0, "{err}");
    let table = |out: &str| out.lines().nth(1).unwrap().to_owned();
    assert_eq!(table(&first), table(&second));
    let (code, _, err) = sweep(format!("{url}?other"), kept()).await;
    assert_eq!(code, 2);
    assert!(err.contains("it is the ladder of http"), "{err}");
    let (code, _, err) = sweep(url, Vec::new()).await;
    assert_eq!(code, 1);
    assert!(err.contains("--ladder: http"), "{err}");
}

/// A proxy with the built-in origin, on free ports, and its address.
async fn origin() -> (process::Running, String) {
    let mut running = process::Running::start(&["--log", "json", "--profile", "unlimited"]);
    let ready = process::json(&running.line().await);
    let base = format!("http://{}", ready["listen"].as_str().unwrap());
    (running, base)
}

/// Players that share a link get together what it carries, and one of them alone gets all of it.
#[test]
fn players_share_a_link() {
    let folder = scratch("players");
    let profile = folder.join("steady.toml");
    fs::write(
        &profile,
        "summary = \"x\"\nsource = \"x\"\n[latency]\nrtt = \"40 ms\"\n[downlink]\nrate = \"6 Mbit/s\"\n",
    )
    .unwrap();
    let profile = profile.to_str().unwrap();
    let sweep = |players: usize, algorithms: &[&str]| {
        let options = PlanOptions {
            players: NonZeroUsize::new(players).unwrap(),
            abandon: true,
            ..options(&[profile], algorithms, Seeds { first: 1, last: 1 })
        };
        run(&Plan::new(options, &Catalog::new()).unwrap(), 1)
    };
    let figures = |results: &Results, index: usize| *results.runs[index].figures().unwrap();
    let algorithms = ["throughput", "bola", "hls.js"];
    let (one, three) = (sweep(1, &algorithms), sweep(3, &algorithms));
    for (index, name) in algorithms.iter().enumerate() {
        let (alone, shared) = (figures(&one, index), figures(&three, index));
        assert_eq!((alone.jain_bitrate, alone.jain_qoe), (1.0, 1.0));
        assert!(alone.bitrate_kbps > 1.5 * shared.bitrate_kbps, "{name}: {alone:?} {shared:?}");
        // 2 Mbit/s each: the mean rung is that or somewhat less.
        assert!((900.0..2100.0).contains(&shared.bitrate_kbps), "{name}: {shared:?}");
        assert!((0.85..1.0).contains(&shared.jain_bitrate), "{name}: {shared:?}");
        // Each player counts up to its own last download, so that the sum may be over 1.
        assert!((0.5..1.15).contains(&shared.utilization), "{name}: {shared:?}");
    }
    assert_eq!(three.to_json().unwrap(), sweep(3, &algorithms).to_json().unwrap());
    assert!(table(&three).contains("fairness (bitrate)"));
    assert!(three.command.ends_with("--players 3 --abandon"), "{}", three.command);
}

/// The input of P.1203 has all media that was shown, and all time in which nothing was.
#[test]
fn a_session_is_written_for_p1203() {
    let plan = plan(&["abr-dropout"], &["bba"], Seeds { first: 1, last: 1 });
    let run = Run { plan: &plan, net: &plan.nets[0], player: &plan.players[0], seed: 1 };
    let figures = vsps::sweep::matrix::run(run).unwrap();
    let input: serde_json::Value = p1203(run);
    let segments = input["I13"]["segments"].as_array().unwrap();
    assert_eq!((segments.len(), segments[2]["start"].as_f64()), (60, Some(6.0)));
    assert_eq!(
        (&segments[0]["codec"], &segments[0]["resolution"]),
        (&"h264".into(), &"426x240".into())
    );
    let stalling = input["I23"]["stalling"].as_array().unwrap();
    let stalls: f64 = stalling.iter().map(|stall| stall[1].as_f64().unwrap()).sum();
    assert!((stalls - figures.startup_s - figures.rebuffer_s).abs() < 1e-6, "{input}");
    assert!(stalling.len() > 1 && stalling.iter().all(|stall| stall[0].as_f64() <= Some(180.0)));
}

/// Players with different algorithms share one link: each row is about those with its algorithm.
/// Requests that fail before the first picture are part of the startup, and those that empty the buffer of a stall: at
/// the media time that was shown before it. On demand and live.
#[test]
fn stalls_start_when_the_buffer_is_empty() {
    let folder = scratch("stalls");
    let text = "[latency]\nrtt = \"40 ms\"\n[downlink]\nrate = \"20 Mbit/s\"\n\
        [[rule]]\nname = \"first\"\nwhen = { index = 1, attempt = 1 }\nthen = { status = 503 }\n\
        [[rule]]\nname = \"late\"\nwhen = { index = 3 }\nthen = { hang = \"14 s\" }\nbudget = { times = 1 }\n";
    let file = profile(&folder, "late", text);
    let mut plan = plan(&[&file], &["throughput"], Seeds { first: 1, last: 1 });
    for live in [None, Some(CatchUp { target: 10_000.0, most: 0.05 })] {
        plan.options.live = live;
        let run = Run { plan: &plan, net: &plan.nets[0], player: &plan.players[0], seed: 1 };
        let figures = vsps::sweep::matrix::run(run).unwrap();
        assert_eq!((figures.failed_requests, figures.rebuffer_count), (2.0, 1.0), "{figures:?}");
        let trace = trace(run);
        let [(start, startup), (from, to)] = trace.stalls[..] else { panic!("{:?}", trace.stalls) };
        assert_eq!((start, startup), (0.0, figures.startup_s));
        assert!((to - from - figures.rebuffer_s).abs() < 1e-6, "{:?} {figures:?}", trace.stalls);
        if live.is_none() {
            // Two segments of 3 s were there; 14 s and a wait of 0.5 s follow, from the third request on.
            assert!((from - startup - 6.0).abs() < 1e-6, "{:?}", trace.stalls);
            assert!(startup > 0.5 && to - from > 8.0, "{:?}", trace.stalls);
        }
        let input: serde_json::Value = p1203(run);
        let media: Vec<_> =
            input["I23"]["stalling"].as_array().unwrap().iter().map(|stall| &stall[0]).collect();
        assert_eq!(media, [&serde_json::json!(0.0), &serde_json::json!(6.0)], "{input}");
        assert!(trace.buffer.is_sorted_by(|one, other| one.at <= other.at + 1e-9));
    }
}

#[test]
fn algorithms_share_a_link() {
    let sweep = |algorithms: &[&str], players: usize| {
        let options = PlanOptions {
            players: NonZeroUsize::new(players).unwrap(),
            mixed: true,
            ..options(&["cable"], algorithms, Seeds { first: 1, last: 1 })
        };
        Plan::new(options, &Catalog::new())
    };
    let error = sweep(&["throughput", "fixed", "bola"], 2).unwrap_err().to_string();
    assert!(error.contains("need a player each; write at least 3"), "{error}");
    let plan = sweep(&["throughput", "fixed"], 4).unwrap();
    let results = run(&plan, 1);
    let figures = |index: usize| results.runs[index].figures().unwrap();
    let (throughput, fixed) = (figures(0), figures(1));
    // `fixed` plays the lowest rung, and leaves the rest of the link to the others.
    assert_eq!((fixed.switches, throughput.jain_bitrate), (0.0, fixed.jain_bitrate));
    assert!(throughput.bitrate_kbps > 3.0 * fixed.bitrate_kbps, "{throughput:?} {fixed:?}");
    assert!(throughput.jain_bitrate < 0.9 && throughput.utilization == fixed.utilization);
    assert!(results.command.ends_with("--players 4 --mixed"), "{}", results.command);
    assert!(
        !trace(Run { plan: &plan, net: &plan.nets[0], player: &plan.players[1], seed: 1 })
            .rungs
            .is_empty()
    );
}

/// All media is shown, latency grows by rebuffering unless playback catches up, and no segment is requested before it
/// exists.
#[test]
fn a_live_stream_is_kept_up_with() {
    let sweep = |most: f64, algorithms: &[&str], profiles: &[&str]| {
        let live = Some(CatchUp { target: 6000.0, most });
        let options =
            PlanOptions { live, ..options(profiles, algorithms, Seeds { first: 1, last: 2 }) };
        Plan::new(options, &Catalog::new()).unwrap()
    };
    for most in [0.0, 0.1] {
        let plan = sweep(most, &all(), &["cable", "3g"]);
        for result in &run(&plan, 2).runs {
            let figures = result.figures().unwrap_or_else(|| panic!("{result:?}"));
            let name = format!("{} {} {most}: {figures:?}", result.profile, result.abr);
            assert!(
                figures.latency_s >= 4.0 && figures.latency_p95_s >= figures.latency_s * 0.9,
                "{name}"
            );
            if most == 0.0 {
                assert!((figures.play_s - 180.0).abs() < 1e-6, "{name}");
                assert!((figures.latency_drift_s - figures.rebuffer_s).abs() < 0.2, "{name}");
            } else {
                assert!((160.0..201.0).contains(&figures.play_s), "{name}");
            }
            if result.profile == "cable" && most > 0.0 {
                assert!(figures.rebuffer_ratio < 0.05, "{name}");
                assert!((5.5..8.5).contains(&figures.latency_s), "{name}");
            }
        }
    }
    let results = run(&sweep(0.1, &["bola"], &["cable"]), 1);
    assert!(table(&results).contains("live latency s"));
    assert!(
        results.command.ends_with("--live --live-latency 6s --catch-up 0.1"),
        "{}",
        results.command
    );
}

/// Of one rung that is never late, NQoE is its bits less the price of its latency.
#[test]
fn the_qoe_of_low_latency_streams_is_its_formula() {
    let folder = scratch("nqoe");
    for (segment, latency, price) in [(2.0, "8s", 0.1), (0.25, "500ms", 0.05)] {
        let ladder = folder.join(format!("{latency}.json"));
        let movie = serde_json::json!({ "segment_duration_ms": segment * 1000.0, "bitrates_kbps": [1000],
            "segment_sizes_bits": vec![vec![segment * 1e6]; 100] });
        fs::write(&ladder, movie.to_string()).unwrap();
        let mut arguments = vec!["--ladder", ladder.to_str().unwrap(), "--abr", "fixed"];
        arguments.extend(["--live", "--live-latency", latency, "--catch-up", "0"]);
        arguments.extend(["--profile", "unlimited", "--seeds", "1..1", "--json", "-"]);
        let (code, out, error) = vsps(&arguments);
        assert_eq!(code, 0, "{error}");
        let results: serde_json::Value = serde_json::from_str(&out).unwrap();
        let figure = |name: &str| results["runs"][0][name].as_f64().unwrap_or_default();
        assert_eq!((figure("rebuffer_s"), figure("switches")), (0.0, 0.0), "{results}");
        assert_eq!(figure("latency_s") <= 1.1, price == 0.05, "{results}");
        // A segment at 1000 kbit/s, and for each second of latency the price of 1000 kbit/s.
        let expected = segment * 1000.0 - price * 1000.0 * figure("latency_s");
        assert!((figure("nqoe") - expected).abs() < 1.0, "{expected}: {results}");
    }
}

/// A network of slow changes, in the manner of the 3G traces of the papers: 5 s steps whose logarithm is a random
/// walk that returns to its mean, of 300 to 3000 kbit/s.
fn mobile_network(number: u64) -> String {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let mean = 300.0 * (1.0 + 9.0 * next());
    let mut walk = 0.0f64;
    let step = |_| {
        walk = 0.85 * walk + 0.45 * (2.0 * next() - 1.0);
        let rate = (mean * walk.exp()).max(50.0).round();
        format!("{{ for = \"5 s\", rate = \"{rate} kbit/s\" }}")
    };
    let steps: Vec<String> = (0..64).map(step).collect();
    format!(
        "summary = \"x\"\nsource = \"x\"\n[latency]\nrtt = \"80 ms\"\n[downlink]\nrepeat = true\nschedule = [{}]\n",
        steps.join(", ")
    )
}

/// The rankings of the papers come out, on 40 networks with Pensieve's ladder and 48 segments:
///
/// - Yin et al., SIGCOMM 2015: RobustMPC is better than the buffer-based and the rate-based algorithm in QoE, and
///   better than MPC, whose predictions are too high.
/// - Mao et al., SIGCOMM 2017: RobustMPC is better than BOLA, BOLA has more rebuffering.
/// - Spiteri et al., MMSys 2018: BOLA-E is better than BOLA, and dash.js's DYNAMIC better than the throughput rule, in
///   Sabre's score; DYNAMIC is better than BOLA in QoE.
#[test]
fn the_rankings_of_the_papers_come_out() {
    const NETWORKS: u64 = 40;
    let folder = scratch("rankings");
    let file = |number: u64| {
        let path = folder.join(format!("network-{number}.toml"));
        fs::write(&path, mobile_network(number)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let files: Vec<String> = (1..=NETWORKS).map(file).collect();
    let profiles: Vec<&str> = files.iter().map(String::as_str).collect();
    let algorithms =
        ["throughput", "bba", "bola", "bola-e", "dynamic", "dynamicdash", "mpc", "robust-mpc"];
    let options = PlanOptions {
        ladder: Ladder::find("pensieve").unwrap(),
        duration: Duration::from_secs(192),
        ..options(&profiles, &algorithms, Seeds { first: 1, last: 1 })
    };
    let results = run(&Plan::new(options, &Catalog::new()).unwrap(), 2);
    let mean = |abr: &str, of: fn(&Figures) -> f64| {
        let runs = results.runs.iter().filter(|run| run.abr == abr);
        runs.map(|run| of(run.figures().unwrap())).sum::<f64>() / NETWORKS as f64
    };
    let qoe = |abr: &str| mean(abr, |figures| figures.qoe_pensieve);
    let score = |abr: &str| mean(abr, |figures| figures.sabre_score);
    let rebuffering = |abr: &str| mean(abr, |figures| figures.rebuffer_ratio);
    let figures = algorithms.map(|abr| (abr, qoe(abr), score(abr), rebuffering(abr)));
    for other in ["throughput", "bba", "bola", "mpc"] {
        assert!(qoe("robust-mpc") > qoe(other) + 0.1, "{other}: {figures:?}");
    }
    assert!(qoe("bba") > qoe("throughput"), "{figures:?}");
    assert!(rebuffering("bola") > rebuffering("robust-mpc"), "{figures:?}");
    assert!(rebuffering("mpc") > 5.0 * rebuffering("robust-mpc"), "{figures:?}");
    assert!(score("bola-e") > score("bola") + 0.02, "{figures:?}");
    assert!(score("dynamicdash") > score("throughput") + 0.1, "{figures:?}");
    assert!(qoe("dynamic") > qoe("bola") + 0.05, "{figures:?}");
}

/// Parts of segments are requested before they exist, and are there as soon as they do: the viewer is nearer to the live
/// edge than a segment lasts, with all media shown, and no rung changes within a segment.
#[test]
fn parts_bring_a_viewer_nearer_to_the_live_edge() {
    let plan = |part: Option<u64>, target: f64| {
        let live = Some(CatchUp { target, most: 0.0 });
        let part = part.map(Duration::from_millis);
        let options = PlanOptions {
            live,
            part,
            ..options(&["cable"], &["bba"], Seeds { first: 1, last: 8 })
        };
        Plan::new(options, &Catalog::new())
    };
    let figures = |part, target| {
        let plan = plan(part, target).unwrap();
        let runs = run(&plan, 2);
        let figures: Vec<_> = runs.runs.iter().map(|run| *run.figures().unwrap()).collect();
        (plan.command(), Figures::mean(&figures))
    };
    // Segments of 3 s: 1.5 to 4.5 s behind the edge, against 3 to 6 s.
    let (whole, parts) = (figures(None, 1500.0), figures(Some(500), 1500.0));
    assert!(whole.0.ends_with("--live --live-latency 1.5s --catch-up 0"), "{}", whole.0);
    assert!(parts.0.ends_with("--catch-up 0 --part 500ms"), "{}", parts.0);
    let (whole, parts) = (whole.1, parts.1);
    assert!((3.0..6.5).contains(&whole.latency_s), "{whole:?}");
    assert!((1.5..4.6).contains(&parts.latency_s), "{parts:?}");
    assert!(parts.latency_s < whole.latency_s - 0.9, "{whole:?} {parts:?}");
    assert_eq!((whole.play_s, parts.play_s), (180.0, 180.0));
    let error = plan(Some(700), 1500.0).unwrap_err().to_string();
    assert_eq!(
        error,
        "--part: segments last 3 s; write a time that is a whole part of it, at least a 100th"
    );
}

/// The audio of a ladder has segments of its own: what both receive is what they would receive as one.
#[test]
fn separate_audio_is_loaded_beside_the_video() {
    let audio = vec![96.0 * 3000.0];
    let ladder = Ladder::find("sabre").unwrap().with_audio(Some(audio));
    let of = |ladder: Ladder| {
        let options =
            PlanOptions { ladder, ..options(&["cable"], &["fixed"], Seeds { first: 1, last: 1 }) };
        let plan = Plan::new(options, &Catalog::new()).unwrap();
        let played = Run { plan: &plan, net: &plan.nets[0], player: &plan.players[0], seed: 1 };
        (vsps::sweep::matrix::run(played).unwrap(), plan.presentation.has_audio())
    };
    let ((apart, two), (one, muxed)) = (of(ladder.clone()), of(ladder.muxed()));
    assert!(two && !muxed);
    assert_eq!((apart.play_s, apart.rebuffer_count), (180.0, 0.0));
    assert_eq!((apart.bitrate_kbps, apart.switches), (one.bitrate_kbps, 0.0));
    // Both are requested at once. When the audio has come (288 kbit), 402 kbit of the video are left: the video has the
    // link of 5 Mbit/s alone for a round trip of 28 ms, and shares the rest with the next segment of the audio. So it comes
    // (402 - 140) / 5000 s later than alone.
    let late = apart.startup_s - one.startup_s;
    assert!((late - 0.0524).abs() < 0.002, "{late} {apart:?} {one:?}");
    assert_eq!(apart.wasted_kb, 0.0);
    assert!((apart.utilization / one.utilization - 1.0).abs() < 0.05, "{apart:?} {one:?}");
}

/// A plan of the ladder `demo` over a network of the user's own for each of these texts.
fn demo_plan(folder: &std::path::Path, networks: &[&str], algorithms: &[&str]) -> Plan {
    let files: Vec<_> = networks
        .iter()
        .enumerate()
        .map(|(number, text)| profile(folder, &format!("net-{number}"), text))
        .collect();
    let names: Vec<&str> = files.iter().map(String::as_str).collect();
    let options = PlanOptions {
        ladder: vsps::commands::demo_ladder().unwrap(),
        duration: Duration::from_secs(60),
        ..options(&names, algorithms, Seeds { first: 7, last: 7 })
    };
    Plan::new(options, &Catalog::new()).unwrap()
}

/// The latency of a request for a segment of the ladder `demo` is the one that the proxy draws for its path; and what is
/// requested before it takes a round trip each: in DASH the MPD and the initialization segment, in HLS two playlists too.
#[test]
fn the_demo_ladder_is_requested_at_the_origins_paths() {
    let rate = "[downlink]\nrate = \"100 Mbit/s\"\n";
    let jitter = "jitter = { distribution = \"exponential\", mean = \"50 ms\" }\n";
    let networks = [
        format!("[latency]\nrtt = \"100 ms\"\n{rate}"),
        format!("[latency]\nrtt = \"100 ms\"\n{jitter}{rate}"),
    ];
    let networks: Vec<&str> = networks.iter().map(String::as_str).collect();
    let plan = demo_plan(&scratch("demo-paths"), &networks, &["fixed", "hls.js", "shaka"]);
    let start = |net: usize, player: usize| {
        let (net, player) = (&plan.nets[net], &plan.players[player]);
        let trace = trace(Run { plan: &plan, net, player, seed: 7 });
        let (start, first, ..) = trace.downloads[0];
        (start, first - start, trace.rungs[0].1)
    };
    for (player, setup) in [(0, 3.0), (1, 3.0), (2, 2.0)] {
        let (at, waited, rung) = start(0, player);
        assert!((at - 0.1 * setup).abs() < 0.01, "{player}: {at}");
        assert!((waited - 0.1).abs() < 1e-9, "{player}: {waited}");
        let path = format!("/demo/media/v{}/seg-1.m4s", rung + 1);
        let mut stream = Seed::new(7).named(&path).numbered(1).named("latency").stream();
        let jitter = plan.nets[1].link.latency.jitter.as_ref().unwrap().sample(&mut stream);
        let (_, waited, same) = start(1, player);
        assert_eq!(rung, same);
        assert!(
            (waited - 0.1 - jitter.as_secs_f64()).abs() < 1e-9,
            "{player}: {waited} {jitter:?}"
        );
    }
}

/// Rules that name manifests, initialization segments, paths, and what manifests say, apply to the ladder `demo`.
#[test]
fn rules_about_manifests_apply_to_the_demo_ladder() {
    let link = "[latency]\nrtt = \"40 ms\"\n[downlink]\nrate = \"20 Mbit/s\"\n";
    let rule = |when: &str, then: &str| {
        format!("{link}[[rule]]\nname = \"x\"\nwhen = {{ {when} }}\nthen = {{ {then} }}\n")
    };
    let late = "delay = \"2 s\"";
    let gone = "status = 404";
    let networks = [
        link.to_owned(),
        rule("kind = \"manifest\"", late),
        rule("kind = \"init\", media = \"video\", rung = 1", late),
        rule("path = \"/demo/hls/v*.m3u8\", rung = \"2..\"", gone),
        rule("path = \"/demo/*/ma*\"", gone),
        rule("height = \"700..\"", "rate = \"2 Mbit/s\""),
        rule("protocol = \"dash\", kind = \"segment\", rung = 1", late),
    ];
    let networks: Vec<&str> = networks.iter().map(String::as_str).collect();
    let algorithms = ["throughput", "shaka"];
    let plan = demo_plan(&scratch("demo-rules"), &networks, &algorithms);
    assert_eq!(plan.left_out(), [""; 0]);
    let results = run(&plan, 2);
    let figures = |net: usize, abr: usize| results.runs[2 * net + abr].figures().unwrap();
    let later = |net: usize, abr: usize| figures(net, abr).startup_s - figures(0, abr).startup_s;
    // Playlists of the master and of the lowest rung; the MPD. The audio has a playlist, too, beside that of the video.
    assert!((later(1, 0) - 6.0).abs() < 0.1, "{}", later(1, 0));
    assert!((later(1, 1) - 2.0).abs() < 0.1, "{}", later(1, 1));
    assert!((later(2, 0) - 2.0).abs() < 0.1, "{}", later(2, 0));
    // Where the playlists of all higher rungs are missing, the lowest is played.
    assert!(figures(0, 0).bitrate_kbps > 1000.0 && figures(3, 0).switches == 0.0);
    assert_eq!(figures(3, 0).bitrate_kbps, 363.0);
    assert_eq!(figures(3, 1), figures(0, 1));
    for abr in 0..algorithms.len() {
        let error = format!("{:?}", results.runs[2 * 4 + abr]);
        assert!(
            error.contains("a manifest or an initialization segment did not arrive"),
            "{error}"
        );
        assert!(figures(5, abr).bitrate_kbps < figures(0, abr).bitrate_kbps);
    }
    assert_eq!(figures(6, 0), figures(0, 0));
    assert_ne!(figures(6, 1), figures(0, 1));
}

//! The output of the observers of events: the scrape, the summary, the event log, and the dashboard.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeSet,
    io::{self, Write},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use vsps::{
    clock::{Clock, Timestamp},
    event::{Bus, Emitted, Event, Measured, Observer, Outcome, RequestTag, SessionTag},
    media::{Cmcd, Kind, MediaType, Protocol, Resource},
    model::OnDrop,
    observers::{Analytics, EventLog, Exposition, LogLine, Recorder, Summary, families},
    rules::{Cut, Ending, Hang, Plan, Planned, ScriptFailure, Status},
    units::{BitRate, ByteSize, MediaTime, ProcessTime, SessionTime, UnixTime},
};

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn session(ordinal: u64) -> Arc<SessionTag> {
    let label = (ordinal == 1).then(|| "living room".into());
    Arc::new(SessionTag { id: format!("s{ordinal}").into(), ordinal, seed: 42, label })
}

fn request(ordinal: u64, kind: Kind, path: &str, attempt: u32) -> Arc<RequestTag> {
    let mut resource = Resource::new(Protocol::Hls, kind);
    if !kind.is_manifest() {
        resource.media = MediaType::Video;
        resource.rendition = Some("720p".into());
        resource.rung = Some(3);
        resource.bandwidth = Some(BitRate::from_kilobits_per_second(3_000));
        resource.number = Some(7);
        resource.time = Some(MediaTime::from_secs(24));
        resource.duration = Some(ms(4_000));
    }
    let profile = "train".into();
    let (session, path) = (session(ordinal), path.to_owned());
    let details = vsps::event::RequestDetails::default();
    Arc::new(RequestTag {
        session,
        profile,
        method: http::Method::GET,
        path,
        attempt,
        resource,
        details,
    })
}

fn finished(request: Arc<RequestTag>, outcome: Outcome, bytes: u64, total: u64) -> Event {
    let measured = Measured {
        upstream_ttfb: Some(ms(3)),
        ttfb: ms(40),
        total: ms(total),
        shaper_wait: ms(total / 2),
        origin_wait: ms(total / 8),
        rule_wait: ms(total / 16),
    };
    Event::RequestFinished { request, status: 200, outcome, bytes, measured }
}

fn planned(request: Arc<RequestTag>, plan: Plan) -> Event {
    let plan = (!plan.is_empty()).then(|| Arc::new(plan));
    Event::RequestPlanned { request, latency: ms(30), plan }
}

fn full_plan() -> Plan {
    let rule = || Arc::from("tunnel");
    Plan {
        delay: Some(Planned { rule: rule(), effect: ms(250) }),
        hang: Some(Planned { rule: rule(), effect: Hang::Forever }),
        status: Some(Planned { rule: rule(), effect: Status::of(503) }),
        rate: Some(Planned { rule: rule(), effect: BitRate::from_kilobits_per_second(400) }),
        cut: Some(Planned {
            rule: rule(),
            effect: Cut::after(ByteSize::from_bytes(1000), Ending::Reset),
        }),
        ..Plan::default()
    }
}

/// A short run in which everything happens at least once.
fn story() -> Vec<Event> {
    let manifest = request(1, Kind::MultivariantPlaylist, "/m.m3u8", 2);
    let segment = request(1, Kind::Segment, "/7.m4s", 1);
    let again = request(1, Kind::Segment, "/7.m4s", 2);
    let lost = request(2, Kind::Segment, "/8.m4s", 1);
    let refused = Event::RequestFinished {
        request: Arc::clone(&lost),
        status: 0,
        outcome: Outcome::PlayerGone,
        bytes: 0,
        measured: Measured { total: ms(9_000), ..Measured::default() },
    };
    let cut = finished(Arc::clone(&segment), Outcome::Cut, 1000, 300);
    let (train, tunnel): (Arc<str>, Arc<str>) = ("train".into(), "tunnel".into());
    let rate = Some(BitRate::from_kilobits_per_second(1_500));
    vec![
        Event::SessionStarted { session: session(1), profile: Arc::clone(&train), rate: None },
        Event::SessionStarted { session: session(2), profile: Arc::clone(&train), rate },
        planned(Arc::clone(&manifest), Plan::default()),
        Event::ManifestUnread { request: Arc::clone(&manifest), problem: "no #EXTM3U".into() },
        finished(manifest, Outcome::Complete, 900, 45),
        planned(Arc::clone(&segment), full_plan()),
        Event::ScriptFailed {
            request: Arc::clone(&segment),
            failure: ScriptFailure {
                function: "on_request",
                line: Some(3),
                column: Some(7),
                problem: "thrown: no more".to_owned(),
            },
        },
        Event::PlayerReported {
            request: Arc::clone(&segment),
            report: Cmcd::of_query("CMCD=bl%3D3200%2Cbs%2Cmtp%3D2500%2Crtp%3D9000")
                .unwrap()
                .unwrap(),
            collector: None,
        },
        Event::PlayerReportIgnored { request: Arc::clone(&segment), reason: "version" },
        Event::FaultInjected {
            request: segment,
            rule: "tunnel".into(),
            effect: "reset",
            at_byte: Some(1000),
        },
        cut,
        planned(Arc::clone(&again), Plan::default()),
        Event::Dropped { request: Arc::clone(&again), action: OnDrop::Retransmit, at_byte: 1448 },
        Event::Stalled { session: session(1), at: SessionTime::from_secs(12), lasts: ms(900) },
        finished(again, Outcome::Complete, 1_500_000, 4_000),
        Event::RenditionSwitched { session: session(1), media: MediaType::Video, from: 3, to: 1 },
        Event::RenditionSwitched { session: session(1), media: MediaType::Video, from: 1, to: 2 },
        Event::CommandApplied {
            session: session(2),
            kind: "set",
            command: "profile tunnel, rate 1.5 Mbit/s".into(),
        },
        Event::LinkChanged { session: session(2), profile: Arc::clone(&tunnel), rate },
        Event::UpstreamFailed { request: lost, cause: "connect" },
        refused,
        Event::SessionEnded { session: session(1), profile: train, lasted: ms(65_000) },
    ]
}

fn scrape(events: &[Event]) -> String {
    let recorder = Recorder::new().unwrap();
    events.iter().for_each(|event| observe(&recorder, event));
    recorder.render(Exposition::Prometheus).replace(env!("CARGO_PKG_VERSION"), "VERSION")
}

#[test]
fn a_scrape_tells_the_whole_story() {
    let text = scrape(&story());
    for family in families::ALL {
        assert!(text.contains(&format!("# HELP {} ", family.name)), "{} is missing", family.name);
    }
    insta::assert_snapshot!(text);
}

/// Samples have the values of the text format; what differs is how they are written.
#[test]
fn open_metrics_has_the_same_samples_and_exemplars() {
    let recorder = Recorder::new().unwrap();
    story().iter().for_each(|event| observe(&recorder, event));
    let text = recorder.render(Exposition::OpenMetrics);
    for line in [
        "# TYPE vsps_requests counter",
        "# TYPE vsps_request_duration_seconds histogram",
        "vsps_faults_total{effect=\"reset\"} 1",
        "vsps_sessions_active 1",
        "vsps_segment_throughput_bits_per_second_bucket{media=\"video\",profile=\"train\",le=\"2e+06\"} 0",
        "vsps_segment_download_seconds_bucket{media=\"video\",profile=\"train\",le=\"4.0\"} 1 # {session=\"s1\"} 4 1000.000",
        "vsps_segment_download_seconds_bucket{media=\"video\",profile=\"train\",le=\"+Inf\"} 1",
        "vsps_segment_download_seconds_sum{media=\"video\",profile=\"train\"} 4",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
    // A label `le` has another form, and a family of counters another name.
    let plain = |text: &str| {
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        let numbers =
            samples.map(|line| line.split(" # ").next().unwrap().rsplit_once(' ').unwrap());
        let named = numbers.map(|(name, value)| (name.split(",le=").next().unwrap(), value));
        named.map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>()
    };
    assert_eq!(plain(&text), plain(&recorder.render(Exposition::Prometheus)));
}

#[test]
fn the_table_of_families() {
    let rows: Vec<_> = families::ALL.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(rows.join("\n"));
}

#[test]
fn family_names_say_their_unit_and_histograms_rise() {
    let mut names = BTreeSet::new();
    for family in families::ALL {
        assert!(names.insert(family.name), "{} stands twice", family.name);
        let ends = |with: &str| family.name.ends_with(with);
        match family.shape {
            families::Shape::Counter => assert!(ends("_total"), "{}", family.name),
            families::Shape::Gauge => assert!(!ends("_total"), "{}", family.name),
            families::Shape::Histogram(edges) => {
                assert!(ends("_seconds") || ends("_bits_per_second"), "{}", family.name);
                assert!(edges.is_sorted_by(|a, b| a < b), "{}", family.name);
            }
        }
    }
}

#[test]
fn labels_stay_few_whatever_profiles_and_statuses_come() {
    let recorder = Recorder::new().unwrap();
    for n in 0..10_000 {
        let profile: Arc<str> = format!("profile {n}").into();
        let (session, rate) = (session(n), None);
        observe(&recorder, &Event::SessionStarted { session, profile: profile.clone(), rate });
        let mut tag = RequestTag::clone(&request(n, Kind::Segment, &format!("/{n}"), 1));
        tag.profile = profile;
        let mut event = finished(tag.into(), Outcome::Complete, 1_000_000, 100);
        if let Event::RequestFinished { status, .. } = &mut event {
            *status = (n % 1000) as u16;
        }
        observe(&recorder, &event);
    }
    let text = recorder.render(Exposition::Prometheus);
    let profiles = label_values(&text, "profile");
    assert_eq!(profiles.len(), 65);
    assert!(profiles.contains("other"));
    assert!(label_values(&text, "status").len() < 80);
    let started: u64 = samples(&text, "vsps_sessions_started_total").iter().sum();
    assert_eq!(started, 10_000, "what has no label of its own is still counted");
}

#[test]
fn a_rate_is_shown_while_its_profile_has_a_session_and_a_limit() {
    let changed = |ordinal, kilobits: Option<u64>| Event::LinkChanged {
        session: session(ordinal),
        profile: "train".into(),
        rate: kilobits.map(BitRate::from_kilobits_per_second),
    };
    let ended = |ordinal| Event::SessionEnded {
        session: session(ordinal),
        profile: "train".into(),
        lasted: ms(1),
    };
    let started = |ordinal, rate| {
        let (session, profile) = (session(ordinal), "train".into());
        Event::SessionStarted { session, profile, rate }
    };
    let shown = |events: &[Event]| samples(&scrape(events), "vsps_link_rate_bits_per_second");
    let rate = Some(BitRate::from_kilobits_per_second(300));
    assert_eq!(shown(&[started(1, rate)]), [300_000]);
    assert_eq!(shown(&[started(1, rate), started(2, None)]), [300_000]);
    assert!(shown(&[started(1, None)]).is_empty());
    assert_eq!(shown(&[changed(1, Some(500))]), [500_000]);
    assert!(shown(&[changed(1, Some(500)), changed(1, None)]).is_empty());
    let two = [changed(1, Some(500)), changed(2, Some(700)), ended(1)];
    assert_eq!(shown(&two), [700_000]);
    assert!(shown(&[&two[..], &[ended(2)]].concat()).is_empty());
}

fn label_values(text: &str, label: &str) -> BTreeSet<String> {
    let start = format!("{label}=\"");
    let values = text.split(&start).skip(1).filter_map(|rest| rest.split('"').next());
    values.map(str::to_owned).collect()
}

fn samples(text: &str, family: &str) -> Vec<u64> {
    let lines = text.lines().filter(|line| line.starts_with(family));
    lines.filter_map(|line| line.rsplit(' ').next()?.parse().ok()).collect()
}

#[test]
fn the_summary_reads_well() {
    let summary = Summary::new().unwrap();
    story().iter().for_each(|event| observe(&summary, event));
    let report = summary.report().unwrap();
    insta::assert_snapshot!(report.to_string());
    insta::assert_snapshot!(serde_json::to_string_pretty(&report).unwrap());
}

/// A freeze of the link is not what the viewer sees: that is the player's to report.
#[test]
fn the_summary_tells_stalls_from_rebuffering() {
    let summary = Summary::new().unwrap();
    let started = |ordinal| Event::SessionStarted {
        session: session(ordinal),
        profile: "train".into(),
        rate: None,
    };
    let reported = |ordinal, starved, collector: Option<&str>| Event::PlayerReported {
        request: request(ordinal, Kind::Segment, "/a", 1),
        report: Cmcd { starved, ..Cmcd::default() },
        collector: collector.map(Into::into),
    };
    let stalled = Event::Stalled { session: session(1), at: SessionTime::ZERO, lasts: ms(1500) };
    for event in [
        started(1),
        started(2),
        started(3),
        stalled,
        reported(2, true, None),
        reported(2, true, Some("collector.example/a")),
        reported(2, true, None),
        reported(3, false, None),
    ] {
        observe(&summary, &event);
    }
    let report = summary.report().unwrap();
    assert_eq!((report.stalls.count, report.rebuffers, report.player_reports), (1, 2, 4));
    let lines = report.per_session.iter().map(|line| (&*line.id, line.link_stalls, line.rebuffers));
    let lines: Vec<_> = lines.collect();
    assert_eq!(lines, [("s1", 1, None), ("s2", 0, Some(2)), ("s3", 0, Some(0))]);
    insta::assert_snapshot!(report.to_string());
}

/// Sessions without end have as many lines as were promised.
#[test]
fn the_first_sessions_have_lines() {
    let summary = Summary::new().unwrap();
    for ordinal in 1..=1000 {
        let (session, profile) = (session(ordinal), "train".into());
        observe(&summary, &Event::SessionStarted { session, profile, rate: None });
    }
    let report = summary.report().unwrap();
    assert_eq!((report.sessions, report.per_session.len()), (1000, 100));
    assert!(report.to_string().ends_with("and 980 more\n"), "{report}");
}

/// An alert on the growth of a counter sees the first event only if the counter was there before.
#[test]
fn counters_are_there_before_the_first_event() {
    let recorder = Recorder::new().unwrap();
    recorder.expect_profile("train");
    let before = recorder.render(Exposition::Prometheus);
    for sample in [
        "vsps_drops_total{action=\"retransmit\"} 0",
        "vsps_faults_total{effect=\"status\"} 0",
        "vsps_rendition_switches_total{direction=\"down\"} 0",
        "vsps_retries_total{kind=\"segment\"} 0",
        "vsps_upstream_errors_total{cause=\"connect\"} 0",
        "vsps_manifest_errors_total{protocol=\"hls\"} 0",
        "vsps_player_starvation_total{profile=\"train\"} 0",
        "vsps_sessions_started_total{profile=\"train\"} 0",
        "vsps_stall_seconds_count{profile=\"train\"} 0",
    ] {
        assert!(before.lines().any(|line| line == sample), "{sample} is not in\n{before}");
    }
}

#[test]
fn a_summary_of_nothing_reads_well_too() {
    let report = Summary::new().unwrap().report().unwrap();
    insta::assert_snapshot!(report.to_string());
}

proptest::proptest! {
    #[test]
    fn quantiles_equal_those_of_a_sorted_list(
        times in proptest::collection::vec(1u64..=600_000, 1..400),
    ) {
        let summary = Summary::new().unwrap();
        for (n, total) in times.iter().enumerate() {
            // Many sessions: the quantiles are of all, not of one.
            let tag = request(n as u64, Kind::Segment, "/s", 1);
            observe(&summary, &finished(tag, Outcome::Complete, 20_000, *total));
        }
        let measured = summary.report().unwrap().segment_download;
        let mut sorted = times;
        sorted.sort_unstable();
        let oracle = |share: f64| {
            let rank = (share * sorted.len() as f64).ceil().max(1.0) as usize;
            sorted[rank - 1] as f64
        };
        proptest::prop_assert_eq!(measured.count, sorted.len() as u64);
        for (ours, share) in [
            (measured.p50_ms, 0.5),
            (measured.p90_ms, 0.9),
            (measured.p99_ms, 0.99),
            (measured.max_ms, 1.0),
        ] {
            let error = (ours - oracle(share)).abs() / oracle(share);
            proptest::prop_assert!(error <= 0.001, "{} for {} at {}", ours, oracle(share), share);
        }
    }
}

/// A file that a test can read while the log owns it.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Page {
    /// Its lines as JSON, without measured times.
    fn verdicts(&self) -> Vec<serde_json::Value> {
        let bytes = self.0.lock().unwrap().clone();
        let text = String::from_utf8(bytes).unwrap();
        let parse = |line: &str| {
            let mut value: serde_json::Value = serde_json::from_str(line).unwrap();
            let measured = value.as_object_mut().unwrap().remove("measured").unwrap();
            assert!(measured["at_unix_us"].as_u64().unwrap() > 0);
            value
        };
        text.lines().map(parse).collect()
    }
}

/// Its members are those of HAR 1.2; only the time of each start is removed.
#[test]
fn the_archive_of_a_session() {
    let archive = Analytics::default();
    story().iter().for_each(|event| observe(&archive, event));
    let har = archive.har("s1", "http://127.0.0.1:8080/-/s/s1").unwrap();
    let mut har: serde_json::Value = serde_json::from_str(&har).unwrap();
    let mut last = String::new();
    for entry in har["log"]["entries"].as_array_mut().unwrap() {
        let started = entry["startedDateTime"].as_str().unwrap().to_owned();
        assert!(started.ends_with('Z') && started >= last, "{started} after {last}");
        last = started;
        entry["startedDateTime"] = "measured".into();
    }
    har["log"]["creator"]["version"] = "VERSION".into();
    insta::assert_snapshot!(format!("{har:#}"));
    assert_eq!(archive.har("s3", ""), None);
}

#[test]
fn the_event_log_is_the_same_twice_but_for_what_was_measured() {
    let write = |slower: u64| {
        let page = Page::default();
        let bus = Bus::new(Clock::start(), vec![Box::new(EventLog::start(page.clone()).unwrap())]);
        for mut event in story() {
            match &mut event {
                Event::RequestFinished { measured, .. } => measured.total += ms(slower),
                Event::SessionEnded { lasted, .. } => *lasted += ms(slower),
                _ => {}
            }
            bus.emit(&event);
        }
        drop(bus);
        page.verdicts()
    };
    let (first, second) = (write(0), write(17));
    assert_eq!(first, second);
    assert_eq!(first.len(), story().len(), "dropping the log writes what is left");
    let lines: Vec<_> = first.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn the_event_log_keeps_every_event_in_order() {
    let page = Page::default();
    let log = EventLog::start(page.clone()).unwrap();
    // More than fit into the queue.
    for number in 0..40_000 {
        let at = SessionTime::from_millis(number);
        observe(&log, &Event::Stalled { session: session(1), at, lasts: ms(1) });
    }
    drop(log);
    let times: Vec<_> =
        page.verdicts().iter().map(|line| line["at_ms"].as_f64().unwrap() as u64).collect();
    assert_eq!(times, (0..40_000).collect::<Vec<_>>());
}

#[test]
fn an_event_log_that_cannot_be_written_lets_the_run_go_on() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::Error::other("disk full"))
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let log = EventLog::start(Full).unwrap();
    for _ in 0..40_000 {
        observe(&log, &Event::Stalled { session: session(1), at: SessionTime::ZERO, lasts: ms(1) });
    }
}

/// What a full disk does not take for a second is counted during the run, and a line stands for it later.
#[test]
#[expect(clippy::disallowed_methods, reason = "the thread of the log runs in real time")]
fn an_event_log_counts_at_once_what_a_full_disk_does_not_take() {
    #[derive(Clone, Default)]
    struct Disk {
        page: Page,
        has_room: Arc<AtomicBool>,
    }
    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            match self.has_room.load(Ordering::Relaxed) {
                true => self.page.write(bytes),
                false => Err(io::ErrorKind::StorageFull.into()),
            }
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let disk = Disk::default();
    let log = EventLog::start(disk.clone()).unwrap();
    let stall = |number| {
        let at = SessionTime::from_millis(number);
        observe(&log, &Event::Stalled { session: session(1), at, lasts: ms(1) });
    };
    stall(1);
    stall(2);
    let (lost, begun) = (log.lost(), std::time::Instant::now());
    while lost.get() < 2 {
        assert!(begun.elapsed() < ms(30_000), "{} are counted", lost.get());
        std::thread::sleep(ms(20));
    }
    disk.has_room.store(true, Ordering::Relaxed);
    stall(3);
    assert_eq!(log.finish().unwrap_err().lost, 2);
    let lines = disk.page.verdicts();
    assert_eq!(lines[0], serde_json::json!({ "event": "events_lost", "count": 2 }));
    assert_eq!((lines.len(), &lines[1]["at_ms"]), (2, &serde_json::json!(3.0)));
}

#[test]
fn the_log_lines() {
    let lines: Vec<_> = story().iter().map(|event| LogLine(event).to_string()).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

/// Passes `event` to `observer`, as the bus does.
fn observe(observer: &impl Observer, event: &Event) {
    let at = Timestamp { process: ProcessTime::from_millis(1), unix: UnixTime::from_secs(1000) };
    observer.observe(Emitted { at, event });
}

/// The dashboards for Grafana.
const DASHBOARDS: [&str; 4] = [
    include_str!("../grafana/vsps-overview.json"),
    include_str!("../grafana/vsps-session.json"),
    include_str!("../grafana/vsps-abr-switching.json"),
    include_str!("../grafana/vsps-faults-and-origin.json"),
];

fn every_family() -> impl Iterator<Item = &'static families::Family> {
    families::ALL.iter().chain(families::OF_SESSIONS)
}

/// Every `vsps_…` metric that `text` names, without a histogram's endings.
fn named_metrics(text: &str) -> BTreeSet<String> {
    let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    let names = text.split(word).filter(|name| name.starts_with("vsps_"));
    let is_family = |name: &str| every_family().any(|family| family.name == name);
    let base = |name: &str| {
        let endings = ["_bucket", "_sum", "_count"].iter();
        let base = endings.filter_map(|ending| name.strip_suffix(ending)).find(|b| is_family(b));
        base.unwrap_or(name).to_owned()
    };
    names.map(base).collect()
}

#[test]
fn the_dashboard_and_the_documentation_name_only_metrics_that_exist() {
    let rules = include_str!("../grafana/rules/vsps.rules.yml").replace("profile:vsps_", "");
    let rules = rules.replace("vsps_request_errors:", "").replace("vsps_switches_down:", "");
    let named: BTreeSet<_> =
        DASHBOARDS.iter().copied().chain([&*rules]).flat_map(named_metrics).collect();
    assert!(named.len() > 25, "the dashboards show {} metrics", named.len());
    let pages = std::fs::read_dir("docs").unwrap().map(|entry| entry.unwrap().path());
    let pages = pages.filter(|path| path.extension().is_some_and(|ending| ending == "md"));
    let texts: Vec<_> = pages
        .chain(["README.md".into()])
        .map(|path: std::path::PathBuf| std::fs::read_to_string(path).unwrap())
        .collect();
    let mut documented: BTreeSet<_> = texts.iter().flat_map(|text| named_metrics(text)).collect();
    // Fixtures of the client for pytest, and the metrics of `vsps tcp`, which has an exposition of its own.
    let others = [
        "vsps_arm",
        "vsps_proxy",
        "vsps_session",
        "vsps_tcp_connections_open",
        "vsps_tcp_connections_total",
    ];
    documented.retain(|name| !others.contains(&name.as_str()));
    assert!(documented.len() > 2, "the documentation names {documented:?}");
    for name in named.into_iter().chain(documented) {
        assert!(every_family().any(|family| family.name == name), "{name} does not exist");
    }
}

#[test]
fn the_dashboard_asks_only_for_labels_that_exist() {
    let mut asked = 0;
    let lines = DASHBOARDS.iter().flat_map(|dashboard| dashboard.lines());
    for line in lines.filter(|line| line.contains("\"expr\"")) {
        let family = named_metrics(line).pop_first().unwrap();
        let family = every_family().find(|other| other.name == family).unwrap();
        let grouped = line.split("by (").skip(1).filter_map(|rest| rest.split(')').next());
        let selected = line.split('{').skip(1).filter_map(|rest| rest.split('}').next());
        let names = grouped.flat_map(|list| list.split(", ")).chain(
            selected.flat_map(|list| list.split(',').filter_map(|pair| pair.split('=').next())),
        );
        for label in names.filter(|name| !name.is_empty() && *name != "le") {
            assert!(family.labels.contains(&label), "{} has no `{label}`", family.name);
            asked += 1;
        }
    }
    assert!(asked > 20, "{asked} labels");
}

#[test]
fn the_dashboard_can_be_imported() {
    DASHBOARDS.iter().for_each(|text| can_be_imported(text));
}

fn can_be_imported(text: &str) {
    let board: serde_json::Value = serde_json::from_str(text).unwrap();
    assert!(board["schemaVersion"].as_u64().unwrap() >= 39);
    assert!(board["id"].is_null(), "an id belongs to one Grafana");
    let panels = board["panels"].as_array().unwrap();
    let mut ids = BTreeSet::new();
    for panel in panels {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{} shares its id", panel["title"]);
        if panel["type"] == "row" {
            continue;
        }
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "{}", panel["title"]);
        let targets = panel["targets"].as_array().unwrap();
        assert!(!targets.is_empty(), "{} asks nothing", panel["title"]);
        for target in targets {
            let query = target["expr"].as_str().unwrap();
            assert_eq!(query.matches('(').count(), query.matches(')').count(), "{query}");
        }
    }
    assert!(ids.len() > 8);
}

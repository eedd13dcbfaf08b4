//! A real Prometheus scrapes the proxy while segments go through, and answers queries about them.

use crate::{
    process::{PATIENCE, json},
    rig::{Rig, scratch},
    tool::{output, tool},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use std::{net::TcpListener, process::Stdio, time::Duration};
use tokio::{io::AsyncWriteExt as _, process::Child, time::timeout};

/// Two scrapes and a query, on a busy machine.
const LONG: Duration = Duration::from_secs(120);

/// What a proxy with a sound origin has nothing of.
const ALL_WELL: &[&str] = &[
    "Origin errors per minute",
    "Unread manifests per minute",
    "Script errors per minute",
    "Player reports ignored",
    "Live commands",
];

/// The dashboards for Grafana.
const DASHBOARDS: [&str; 4] = [
    include_str!("../../grafana/vsps-overview.json"),
    include_str!("../../grafana/vsps-session.json"),
    include_str!("../../grafana/vsps-abr-switching.json"),
    include_str!("../../grafana/vsps-faults-and-origin.json"),
];

/// Faults of every sort often enough for a short test.
const TROUBLED: &str = "summary = \"a bad minute\"\nsource = \"made up\"\n\
    [downlink]\nrate = \"4 Mbit/s\"\n\
    [stall]\nevery = { distribution = \"exponential\", mean = \"500 ms\" }\n\
    for = { distribution = \"lognormal\", mean = \"100 ms\", sd = \"20 ms\" }\n\
    [loss]\nmodel = { bernoulli = 0.02 }\n\
    [[rule]]\nwhen = { kind = \"segment\" }\nthen = { delay = \"1 ms\" }\n";

/// promtool's exit code when it could read everything, but would have named it otherwise.
const LINTED: i32 = 3;

struct Prometheus {
    address: String,
    _process: Child,
}

impl Prometheus {
    /// One that scrapes `target` every second; it ends when this value is dropped.
    fn start(target: &str) -> Self {
        let folder = scratch("prometheus");
        std::fs::create_dir_all(&folder).unwrap();
        let config = format!(
            "global: {{ scrape_interval: 1s, scrape_timeout: 1s }}\n\
             scrape_configs: [{{ job_name: vsps, static_configs: [{{ targets: ['{target}'] }}] }}]\n"
        );
        std::fs::write(folder.join("prometheus.yml"), config).unwrap();
        // It can't say which port it took, so it is given one that was free a moment ago.
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap().to_string();
        drop(free);
        let log = std::fs::File::create(folder.join("log")).unwrap();
        let mut command = tool("prometheus");
        command
            .args(["--config.file=prometheus.yml", "--storage.tsdb.path=data"])
            .arg("--enable-feature=exemplar-storage")
            .arg(format!("--web.listen-address={address}"))
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .kill_on_drop(true);
        Self { address, _process: command.spawn().unwrap() }
    }

    /// The value of an instant query; `None` = no answer yet, or an empty one.
    async fn query(&self, rig: &Rig, query: &str) -> Option<f64> {
        self.samples(rig, query).await?.first().copied()
    }

    /// The exemplars of the last ten minutes.
    async fn exemplars(&self, rig: &Rig, query: &str) -> Vec<Value> {
        let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
        let url = format!(
            "http://{}/api/v1/query_exemplars?query={query}&start={}&end={}",
            self.address,
            now - 600,
            now + 60
        );
        let answer: Value = serde_json::from_slice(&rig.get(&url).await).unwrap();
        let series = answer["data"].as_array().unwrap().iter();
        series.flat_map(|one| one["exemplars"].as_array().unwrap().clone()).collect()
    }

    /// The values of an instant query, which must be without fault; `None` = no answer yet.
    async fn samples(&self, rig: &Rig, query: &str) -> Option<Vec<f64>> {
        let encoded = utf8_percent_encode(query, NON_ALPHANUMERIC);
        let url = format!("http://{}/api/v1/query?query={encoded}", self.address);
        let answer: Value = serde_json::from_slice(&rig.try_get(&url).await?).unwrap();
        assert_eq!(answer["status"], "success", "{query}: {answer}");
        let series = answer["data"]["result"].as_array().unwrap().iter();
        Some(series.map(|one| one["value"][1].as_str().unwrap().parse().unwrap()).collect())
    }
}

#[tokio::test]
async fn quantiles_of_what_went_through() {
    let rig = Rig::start("cable").await;
    let prometheus = Prometheus::start(rig.admin());
    let p90 = "histogram_quantile(0.9, sum(rate(vsps_ttfb_seconds_bucket[1m])) by (le))";
    let answered = async {
        let mut number = 0;
        loop {
            number += 1;
            rig.get(&rig.url(&format!("/demo/media/v1/seg-{number}.m4s"))).await;
            match prometheus.query(&rig, p90).await {
                Some(value) if value.is_finite() => return (number, value),
                _ => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        }
    };
    let (requests, value) = timeout(LONG, answered).await.expect("no quantile");
    // Cable answers after a round trip of 28 ms; the rest is the machine's.
    assert!((0.01..30.0).contains(&value), "{value}");
    assert_eq!(prometheus.query(&rig, "up").await, Some(1.0));
    let counted = prometheus.query(&rig, "sum(vsps_requests_total)").await.unwrap();
    assert!(counted >= 1.0 && counted <= f64::from(requests), "{counted} of {requests}");
    // It scraped OpenMetrics, and each exemplar names a session that is known.
    let sessions: Value =
        serde_json::from_slice(&rig.get(&format!("http://{}/api/v1/sessions", rig.admin())).await)
            .unwrap();
    let known = sessions.as_array().unwrap().iter().map(|one| &one["id"]).collect::<Vec<_>>();
    let exemplars = prometheus.exemplars(&rig, "vsps_ttfb_seconds_bucket").await;
    assert!(!exemplars.is_empty());
    assert!(
        exemplars.iter().all(|one| known.contains(&&one["labels"]["session"])),
        "{exemplars:?}"
    );
}

/// Prometheus' own checker parses every line and would have written it so.
#[tokio::test]
async fn the_exposition_is_in_order() {
    let rig = Rig::start("flaky-wifi").await;
    rig.get(&rig.url("/demo/media/v1/seg-1.m4s")).await;
    let metrics = rig.metrics().await;
    let mut command = tool("promtool");
    command.args(["check", "metrics"]).stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(metrics.as_bytes()).await.unwrap();
    drop(stdin);
    let output = timeout(PATIENCE, child.wait_with_output()).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | LINTED)), "{said}\n{metrics}");
    // Rates are in bits here, as they are in manifests: the one rule that is broken on purpose.
    let objections = said.lines().filter(|line| !line.contains("use base unit \"bytes\""));
    assert_eq!(objections.collect::<Vec<_>>(), [""; 0]);
}

/// Title and expression of each query of the dashboards, as Grafana sends it with `All` profiles and sessions chosen.
fn panels() -> Vec<(String, String)> {
    let mut asked = Vec::new();
    for board in DASHBOARDS.map(json) {
        let annotations = board["annotations"]["list"].as_array().unwrap();
        let panels = board["panels"].as_array().unwrap().iter();
        let targets = panels.flat_map(|panel| {
            let targets = panel["targets"].as_array().into_iter().flatten();
            targets.map(move |target| (panel["title"].as_str().unwrap(), &target["expr"]))
        });
        let marks = annotations.iter().map(|one| (one["name"].as_str().unwrap(), &one["expr"]));
        for (title, expression) in targets.chain(marks) {
            let text = expression.as_str().unwrap().replace("$profile", ".*");
            let text = text.replace("$session", ".*").replace("$__rate_interval", "1m");
            assert!(!text.contains('$'), "{text}");
            asked.push((title.to_owned(), text));
        }
    }
    asked.sort();
    asked.dedup();
    asked
}

/// Prometheus' own tool runs the tests of the recording and alert rules.
#[tokio::test]
async fn the_rules_are_in_order_and_do_what_their_tests_say() {
    let rules = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("grafana/rules");
    for args in [["check", "rules", "vsps.rules.yml"], ["test", "rules", "vsps.test.yml"]] {
        let mut command = tool("promtool");
        command.args(args).current_dir(&rules);
        let told = output(command, PATIENCE).await;
        assert!(told.contains("SUCCESS"), "{told}");
    }
}

/// Two rungs in turn, each segment twice, from a player that runs dry.
async fn watch(rig: &Rig, master: &str, number: u32) {
    let session = master.strip_suffix("/hls/master.m3u8").unwrap();
    let said = "CMCD=bl%3D1200%2Cbs%2Cot%3Dv";
    for rung in [1, 2, 2] {
        rig.get(&format!("{session}/media/v{rung}/seg-{number}.m4s?{said}")).await;
    }
}

/// Every panel of the dashboard shows something once there is something to show.
#[tokio::test]
async fn the_dashboard_has_data() {
    let profile = scratch("troubled.toml");
    std::fs::write(&profile, TROUBLED).unwrap();
    let rig = Rig::start_with(profile.to_str().unwrap(), &["--session-metrics", "5"]).await;
    let prometheus = Prometheus::start(rig.admin());
    let master = rig.enter("/demo/hls/master.m3u8").await;
    let text = String::from_utf8(rig.get(&master).await.to_vec()).unwrap();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        rig.get(&master.replace("master.m3u8", line)).await;
    }
    let mut empty = panels();
    empty.retain(|(title, _)| !ALL_WELL.contains(&title.as_str()));
    assert!(empty.len() > 30, "{empty:?}");
    let shown = async {
        for number in 1.. {
            watch(&rig, &master, number).await;
            let mut left = Vec::new();
            for (title, query) in std::mem::take(&mut empty) {
                let samples = prometheus.samples(&rig, &query).await.unwrap_or_default();
                if !samples.iter().any(|sample| sample.is_finite()) {
                    left.push((title, query));
                }
            }
            empty = left;
            if empty.is_empty() {
                break;
            }
        }
    };
    let in_time = timeout(LONG, shown).await.is_ok();
    assert!(in_time, "nothing to show: {empty:#?}");
    // What is empty when all is well must be in order all the same.
    for (title, query) in panels() {
        assert!(prometheus.samples(&rig, &query).await.is_some(), "{title}");
    }
}

//! A proxy to test against: on free ports, with seed 7, its events kept.

use crate::{
    events::Events,
    process::{Ended, PATIENCE, Running, json},
};
use bytes::Bytes;
use http::header::LOCATION;
use http_body_util::BodyExt as _;
use serde_json::Value;
use std::{
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};
use tokio::time::timeout;

/// How many rigs this process has made: part of their files' names.
static RIGS: AtomicU32 = AtomicU32::new(0);

pub(crate) struct Rig {
    running: Running,
    ready: Value,
    events: PathBuf,
}

impl Rig {
    /// The built-in stream through `profile`.
    pub(crate) async fn start(profile: &str) -> Self {
        Self::start_with(profile, &[]).await
    }

    /// As [`start`](Self::start), with arguments added.
    pub(crate) async fn start_with(profile: &str, more: &[&str]) -> Self {
        let events = scratch("events.jsonl");
        let file = events.to_str().unwrap();
        let mut args = vec!["--log", "json", "--seed", "7", "--profile", profile, "--events", file];
        args.extend(more);
        let mut running = Running::start(&args);
        let ready = json(&running.line().await);
        Self { running, ready, events }
    }

    /// An address of the data plane.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.ready["listen"].as_str().unwrap())
    }

    /// The data plane's host and port.
    pub(crate) fn listen(&self) -> &str {
        self.ready["listen"].as_str().unwrap()
    }

    /// The control plane's host and port.
    pub(crate) fn admin(&self) -> &str {
        self.ready["admin"].as_str().unwrap()
    }

    /// Where a manifest is, in the session that asking for it starts.
    pub(crate) async fn enter(&self, path: &str) -> String {
        let (head, _) = self.running.ask(&self.url(path)).await.into_parts();
        assert_eq!(head.status, 307, "{path}");
        self.url(head.headers[LOCATION].to_str().unwrap())
    }

    /// The body of the answer to a GET of `url`, which must be a 200.
    pub(crate) async fn get(&self, url: &str) -> Bytes {
        let (head, body) = self.running.ask(url).await.into_parts();
        let body = timeout(PATIENCE, body.collect()).await.expect("no end").unwrap().to_bytes();
        assert_eq!(head.status, 200, "{url}: {}", String::from_utf8_lossy(&body));
        body
    }

    /// The body of any response to a GET of `url`; `None` = no server yet.
    pub(crate) async fn try_get(&self, url: &str) -> Option<Bytes> {
        let body = self.running.try_ask(url).await?.into_body();
        Some(timeout(PATIENCE, body.collect()).await.expect("no end").unwrap().to_bytes())
    }

    /// `/metrics`, as it is.
    pub(crate) async fn metrics(&self) -> String {
        let body = self.get(&format!("http://{}/metrics", self.admin())).await;
        String::from_utf8(body.to_vec()).unwrap()
    }

    /// The sum of a metric's samples, whatever their labels.
    pub(crate) async fn metric(&self, name: &str) -> f64 {
        let text = self.metrics().await;
        let samples = text.lines().filter_map(|line| {
            let (sample, value) = line.rsplit_once(' ')?;
            let (metric, _) = sample.split_once('{').unwrap_or((sample, ""));
            (metric == name).then(|| value.parse::<f64>().unwrap())
        });
        samples.sum()
    }

    /// Stops the proxy: its summary, and all that happened.
    pub(crate) async fn stop(self) -> (Value, Events) {
        self.running.signal("INT").await;
        let Ended { code, stdout, stderr } = self.running.end().await;
        assert_eq!(code, Some(0), "{stderr}");
        let events = Events::read(&std::fs::read_to_string(&self.events).unwrap());
        (json(&stdout)["summary"].take(), events)
    }
}

/// A path for a file of this run's own.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let number = RIGS.fetch_add(1, Ordering::Relaxed);
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    folder.join(format!("{}-{number}-{name}", std::process::id()))
}

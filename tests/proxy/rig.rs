//! A whole proxy on free ports, with its events and metrics.

use super::{
    origin::Origin,
    player::{Got, Player},
};
use serde_json::Value;
use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::{sync::oneshot, task::JoinHandle};
use vsps::{
    app::App, args::RunArgs, config::Config, observers::Report, profiles::Catalog, rules::RuleSet,
};

pub(crate) struct Rig {
    pub(crate) listen: SocketAddr,
    pub(crate) admin: SocketAddr,
    events: PathBuf,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<Report>,
}

impl Rig {
    /// A proxy with seed 7 before `origin` (or the built-in one), with the changes of `set`.
    pub(crate) async fn start(origin: Option<SocketAddr>, set: impl FnOnce(&mut Config)) -> Self {
        static RIGS: AtomicU32 = AtomicU32::new(0);
        let number = RIGS.fetch_add(1, Ordering::Relaxed);
        let name = format!("vsps-{}-{number}.jsonl", std::process::id());
        let events = std::env::temp_dir().join(name);
        let free = || Some("127.0.0.1:0".parse().unwrap());
        let args = RunArgs {
            listen: free(),
            admin: free(),
            seed: Some(7),
            events: Some(events.clone()),
            origin: origin.map(|address| format!("http://{address}")),
            ..RunArgs::default()
        };
        let catalog = Arc::new(Catalog::new());
        let mut config = Config::new(args, &catalog).unwrap();
        set(&mut config);
        let app = App::bind(config, catalog).await.unwrap();
        let ready = app.ready().clone();
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(async move {
            let stopped = async move {
                // Dropping it also stops it.
                let _ = stopped.await;
            };
            app.run(stopped).await.unwrap()
        });
        Self { listen: ready.listen, admin: ready.admin, events, stop: Some(stop), running }
    }

    /// A proxy before `origin` that changes nothing.
    pub(crate) async fn before(origin: &Origin) -> Self {
        Self::start(Some(origin.address), |_| {}).await
    }

    /// A proxy before `origin` with `rules`, a JSON list.
    pub(crate) async fn with_rules(origin: &Origin, rules: Value) -> Self {
        Self::start(Some(origin.address), |config| config.rules = read_rules(rules)).await
    }

    pub(crate) async fn player(&self) -> Player {
        Player::connect(self.listen).await
    }

    /// One GET on a connection of its own, which the proxy closes after it.
    pub(crate) async fn get(&self, path: &str) -> Got {
        self.ask("GET", path, "").await
    }

    /// One request on a connection of its own; each line of `headers` with its end.
    pub(crate) async fn ask(&self, method: &str, path: &str, headers: &str) -> Got {
        ask(self.listen, method, path, headers).await
    }

    /// The session that a manifest request is sent to: its address up to the origin's path.
    pub(crate) async fn session(&self, query: &str) -> String {
        let got = self.get(&format!("/start.m3u8?{query}")).await;
        assert_eq!(got.status(), 307, "{}", got.text());
        got.header("location").split("/start").next().unwrap().to_owned()
    }

    /// Changes a session by its address, as a merge patch.
    pub(crate) async fn patch(&self, session: &str, change: &str) {
        let mut player = Player::connect(self.admin).await;
        let id = session.rsplit('/').next().unwrap();
        let length = change.len();
        player
            .send(format!(
                "PATCH /api/v1/sessions/{id} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                 Content-Length: {length}\r\nConnection: close\r\n\r\n{change}"
            ))
            .await;
        assert_eq!(player.rest().await.status(), 200);
    }

    /// Everything that happened so far.
    pub(crate) fn events(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.events).unwrap();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The events called `name`, once there are `count`.
    pub(crate) async fn told(&self, name: &str, count: usize) -> Vec<Value> {
        for _ in 0..400 {
            let mut events = self.events();
            events.retain(|event| event["event"] == name);
            if events.len() >= count {
                assert_eq!(events.len(), count, "{events:#?}");
                return events;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("not {count} of {name}: {:#?}", self.events())
    }

    /// The sum of a family's samples.
    pub(crate) async fn counted(&self, family: &str) -> f64 {
        let got = ask(self.admin, "GET", "/metrics", "").await;
        let lines = got.text().lines().filter(|line| line.starts_with(family));
        lines.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
    }

    /// Tells the proxy to stop.
    pub(crate) fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    /// Waits until it has stopped; returns its result and all events.
    pub(crate) async fn stopped(mut self) -> (Report, Vec<Value>) {
        drop(self.stop.take());
        let report = (&mut self.running).await.unwrap();
        (report, self.events())
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.events);
    }
}

pub(crate) fn read_rules(rules: Value) -> Arc<RuleSet> {
    Arc::new(RuleSet::from_json("rules", rules).unwrap())
}

/// One request to `address` on a connection of its own.
pub(crate) async fn ask(address: SocketAddr, method: &str, path: &str, headers: &str) -> Got {
    let mut player = Player::connect(address).await;
    let request = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\n{headers}");
    player.send(format!("{request}Connection: close\r\n\r\n")).await;
    player.rest().await
}

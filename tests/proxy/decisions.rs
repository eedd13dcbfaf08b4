//! A [`Decider`] that is fed by hand decides as the proxy did.

use super::{
    origin::{Origin, ok, pattern},
    rig::{ask, read_rules},
};
use parking_lot::Mutex;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::net::TcpListener;
use vsps::{
    clock::Clock,
    event::{Bus, Emitted, Event, Observer, Outcome, RequestTag},
    listen::Workers,
    profiles::Catalog,
    proxy::{Proxy, ProxyConfig, run},
    rules::{Attempt, Decider, Decision, Facts, Plan, Policy, RequestKey, RuleSet},
    seed::Seed,
    sessions::{Registry, RegistryConfig},
};

/// Rules of which each run uses some: every kind of count, chance, budget and effect order.
fn pool() -> Vec<Value> {
    vec![
        json!({ "name": "third", "when": { "kind": "segment", "nth": 3 }, "then": { "status": 503 } }),
        json!({ "name": "even", "when": { "every": 2 }, "then": { "headers": { "set": { "x-even": "1" } } } }),
        json!({ "name": "twice", "when": { "kind": "segment" }, "then": { "status": 404 }, "budget": { "times": 2 } }),
        json!({ "name": "some", "when": { "probability": 0.4 }, "then": { "date-skew": "5 s" } }),
        json!({ "name": "torn", "when": { "method": "GET", "probability": 0.3 }, "then": { "truncate": "100 B" }, "budget": { "times": 3 } }),
        json!({ "name": "retry", "when": { "attempt": "2.." }, "then": { "cors": "missing" } }),
        json!({ "name": "late", "when": { "probability": 0.5 },
                "then": { "delay": { "distribution": "uniform", "min": "1 ms", "max": "3 ms" } } }),
        json!({ "name": "ranged", "when": { "range": true, "every": 2 }, "then": { "close": "after" } }),
        json!({ "name": "joined", "when": { "after-join": "-2..1" }, "then": { "status": 410 } }),
        json!({ "name": "preflight", "then": { "cors": "preflight" } }),
    ]
}

/// A request of the player: which file, how, and which part of it.
#[derive(Debug, Clone)]
struct Sent {
    file: u64,
    method: &'static str,
    range: Option<&'static str>,
}

fn sent() -> impl Strategy<Value = Sent> {
    let methods = prop::sample::select(vec!["GET", "GET", "GET", "HEAD", "OPTIONS"]);
    let ranges =
        prop::sample::select(vec![None, None, None, Some("bytes=0-199"), Some("bytes=150-")]);
    (90..100_u64, methods, ranges).prop_map(|(file, method, range)| Sent { file, method, range })
}

#[derive(Default)]
struct Recording(Mutex<Vec<Event>>);

impl Observer for Recording {
    fn observe(&self, emitted: Emitted<'_>) {
        self.0.lock().push(emitted.event.clone());
    }
}

impl Recording {
    async fn finished(&self, count: usize) {
        let is_end = |event: &&Event| matches!(event, Event::RequestFinished { .. });
        while self.0.lock().iter().filter(is_end).count() < count {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

/// A live playlist, then the requests, one after the other. Returns what happened.
async fn live(rules: &Arc<RuleSet>, seed: u64, requests: &[Sent]) -> Vec<Event> {
    let origin = Origin::start(|asked| {
        let segments: String = (90..100).map(|n| format!("#EXTINF:4,\n{n}.ts\n")).collect();
        let playlist =
            format!("#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:90\n{segments}");
        let playlist = ok("", playlist.as_bytes());
        vec![super::origin::Step::Send(match asked.path() {
            "/v.m3u8" => playlist,
            _ => ok("", &pattern(400)),
        })]
    })
    .await;
    let recording = Arc::new(Recording::default());
    let config = RegistryConfig {
        seed: Seed::new(seed),
        id_key: None,
        origin: vsps::sessions::Origin::new("http", &origin.address.to_string()).unwrap(),
        profile: Catalog::new().named("unlimited").unwrap(),
        catalog: Arc::new(Catalog::new()),
        link: None,
        rules: Arc::clone(rules),
        idle: Duration::from_secs(60),
        most_sessions: 10,
    };
    let clock = Clock::start();
    let bus = Bus::new(clock, vec![Box::new(Arc::clone(&recording))]);
    let registry = Arc::new(Registry::new(config, clock, Arc::new(bus)));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let proxy =
        Proxy::new(registry, Arc::new(Catalog::new()), ProxyConfig::default(), vec![address]);
    let workers = Workers::of_current_runtime(Arc::new(proxy));
    tokio::spawn(run(workers, listener, clock, std::future::pending()));
    let started = ask(address, "GET", "/v.m3u8", "").await;
    let inside = started.header("location").trim_end_matches("/v.m3u8").to_owned();
    ask(address, "GET", &format!("{inside}/v.m3u8"), "").await;
    recording.finished(1).await;
    for (number, Sent { file, method, range }) in requests.iter().enumerate() {
        let range = range.map(|range| format!("Range: {range}\r\n")).unwrap_or_default();
        ask(address, method, &format!("{inside}/{file}.ts"), &range).await;
        // What a request has not used must be back before the next one.
        recording.finished(number + 2).await;
    }
    std::mem::take(&mut *recording.0.lock())
}

/// The session's decider, and the requests under way by path.
struct ByHand<'a> {
    decider: Decider,
    rules: &'a RuleSet,
    pending: HashMap<Arc<str>, (Attempt, Decision)>,
}

impl ByHand<'_> {
    /// Decides the request of `tag`, whose `Range` header was `range`.
    fn plan(&mut self, tag: &RequestTag, range: Option<&str>) -> Option<Arc<Plan>> {
        let details = &tag.details;
        let file = match tag.method.as_str() {
            "GET" => tag.path.clone(),
            method => format!("{method} {}", tag.path),
        };
        let whole = match range {
            None if tag.method == "GET" => tag.path.clone(),
            range => format!("{} {} {}", tag.method, tag.path, range.unwrap_or_default()),
        };
        let key = RequestKey { file: &file, range, whole: &whole };
        let attempt = self.decider.attempt(key, &tag.resource);
        assert_eq!((attempt.number, attempt.resumes), (tag.attempt, details.resumes), "{whole}");
        let joined = self.decider.joined(&tag.resource);
        assert_eq!(joined, details.joined, "{whole}");
        let facts = Facts {
            process_time: details.process_time,
            unix_time: details.unix_time,
            joined,
            attempt: attempt.number,
            method: &tag.method,
            host: &details.host,
            path: &tag.path,
            ranged: range.is_some(),
            reused: details.reused,
            ..Facts::new(&tag.resource, details.session_time)
        };
        let policy = Policy { script: None, rules: self.rules };
        let decision = self.decider.decide(policy, &facts, attempt.seed, None);
        let plan = decision.plan.clone();
        self.pending.insert(Arc::clone(&details.key), (attempt, decision));
        plan
    }
}

/// Feeds the recorded requests to a decider, and compares each plan.
fn compare(rules: &RuleSet, requests: &[Sent], events: &[Event]) {
    let mut by_hand = None::<ByHand<'_>>;
    let mut ranges = std::iter::once(None).chain(requests.iter().map(|sent| sent.range));
    for event in events {
        match event {
            Event::SessionStarted { session, .. } => {
                let decider = Decider::new(Seed::new(session.seed));
                by_hand = Some(ByHand { decider, rules, pending: HashMap::new() });
            }
            Event::RequestPlanned { request, plan, .. } => {
                let by_hand = by_hand.as_mut().unwrap();
                let range = ranges.next().unwrap();
                assert_eq!(by_hand.plan(request, range), *plan, "{} {range:?}", request.path);
            }
            Event::FaultInjected { request, rule, .. } => {
                let pending = &by_hand.as_ref().unwrap().pending;
                let (_, decision) = &pending[&request.details.key];
                decision.reservations.iter().for_each(|reserved| reserved.keep(rule));
            }
            Event::RequestFinished { request, status, outcome, .. } => {
                let by_hand = by_hand.as_mut().unwrap();
                let (attempt, decision) = by_hand.pending.remove(&request.details.key).unwrap();
                decision.reservations.iter().for_each(|reserved| reserved.give_back());
                let broken = matches!(outcome, Outcome::Cut | Outcome::OriginCut);
                if broken || *status == 0 || *status >= 400 {
                    by_hand.decider.attempt_failed(attempt.counted_by);
                }
            }
            _ => {}
        }
    }
    assert_eq!(ranges.next(), None, "every request was planned");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn plans_are_those_of_the_live_run(
        used in prop::collection::vec(any::<bool>(), 10),
        seed: u64,
        requests in prop::collection::vec(sent(), 1..40),
    ) {
        let chosen = pool().into_iter().zip(used).filter_map(|(rule, used)| used.then_some(rule));
        let rules = chosen.collect::<Vec<_>>();
        // Each side has counters of its own; only the rules are the same.
        let rules = read_rules(Value::Array(rules));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2).enable_all().build().unwrap();
        let events = runtime.block_on(live(&rules, seed, &requests));
        let faults = events.iter().filter(|e| matches!(e, Event::FaultInjected { .. })).count();
        prop_assert!(faults > 0 || rules.len() < 10 || requests.len() < 5);
        compare(&rules, &requests, &events);
    }
}

//! Three replicas with one Redis behind one haproxy: sessions go on when a replica or Redis is lost.

use crate::{
    process::{PATIENCE, Running, json},
    rig::scratch,
    tool::tool,
    viewers::{Task, watch},
};
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Value, json as value};
use std::{
    fs,
    net::TcpListener,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    process::Child,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use vsps::sessions::{RedisStore, Restored, StateError, StateStore as _, Stored, UsedNumbers};

#[path = "../replicas/suite.rs"]
mod suite;

const VIEWERS: usize = 18;
const HAPROXY: &str = "\
global
    log stderr local0 err
defaults
    mode http
    timeout connect 1s
    timeout client 30s
    timeout server 30s
    retries 3
    option redispatch 1
    retry-on conn-failure empty-response response-timeout
frontend players
    bind 127.0.0.1:PORT
    use_backend sessions if { path_beg /-/s/ }
    default_backend new
backend new
    balance roundrobin
    option httpchk GET /readyz?ignore=state
    default-server check inter 200ms fall 1 rise 1
SERVERS
backend sessions
    # The session, or its link, which stands before the dot.
    balance hash path,field(4,/),field(1,.)
    hash-type consistent sdbm avalanche
    option httpchk GET /readyz?ignore=state
    default-server check inter 200ms fall 1 rise 1 observe layer4 error-limit 1 on-error mark-down
SERVERS
";

/// A free port below those that the system chooses itself: a server that is started again finds it free.
fn free_port() -> u16 {
    static USED: AtomicU32 = AtomicU32::new(0);
    let candidates = std::iter::repeat_with(|| {
        let number =
            std::process::id().wrapping_mul(64).wrapping_add(USED.fetch_add(1, Ordering::Relaxed));
        20_000 + u16::try_from(number % 12_000).unwrap()
    });
    let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    candidates.take(12_000).find(free).expect("no port is free")
}

/// Waits until something listens on `port`.
async fn listens(port: u16) {
    let connected = async {
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, connected).await.expect("it does not listen");
}

async fn redis(port: u16) -> Child {
    redis_with(port, "").await
}

/// Redis, with the data of this file in the folder for temporary files; empty = none.
async fn redis_with(port: u16, file: &str) -> Child {
    let mut command = tool("redis-server");
    let port_text = port.to_string();
    command.args(["--port", &port_text, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
    command.args(["--dir", std::env::temp_dir().to_str().unwrap()]);
    command.args(["--dbfilename", if file.is_empty() { "vsps-no-such.rdb" } else { file }]);
    let child = command.stdout(Stdio::null()).kill_on_drop(true).spawn().unwrap();
    listens(port).await;
    // Another server could have the port: one that was not quite stopped, or that of another test.
    let answer = ask_redis(port, "INFO server").await;
    let own = format!("process_id:{}\r", child.id().expect("Redis has ended"));
    assert!(answer.contains(&own), "port {port} is not that of this Redis: {answer}");
    child
}

/// Sends a command to Redis. What it answers, as far as that comes at once.
async fn ask_redis(port: u16, command: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(format!("{command}\r\n").as_bytes()).await.unwrap();
    let mut answer = vec![0; 16 * 1024];
    let length = timeout(PATIENCE, stream.read(&mut answer)).await.expect("no answer").unwrap();
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

struct Replica {
    process: Running,
    listen: String,
    admin: String,
}

impl Replica {
    async fn start(store: &str) -> Self {
        let args = ["--log", "json", "--state", store, "--session-idle", "60s"];
        let mut process = Running::start(&args);
        let ready = json(&process.line().await);
        let address = |name: &str| ready[name].as_str().unwrap().to_owned();
        Self { listen: address("listen"), admin: address("admin"), process }
    }
}

async fn haproxy(replicas: &[&Replica]) -> (Child, u16) {
    let port = free_port();
    let server = |(number, replica): (usize, &&Replica)| {
        let port = replica.admin.rsplit_once(':').unwrap().1;
        format!("    server r{number} {} port {port}\n", replica.listen)
    };
    let servers: String = replicas.iter().enumerate().map(server).collect();
    let text = HAPROXY.replace("PORT", &port.to_string()).replace("SERVERS\n", &servers);
    let file = scratch("haproxy.cfg");
    fs::write(&file, text).unwrap();
    let mut command = tool("haproxy");
    let child = command.arg("-f").arg(&file).stdout(Stdio::null()).stderr(Stdio::null());
    let child = child.kill_on_drop(true).spawn().unwrap();
    listens(port).await;
    (child, port)
}

#[derive(Clone)]
struct Asker(Client<HttpConnector, Full<Bytes>>);

impl Asker {
    fn new() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }

    /// Status, `Location`, and body; `None` = not all of it came.
    async fn try_ask(
        &self,
        method: Method,
        url: &str,
        body: &Value,
    ) -> Option<(StatusCode, String, Bytes)> {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let request = Request::builder().method(method).uri(url);
        let request = request.header(header::CONTENT_TYPE, "application/json");
        let sent = self.0.request(request.body(Full::from(text)).unwrap());
        let response = timeout(PATIENCE, sent).await.expect("no answer").ok()?;
        let (status, location) =
            (response.status(), response.headers().get(header::LOCATION).cloned());
        let body = response.into_body().collect().await.ok()?.to_bytes();
        let location = location.map(|location| location.to_str().unwrap().to_owned());
        Some((status, location.unwrap_or_default(), body))
    }

    async fn get(&self, url: &str) -> (StatusCode, String, Bytes) {
        let answer = self.try_ask(Method::GET, url, &Value::Null).await;
        answer.unwrap_or_else(|| panic!("{url}: no answer"))
    }

    async fn patch(&self, url: &str, body: &Value) -> StatusCode {
        self.try_ask(Method::PATCH, url, body).await.unwrap().0
    }

    /// The version of what is at `url`.
    async fn version(&self, url: &str) -> String {
        let response = timeout(PATIENCE, self.0.get(url.parse().unwrap())).await;
        let response = response.expect("no answer").unwrap();
        response.headers()[header::ETAG].to_str().unwrap().to_owned()
    }

    async fn json(&self, url: &str) -> Value {
        serde_json::from_slice(&self.get(url).await.2).unwrap()
    }

    /// Until `url` answers with `status`.
    async fn until(&self, url: &str, status: StatusCode) {
        let waits = async {
            while self.get(url).await.0 != status {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, waits).await.unwrap_or_else(|_| panic!("{url} is never {status}"));
    }

    /// The first URI of a playlist.
    async fn first(&self, url: &str) -> String {
        let (status, _, body) = self.get(url).await;
        assert_eq!(status, StatusCode::OK, "{url}");
        let text = String::from_utf8(body.to_vec()).unwrap();
        let line = text.lines().find(|line| !line.starts_with('#') && !line.is_empty()).unwrap();
        url::Url::parse(url).unwrap().join(line).unwrap().into()
    }
}

/// What the viewers saw.
#[derive(Default)]
struct Seen {
    served: AtomicUsize,
    failed: AtomicUsize,
    over: AtomicBool,
}

/// Starts a session, and requests its first segment over and over, a little bit apart.
async fn view(players: String, seen: Arc<Seen>) -> String {
    let asker = Asker::new();
    let (status, location, _) = asker
        .get(&format!("{players}/demo/hls/master.m3u8?vsps.profile=unlimited&vsps.label=team/x"))
        .await;
    assert_eq!(status, StatusCode::TEMPORARY_REDIRECT);
    let playlist = asker.first(&format!("{players}{location}")).await;
    let segment = asker.first(&playlist).await;
    while !seen.over.load(Ordering::Relaxed) {
        let answer = asker.try_ask(Method::GET, &segment, &Value::Null).await;
        let whole =
            answer.is_some_and(|(status, _, body)| status == StatusCode::OK && !body.is_empty());
        let count = if whole { &seen.served } else { &seen.failed };
        count.fetch_add(1, Ordering::Relaxed);
        sleep(Duration::from_millis(20)).await;
    }
    location.split('/').nth(3).unwrap().to_owned()
}

/// Until the viewers were served `more` further requests each, on average.
async fn served(seen: &Seen, more: usize) {
    let goal = seen.served.load(Ordering::Relaxed) + more * VIEWERS;
    let waits = async {
        while seen.served.load(Ordering::Relaxed) < goal {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, waits).await.expect("the viewers are not served");
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_does_what_every_store_must() {
    let port = free_port();
    let _redis = redis(port).await;
    suite::holds(&RedisStore::new(&format!("redis://127.0.0.1:{port}/0")).unwrap()).await;
}

/// Joins as replicas do: again until the server answers.
async fn joined(store: &RedisStore) -> String {
    let joins = async {
        loop {
            match store.join("fleet", None, UsedNumbers::default()).await {
                Err(StateError::Unreachable(_) | StateError::Unanswered(_)) => {
                    sleep(Duration::from_millis(20)).await;
                }
                joined => break joined.unwrap().run.to_string(),
            }
        }
    };
    timeout(PATIENCE, joins).await.unwrap()
}

/// A session of an older file has old counters: those that a replica has count, and once they are written, no others.
#[tokio::test(flavor = "multi_thread")]
async fn counters_of_an_older_file_are_replaced() {
    let (port, file) = (free_port(), format!("vsps-counters-{}.rdb", std::process::id()));
    let mut server = redis_with(port, &file).await;
    let store = RedisStore::new(&format!("redis://127.0.0.1:{port}/0")).unwrap();
    let before = joined(&store).await;
    let session = |usage: &str, by: &str| Stored {
        record: "r".into(),
        created: 7,
        usage: usage.into(),
        by: by.into(),
        ..Stored::default()
    };
    let idle = Duration::from_secs(60);
    let restore = async |usage: &str, by: &str| {
        let session = session(usage, by);
        assert_eq!(store.restore(5000, &session, None, idle).await, Ok(Restored::There));
    };
    restore("old", "one").await;
    assert_eq!(ask_redis(port, "SAVE").await, "+OK\r\n");
    server.kill().await.unwrap();
    let _server = redis_with(port, &file).await;
    let run = joined(&store).await;
    assert_ne!(run, before, "another process has the data");
    let stored = async || store.load(&run, 5000).await.unwrap().unwrap();
    assert_eq!(stored().await, session("old", "one"));
    restore("new", "two").await;
    assert_eq!(stored().await, session("new", "two"));
    restore("older", "one").await;
    assert_eq!(stored().await, session("new", "two"));
    fs::remove_file(std::env::temp_dir().join(file)).unwrap();
}

/// A replica is killed, another one is stopped and started again: only what was in flight at the first fails.
#[tokio::test(flavor = "multi_thread")]
async fn sessions_go_on_at_another_replica() {
    let port = free_port();
    let _redis = redis(port).await;
    let store = format!("redis://127.0.0.1:{port}/0");
    let (one, two, three) =
        tokio::join!(Replica::start(&store), Replica::start(&store), Replica::start(&store));
    let (_haproxy, port) = haproxy(&[&one, &two, &three]).await;
    let (asker, seen) = (Asker::new(), Arc::<Seen>::default());
    asker.until(&format!("http://127.0.0.1:{port}/demo/"), StatusCode::OK).await;
    let mut viewers = JoinSet::new();
    let start = Instant::now();
    for _ in 0..VIEWERS {
        viewers.spawn(view(format!("http://127.0.0.1:{port}"), Arc::clone(&seen)));
    }
    served(&seen, 10).await;
    assert_eq!(seen.failed.load(Ordering::Relaxed), 0, "before anything is lost");
    one.process.signal("KILL").await;
    served(&seen, 20).await;
    let lost = seen.failed.load(Ordering::Relaxed);
    assert!(lost <= VIEWERS, "{lost} failed, more than were in flight");
    two.process.signal("TERM").await;
    served(&seen, 20).await;
    assert_eq!(two.process.end().await.code, Some(0), "it drains");
    assert_eq!(seen.failed.load(Ordering::Relaxed), lost, "a stop costs no request");
    let lasted = start.elapsed();
    seen.over.store(true, Ordering::Relaxed);
    let mut ids = Vec::new();
    while let Some(id) = viewers.join_next().await {
        ids.push(id.unwrap());
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), VIEWERS);
    // All are at the last replica, and their time went on.
    for id in &ids {
        let view = asker.json(&format!("http://{}/api/v1/sessions/{id}", three.admin)).await;
        let time = view["time_seconds"].as_f64().unwrap();
        assert!(time <= start.elapsed().as_secs_f64() + 1.0, "{time}");
        assert!(time >= lasted.as_secs_f64() * 0.5, "{time} of {lasted:?}");
    }
    let list = asker.json(&format!("http://{}/api/v1/sessions?label=team/x", three.admin)).await;
    assert_eq!(list.as_array().unwrap().len(), VIEWERS);
    println!("{} served, {lost} failed", seen.served.load(Ordering::Relaxed));
}

/// The segments that a replica has served.
async fn segments(asker: &Asker, replica: &Replica) -> f64 {
    let body = asker.get(&format!("http://{}/metrics", replica.admin)).await.2;
    let text = String::from_utf8(body.to_vec()).unwrap();
    let count = |line: &str| {
        let counted =
            line.starts_with("vsps_requests_total{") && line.contains(r#"kind="segment""#);
        counted.then(|| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
    };
    text.lines().filter_map(count).sum()
}

/// The replica that serves a player is killed. The player gets the next segments from another one, in the same
/// session.
#[tokio::test(flavor = "multi_thread")]
async fn hls_js_plays_on_when_its_replica_is_killed() {
    let port = free_port();
    let _redis = redis(port).await;
    let store = format!("redis://127.0.0.1:{port}/0");
    // One after the other: three at once, beside the players of other tests, are slow to reach Redis.
    let mut replicas = Vec::new();
    for _ in 0..3 {
        replicas.push(Replica::start(&store).await);
    }
    let (_haproxy, port) = haproxy(&replicas.iter().collect::<Vec<_>>()).await;
    let asker = Asker::new();
    asker.until(&format!("http://127.0.0.1:{port}/demo/"), StatusCode::OK).await;
    let url = format!("http://127.0.0.1:{port}/demo/hls/master.m3u8?vsps.profile=unlimited");
    let task = Task { player: "hls.js", url, seconds: 60, enough: Some(30.0), ..Task::default() };
    let mut watching = tokio::spawn(async move { watch(&[task]).await.remove(0) });
    let serving = async {
        loop {
            for (at, replica) in replicas.iter().enumerate() {
                if segments(&asker, replica).await >= 3.0 {
                    return at;
                }
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    // The browser may wait for its turn.
    let at = tokio::select! {
        at = serving => at,
        seen = &mut watching => panic!("no replica serves the player: {seen:?}"),
    };
    let killed = replicas.remove(at);
    killed.process.signal("KILL").await;
    let seen = watching.await.unwrap();
    assert!(seen.fatal.is_empty(), "{seen:?}");
    assert!(seen.played_seconds >= 29.0, "{seen:?}");
    assert_eq!(seen.asked.newcomers, 1, "it stays in its session: {seen:?}");
    let mut served = 0.0;
    for replica in &replicas {
        served += segments(&asker, replica).await;
    }
    assert!(served >= 2.0, "the other replicas served {served} segments: {seen:?}");
    println!(
        "{served} segments came from another replica; rebuffered {:.1} s",
        seen.rebuffer_seconds
    );
}

/// A command at one replica is felt at the other; without Redis sessions go on and commands are refused.
#[tokio::test(flavor = "multi_thread")]
async fn commands_reach_all_replicas_and_need_redis() {
    let port = free_port();
    let mut server = redis(port).await;
    let store = format!("redis://127.0.0.1:{port}/0");
    let (one, two) = tokio::join!(Replica::start(&store), Replica::start(&store));
    let asker = Asker::new();
    let players = format!("http://{}", one.listen);
    let (_, location, _) = asker.get(&format!("{players}/demo/hls/master.m3u8")).await;
    let segment = asker.first(&asker.first(&format!("{players}{location}")).await).await;
    let id = location.split('/').nth(3).unwrap();
    let at = |replica: &Replica| format!("http://{}/api/v1/sessions/{id}", replica.admin);
    assert_eq!(asker.json(&at(&two)).await["rate"], Value::Null);
    let mut slowest = Duration::ZERO;
    for rate in 1..=10 {
        let rate = format!("{rate} Mbit/s");
        assert_eq!(asker.patch(&at(&two), &value!({ "rate": rate })).await, StatusCode::OK);
        let since = Instant::now();
        let felt = async {
            while asker.json(&at(&one)).await["rate"] != rate.as_str() {
                sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(PATIENCE, felt).await.expect("the other replica does not feel it");
        slowest = slowest.max(since.elapsed());
    }
    println!("the slowest of ten commands was felt after {slowest:?}");
    // A replica with other options is refused.
    let mut other =
        crate::process::vsps(&["run", "--listen", "0", "--admin", "0", "--state", &store]);
    other.args(["--profile", "3g"]);
    let refused = crate::process::ended(other, PATIENCE).await;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("--profile is 3g"), "{}", refused.stderr);
    server.kill().await.unwrap();
    let ready = format!("http://{}/readyz", one.admin);
    asker.until(&ready, StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(asker.get(&format!("{ready}?ignore=state")).await.0, StatusCode::OK);
    assert_eq!(asker.get(&segment).await.0, StatusCode::OK, "a running session goes on");
    assert_eq!(
        asker.patch(&at(&one), &value!({ "paused": true })).await,
        StatusCode::SERVICE_UNAVAILABLE
    );
    let (status, _, body) = asker.get(&format!("{players}/demo/hls/master.m3u8")).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{body:?}");
    let list = asker.json(&format!("http://{}/api/v1/sessions", one.admin)).await;
    assert_eq!(list[0]["id"], id, "those that are here are listed");
    // It comes back without its data, and gets them again.
    let _redis = redis(port).await;
    asker.until(&ready, StatusCode::OK).await;
    let restored = async {
        while asker.patch(&at(&one), &value!({ "rate": "77 Mbit/s" })).await != StatusCode::OK {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, restored).await.expect("the session is not restored");
    let (_, forged, _) =
        asker.get(&format!("{players}{}", location.replacen("/-/s/", "/-/s/z", 1))).await;
    assert_eq!(forged, "");
}

/// The value of a metric without labels.
async fn metric(asker: &Asker, replica: &Replica, name: &str) -> u64 {
    let body = asker.get(&format!("http://{}/metrics", replica.admin)).await.2;
    let text = String::from_utf8(body.to_vec()).unwrap();
    let line = text.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap();
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

/// Sets a rate at the first replica. How long after its answer it is in force at the second.
async fn felt(asker: &Asker, here: &str, there: &str, rate: u32) -> Duration {
    let rate = format!("{rate} Mbit/s");
    let mut refusal = None;
    let set = async {
        loop {
            let answer = asker.try_ask(Method::PATCH, here, &value!({ "rate": rate })).await;
            match answer {
                Some((StatusCode::OK, ..)) => return,
                refused => refusal = Some(refused),
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    let set = timeout(PATIENCE, set).await;
    assert!(set.is_ok(), "{rate} is refused at {here}: {refusal:?}");
    let since = Instant::now();
    let felt = async {
        while asker.json(there).await["rate"] != rate.as_str() {
            sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(PATIENCE, felt).await.expect("the other replica does not feel it");
    since.elapsed()
}

/// Redis is emptied, killed, and started again with an older file while two replicas share a session: commands are felt as
/// soon as before, three times stay three times, and both replicas tell of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_loses_its_data() {
    let (port, file) = (free_port(), format!("vsps-{}.rdb", std::process::id()));
    let mut server = redis_with(port, &file).await;
    let store = format!("redis://127.0.0.1:{port}/0");
    let (one, two) = (Replica::start(&store).await, Replica::start(&store).await);
    let asker = Asker::new();
    let rules = value!({ "rules": [{ "name": "three", "when": { "kind": "segment" }, "budget": { "times": 3 },
        "then": { "status": 404 } }] });
    let sessions = format!("http://{}/api/v1/sessions", one.admin);
    let (status, _, body) = asker.try_ask(Method::POST, &sessions, &rules).await.unwrap();
    assert_eq!(status, StatusCode::CREATED, "{body:?}");
    let session: Value = serde_json::from_slice(&body).unwrap();
    let id = session["id"].as_str().unwrap().to_owned();
    let at = |replica: &Replica| format!("http://{}/api/v1/sessions/{id}", replica.admin);
    let players =
        |replica: &Replica| format!("http://{}/-/s/{id}/demo/hls/master.m3u8", replica.listen);
    let segment = asker.first(&asker.first(&players(&one)).await).await;
    let there = segment.replace(&one.listen, &two.listen);
    // Once before the file is written; twice after it, at the other replica.
    assert_eq!(asker.get(&segment).await.0, StatusCode::NOT_FOUND);
    felt(&asker, &at(&one), &at(&two), 50).await;
    sleep(Duration::from_millis(500)).await;
    assert_eq!(ask_redis(port, "SAVE").await, "+OK\r\n");
    for _ in 0..2 {
        assert_eq!(asker.get(&there).await.0, StatusCode::NOT_FOUND);
    }
    felt(&asker, &at(&two), &at(&one), 51).await;
    sleep(Duration::from_millis(500)).await;
    let mut late = Vec::new();
    for round in 0..6 {
        let rate = 60 + 2 * round;
        match round {
            0..3 => assert_eq!(ask_redis(port, "FLUSHALL").await, "+OK\r\n"),
            _ => {
                server.kill().await.unwrap();
                // The first time with the older file, then without one.
                server = redis_with(port, if round == 3 { &file } else { "" }).await;
            }
        }
        let (here, other) = if round % 2 == 0 { (&one, &two) } else { (&two, &one) };
        late.push(felt(&asker, &at(here), &at(other), rate).await);
        late.push(felt(&asker, &at(other), &at(here), rate + 1).await);
        sleep(Duration::from_millis(1500)).await;
        let expected = format!("\"{}\"", 3 + 2 * (round + 1));
        for replica in [&one, &two] {
            assert_eq!(asker.version(&at(replica)).await, expected, "no command is lost");
        }
    }
    println!("after a loss, commands were felt after {late:?}");
    let soon = late.iter().filter(|late| **late <= Duration::from_millis(200)).count();
    assert!(soon * 4 >= late.len() * 3, "{late:?}");
    for segment in [&segment, &there] {
        assert_eq!(asker.get(segment).await.0, StatusCode::OK, "three times are used");
    }
    for replica in [&one, &two] {
        assert!(metric(&asker, replica, "vsps_state_losses_total").await >= 6);
        assert!(metric(&asker, replica, "vsps_state_restored_sessions_total").await >= 6);
        asker.until(&format!("http://{}/readyz", replica.admin), StatusCode::OK).await;
    }
    fs::remove_file(std::env::temp_dir().join(file)).unwrap();
}

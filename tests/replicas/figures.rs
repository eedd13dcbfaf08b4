//! Figures of three replicas with a real Redis, over the API: sessions started in a second, and the time until a live
//! command is in force at every replica. `docs/scale.md` has the command.

use super::S;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;
use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::TcpStream,
    sync::oneshot,
    task::JoinSet,
    time::{Instant, sleep},
};
use vsps::{
    app::App, args::RunArgs, config::Config, profiles::Catalog, sessions::Registry, units::BitRate,
};

const SESSIONS: &str = "/api/v1/sessions";
/// Connections to each replica.
const CONNECTIONS: usize = 16;
const SPAN: Duration = Duration::from_secs(5);
const COMMANDS: u64 = 200;

type Http = Client<HttpConnector, Full<bytes::Bytes>>;

struct Redis(Child);

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn redis() -> (Redis, String) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = Command::new("redis-server");
    command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"]);
    command.arg(port.to_string()).current_dir(std::env::temp_dir()).stdout(Stdio::null());
    let child = command.spawn().unwrap_or_else(|problem| panic!("redis-server: {problem}"));
    while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        sleep(Duration::from_millis(10)).await;
    }
    (Redis(child), format!("redis://127.0.0.1:{port}"))
}

/// A proxy with the API at this address. It ends when the sender is dropped.
async fn proxy(store: &str) -> (String, Arc<Registry>, oneshot::Sender<()>) {
    let free = || Some("127.0.0.1:0".parse().unwrap());
    let args = RunArgs {
        listen: free(),
        admin: free(),
        state: Some(store.to_owned()),
        ..RunArgs::default()
    };
    let catalog = Arc::new(Catalog::new());
    let app = App::bind(Config::new(args, &catalog).unwrap(), catalog).await.unwrap();
    let (admin, registry) = (format!("http://{}", app.ready().admin), Arc::clone(app.registry()));
    let (stop, stopped) = oneshot::channel::<()>();
    tokio::spawn(app.run(async move {
        let _ = stopped.await;
    }));
    (admin, registry, stop)
}

async fn send(http: &Http, method: Method, url: String, body: &'static str) -> (StatusCode, Value) {
    let request = Request::builder().method(method).uri(url);
    let request = request.header("content-type", "application/json");
    let response = http.request(request.body(Full::from(body)).unwrap()).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs redis-server and a quiet machine"]
async fn figures_of_three_replicas() {
    let (_redis, store) = redis().await;
    let proxies = [proxy(&store).await, proxy(&store).await, proxy(&store).await];
    let http = || Client::builder(TokioExecutor::new()).build_http::<Full<bytes::Bytes>>();
    let (start, mut clients) = (Instant::now(), JoinSet::new());
    for (admin, ..) in &proxies {
        for _ in 0..CONNECTIONS {
            let (http, admin) = (http(), admin.clone());
            clients.spawn(async move {
                let mut started = 0_u64;
                while start.elapsed() < SPAN {
                    let url = format!("{admin}{SESSIONS}");
                    let (status, body) =
                        send(&http, Method::POST, url, r#"{ "profile": "3g" }"#).await;
                    assert_eq!(status, StatusCode::CREATED, "{body}");
                    started += 1;
                }
                started
            });
        }
    }
    let started: u64 = clients.join_all().await.into_iter().sum();
    let rate = started as f64 / start.elapsed().as_secs_f64();
    println!("{started} sessions started by three replicas: {rate:.0} a second");

    let http = http();
    let url = format!("{}{SESSIONS}", proxies[0].0);
    let (_, session) = send(&http, Method::POST, url, "{}").await;
    let id = session["id"].as_str().unwrap();
    let mut copies = Vec::new();
    for (_, registry, _) in &proxies {
        let copy = registry.locate(id).await.unwrap();
        copy.begin();
        copies.push(copy);
    }
    sleep(S(1)).await;
    let mut times = Vec::new();
    for number in 0..COMMANDS {
        let slow = number % 2 == 0;
        let body = if slow { r#"{ "rate": "1 Mbit/s" }"# } else { r#"{ "rate": "2 Mbit/s" }"# };
        let wanted = Some(BitRate::from_kilobits_per_second(if slow { 1000 } else { 2000 }));
        let url = format!("{}{SESSIONS}/{id}", proxies[number as usize % 3].0);
        let start = Instant::now();
        let patched = tokio::spawn({
            let http = http.clone();
            async move { send(&http, Method::PATCH, url, body).await.0 }
        });
        while copies.iter().any(|copy| copy.rate() != wanted) {
            assert!(start.elapsed() < S(10), "command {number} is not in force");
            sleep(Duration::from_millis(1)).await;
        }
        times.push(start.elapsed());
        assert_eq!(patched.await.unwrap(), StatusCode::OK);
    }
    times.sort_unstable();
    let [half, most, all] = [times.len() / 2, times.len() * 99 / 100, times.len() - 1];
    println!(
        "{COMMANDS} commands in force at all three replicas after: median {:.1?}, 99 % {:.1?}, longest {:.1?}",
        times[half], times[most], times[all]
    );
}

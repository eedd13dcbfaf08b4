//! A whole proxy on free ports, and a client that prints what it received.

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;
use std::{fmt::Write as _, sync::Arc};
use tokio::{sync::oneshot, task::JoinHandle};
use vsps::{
    app::{App, Ready},
    args::RunArgs,
    config::Config,
    profiles::Catalog,
};

/// The headers of a response that are compared.
const TOLD: [&str; 6] =
    ["content-type", "location", "allow", "www-authenticate", "accept-patch", "accept-post"];

pub(crate) struct Rig {
    pub(crate) ready: Ready,
    client: Client<HttpConnector, Full<Bytes>>,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<()>,
}

impl Rig {
    /// A proxy with seed 7 on free ports, and what `options` add.
    pub(crate) async fn start(options: RunArgs) -> Self {
        let free = || Some("127.0.0.1:0".parse().unwrap());
        let args = RunArgs { listen: free(), admin: free(), seed: Some(7), ..options };
        let catalog = Arc::new(Catalog::new());
        let config = Config::new(args, &catalog).unwrap();
        let app = App::bind(config, catalog).await.unwrap();
        let ready = app.ready().clone();
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(async move {
            let stopped = async move {
                // Dropping it also stops it.
                let _ = stopped.await;
            };
            app.run(stopped).await.unwrap();
        });
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { ready, client, stop: Some(stop), running }
    }

    /// A proxy before an origin that is never requested, whose name is in the responses.
    pub(crate) async fn plain() -> Self {
        Self::start(RunArgs { origin: Some("http://origin.example".into()), ..RunArgs::default() })
            .await
    }

    /// Tells the proxy to stop.
    pub(crate) fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    /// Waits until it has stopped.
    pub(crate) async fn stopped(self) {
        self.running.await.unwrap();
    }

    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Response<Incoming> {
        self.client.request(request).await.unwrap()
    }

    /// Sends a request with JSON, or without a body when there is none.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: &str) -> Answer {
        let json = (!body.is_empty()).then_some(("content-type", "application/json"));
        self.ask_with(method, path, body, json.as_slice()).await
    }

    pub(crate) async fn ask_with(
        &self,
        method: Method,
        path: &str,
        body: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request =
            Request::builder().method(method).uri(format!("http://{}{path}", self.ready.admin));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::from(body.to_owned())).unwrap();
        let (head, body) = self.send(request).await.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: head.status, headers: head.headers, body }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, "").await
    }

    /// Arms a session and returns its path under the API.
    pub(crate) async fn arm(&self, body: &str) -> (String, Value) {
        let answer = self.ask(Method::POST, "/api/v1/sessions", body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
        (answer.headers["location"].to_str().unwrap().to_owned(), answer.json())
    }

    /// Changes the session at `path`, which must succeed.
    pub(crate) async fn patch(&self, path: &str, body: &str) -> Value {
        let answer = self.ask(Method::PATCH, path, body).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        answer.json()
    }

    /// A response without the parts that differ between runs.
    pub(crate) fn show(&self, answer: &Answer) -> String {
        let mut text = answer.to_string();
        for (address, name) in [(self.ready.listen, "LISTEN"), (self.ready.admin, "ADMIN")] {
            text = text.replace(&address.to_string(), name);
        }
        text
    }
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// Status, headers and body; JSON in many lines, and without measured times.
impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = format!("{}\n", self.status);
        for name in TOLD {
            if let Some(value) = self.headers.get(name) {
                writeln!(text, "{name}: {}", value.to_str().unwrap())?;
            }
        }
        match serde_json::from_slice::<Value>(&self.body) {
            Ok(mut json) => {
                timeless(&mut json);
                write!(f, "{text}\n{json:#}\n")
            }
            Err(_) => write!(f, "{text}\n{}", self.text()),
        }
    }
}

fn timeless(json: &mut Value) {
    match json {
        Value::Array(items) => items.iter_mut().for_each(timeless),
        Value::Object(members) => {
            for (key, value) in members {
                if key.ends_with("_seconds") && !value.is_null() {
                    assert!(value.is_number(), "{key}: {value}");
                    *value = "measured".into();
                }
                timeless(value);
            }
        }
        _ => {}
    }
}

//! The whole data plane, with both sides scripted: what a player sends, and what the origin sends (see `script.rs`).
//!
//! The laws, besides that nothing panics and that memory and processor time are bounded:
//!
//! - What the origin receives is HTTP that cannot be understood in two ways, whatever the player sends.
//! - To plain requests the player receives valid HTTP, whatever the origin sends.
//! - A plain response to a plain request arrives unchanged.
//! - Every connection of the player ends once the origin has closed all of its own.

use super::{
    bounds,
    script::{Received, Script, literal, play},
    wire,
};
use std::{
    cell::RefCell,
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::{Builder, Runtime},
    sync::oneshot,
    time::timeout,
};
use vsps::{
    app::App, args::RunArgs, config::Config, media::sniff, profiles::Catalog, proxy::Resolver,
};

/// After this the origin closes each of its connections.
const ORIGIN: Duration = Duration::from_secs(100);
/// Far longer than all time-outs of the proxy together.
const PLAYER: Duration = Duration::from_secs(600);

/// What an origin sends for which the input has no bytes.
const DEFAULT: &[u8] =
    b"\x1fHTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Type: video/mp4\r\n\r\nbody\
    \x1fHTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Type: video/mp4\r\n\r\nbody\x1c";

/// Requests that contain one of these may ask for a fault, for something of the proxy itself, or for a tunnel.
const SPECIAL: [&str; 12] = [
    "vsps",
    "/-/",
    "api",
    "livesim",
    "cmcd",
    "connect",
    "upgrade",
    "pri * ",
    "proxy",
    "max-forwards",
    "://",
    "expect",
];

thread_local! {
    static RUNTIME: RefCell<(Runtime, Arc<Catalog>)> = RefCell::new((
        Builder::new_current_thread().enable_all().start_paused(true).build().unwrap(),
        Arc::new(Catalog::new()),
    ));
}

/// What happened: to the player, and at the connections of the origin in their order.
struct Outcome {
    answered: Vec<u8>,
    ended: bool,
    asked: Vec<Vec<u8>>,
}

/// Runs `input`, and checks the laws.
pub fn exercise(input: &[u8]) {
    let script = Script::new(input);
    bounds::bounded(input.len(), || {
        let outcome = RUNTIME.with_borrow(|(runtime, catalog)| {
            runtime.block_on(async { exchange(&script, catalog).await })
        });
        check(&script, &outcome);
    });
}

fn config(origin: SocketAddr, catalog: &Catalog) -> Option<Config> {
    let free = || "127.0.0.1:0".parse().ok();
    let args = RunArgs {
        listen: free(),
        admin: free(),
        seed: Some(7),
        origin: Some(format!("http://{origin}")),
        forward: Some(true),
        allow_origin: vec![origin.to_string().parse().ok()?],
        trust_proxy: vec!["127.0.0.2".parse().ok()?],
        ..RunArgs::default()
    };
    let mut config = Config::new(args, catalog).ok()?;
    config.proxy.resolver = Resolver::Table(Arc::new(HashMap::new()));
    let timeouts = &mut config.proxy.timeouts;
    timeouts.drain = Duration::from_secs(1);
    Some(config)
}

/// Runs a proxy between the two sides of `script`.
async fn exchange(script: &Script<'_>, catalog: &Arc<Catalog>) -> Outcome {
    let origin = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let config =
        config(origin.local_addr().expect("an address"), catalog).expect("a configuration");
    let app = App::bind(config, Arc::clone(catalog)).await.expect("a proxy");
    let listen = app.ready().listen;
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(app.run(async {
        let _ = stopped.await;
    }));
    let asked = Arc::<Mutex<Vec<Received>>>::default();
    let sides: Vec<Vec<u8>> = script.origin.iter().map(|side| side.to_vec()).collect();
    let serving = tokio::spawn(serve(origin, sides, Arc::clone(&asked)));
    let answered = Received::default();
    let ended = match TcpStream::connect(listen).await {
        Ok(player) => play(player, script.player, &answered, PLAYER).await,
        Err(_) => true,
    };
    serving.abort();
    drop(stop);
    let finished = timeout(Duration::from_secs(60), running).await;
    assert!(
        finished.is_ok_and(|ended| ended.is_ok_and(|run| run.is_ok())),
        "the proxy does not end"
    );
    let asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
    let asked = asked.iter().map(Received::bytes).collect();
    Outcome { answered: answered.bytes(), ended, asked }
}

async fn serve(listener: TcpListener, sides: Vec<Vec<u8>>, asked: Arc<Mutex<Vec<Received>>>) {
    let mut connections = tokio::task::JoinSet::new();
    let mut sides = sides.into_iter();
    while let Ok((stream, _)) = listener.accept().await {
        let received = Received::default();
        asked.lock().unwrap_or_else(PoisonError::into_inner).push(received.clone());
        let side = sides.next().unwrap_or_else(|| DEFAULT.to_vec());
        connections.spawn(async move { play(stream, &side, &received, ORIGIN).await });
    }
}

fn check(script: &Script<'_>, outcome: &Outcome) {
    let player = literal(script.player);
    let text = String::from_utf8_lossy(&player).to_ascii_lowercase();
    if !text.contains("connect") && !text.contains("upgrade") {
        for asked in &outcome.asked {
            if let Err(problem) = wire::requests(asked) {
                panic!("to the origin: {problem}\n{:?}", String::from_utf8_lossy(asked));
            }
        }
    }
    if SPECIAL.iter().any(|word| text.contains(word)) {
        return;
    }
    assert!(outcome.ended, "the player's connection does not end");
    let Ok(requests) = wire::requests(&player) else { return };
    let whole: Vec<_> = requests.iter().filter(|request| request.whole).collect();
    if whole.len() != requests.len() || whole.is_empty() {
        return;
    }
    let methods: Vec<_> = whole
        .iter()
        .map(|request| request.first.split(' ').next().unwrap_or_default().to_owned())
        .collect();
    let answers = match wire::responses(&outcome.answered, &methods) {
        Ok(answers) => answers,
        Err(problem) => {
            panic!("to the player: {problem}\n{:?}", String::from_utf8_lossy(&outcome.answered))
        }
    };
    let Some(sent) = script.origin.first() else { return };
    if let (Some(request), Some(answer)) = (whole.first(), answers.first())
        && let Some(sent) = plain(request, sent)
    {
        assert_eq!(answer.status(), sent.status(), "{answer:?}");
        assert_eq!(answer.body, sent.body, "the body has changed");
        assert!(answer.whole, "the body has no end");
    }
}

/// The response that the origin sends to a plain request, if it is whole and plain too.
fn plain(request: &wire::Message, sent: &[u8]) -> Option<wire::Message> {
    let path = request.first.strip_prefix("GET /")?.strip_suffix(" HTTP/1.1")?;
    let simple = |byte: u8| byte.is_ascii_alphanumeric() || b"/_".contains(&byte);
    let known = |(name, value): &(String, String)| {
        let name = ["host", "accept", "user-agent"].contains(&&**name);
        name && value.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    if !path.bytes().all(simple)
        || path.starts_with('/')
        || !request.fields.iter().all(known)
        || !request.body.is_empty()
    {
        return None;
    }
    let sent = wire::responses(&literal(sent), &["GET".to_owned()]).ok()?.pop()?;
    let known = |(name, _): &(String, String)| {
        ["content-length", "content-type", "etag", "server"].contains(&&**name)
    };
    let status = sent.first == "HTTP/1.1 200 OK" || sent.first == "HTTP/1.1 404 Not Found";
    let length = sent.field("content-length").is_some();
    let manifest = sniff(sent.field("content-type"), path, &sent.body).is_some();
    (sent.whole && status && length && !manifest && sent.fields.iter().all(known)).then_some(sent)
}

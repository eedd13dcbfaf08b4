//! `vsps tcp`: relays raw TCP, with toxiproxy's API.

use super::{Failure, output::Stdout};
use crate::{
    args::{LogFormat, TcpArgs},
    config::draw_seed,
    descriptors::RelayBudget,
    logging,
    profiles::Catalog,
    seed::Seed,
    system::{self, StopSignals},
    tcp::{ApiError, Server, Settings},
};
use anyhow::Context as _;
use std::{
    fmt::Write as _,
    fs, io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::sync::oneshot;

/// How long aborted tasks have to end.
const END: Duration = Duration::from_secs(2);
/// How long open connections have to end.
const DRAIN: Duration = Duration::from_secs(5);
/// toxiproxy's usual port.
const PORT: u16 = 8474;
/// What a file of proxies looks like.
const EXAMPLE: &str = "write a JSON list, as in \
    [{\"name\": \"rtmp\", \"listen\": \"127.0.0.1:1936\", \"upstream\": \"127.0.0.1:1935\"}]";
/// What to do when another program listens on an address.
const IN_USE: &str = "choose another port, or stop the program that uses it";

pub(super) fn run(args: &TcpArgs) -> Result<(), Failure> {
    let listen = match &args.listen {
        None => SocketAddr::from((Ipv4Addr::LOCALHOST, PORT)),
        Some(address) => address
            .resolve()
            .map_err(|cause| Failure::usage(format_args!("--listen {address}: {cause}")))?,
    };
    let proxies = match &args.config {
        None => None,
        Some(path) => {
            let text = fs::read(path);
            let place = format!("--config {}", path.display());
            Some((text.map_err(|cause| Failure::usage(format_args!("{place}: {cause}")))?, place))
        }
    };
    system::raise_open_files();
    let RelayBudget { files, clients, lookups } = RelayBudget::of(system::open_files());
    let settings = Settings {
        listen,
        seed: Seed::new(args.seed.unwrap_or_else(draw_seed)),
        catalog: Arc::new(Catalog::new()),
        files,
        clients,
        lookups,
        drain: args.drain_timeout.unwrap_or(DRAIN),
    };
    let format = args.log.unwrap_or_default();
    let log = logging::start(format, None, None).context("standard error")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.context("the runtime could not start")?;
    let served = runtime.block_on(serve(settings, proxies, format, args.seed.is_none()));
    runtime.shutdown_timeout(END);
    log.flush();
    served
}

async fn serve(
    settings: Settings,
    proxies: Option<(Vec<u8>, String)>,
    format: LogFormat,
    drawn: bool,
) -> Result<(), Failure> {
    let mut signals = StopSignals::new().context("signals")?;
    let stdout = Stdout::start()?;
    let seed = settings.seed;
    let server = bind(settings)?;
    if let Some((list, place)) = proxies {
        let made = server.populate(&list).await;
        made.map_err(|error| {
            let advice = advice(&error);
            Failure::usage(format_args!("{place}: {error}{advice}"))
        })?;
    }
    stdout.print(&match format {
        LogFormat::Text => welcome(&server, seed, drawn).await,
        LogFormat::Json => ready_line(&server, seed).await,
    });
    let (stop, stopped) = oneshot::channel();
    let running = server.run(async {
        // The sender is never dropped before the run is over.
        let _ = stopped.await;
    });
    let second_signal = async {
        signals.next().await;
        tracing::info!("stopping: waiting for open connections (stop again to close them)");
        // An error means that the run is over already.
        let _ = stop.send(());
        signals.next().await;
    };
    tokio::select! {
        () = running => stdout.finish(),
        () = second_signal => Err(Failure::running("stopped at once: connections were closed")),
    }
}

fn bind(settings: Settings) -> Result<Server, Failure> {
    Server::bind(settings).map_err(|error| {
        let cause = error.downcast_ref::<io::Error>().map(io::Error::kind);
        let in_use = cause == Some(io::ErrorKind::AddrInUse);
        Failure::from(if in_use { anyhow::anyhow!("{error:#}; {IN_USE}") } else { error })
    })
}

/// What to do about an error in a list of proxies.
fn advice(error: &ApiError) -> String {
    if error.status == 400 {
        format!("; {EXAMPLE}")
    } else if error.message.ends_with("address already in use") {
        format!("; {IN_USE}")
    } else {
        String::new()
    }
}

async fn ready_line(server: &Server, seed: Seed) -> String {
    let proxies: serde_json::Map<_, _> =
        server.proxies().await.into_iter().map(|(name, at, _)| (name, at.into())).collect();
    let line = serde_json::json!({
        "event": "ready",
        "listen": server.address().to_string(),
        "seed": seed.value(),
        "proxies": proxies,
    });
    format!("{line}\n")
}

async fn welcome(server: &Server, seed: Seed, drawn: bool) -> String {
    let mut text = format!("vsps {}\n\n", env!("CARGO_PKG_VERSION"));
    // Writing to a String can't fail.
    let _ = writeln!(text, "  API       http://{}/proxies  metrics: /metrics", server.address());
    for (name, listen, upstream) in server.proxies().await {
        let _ = writeln!(text, "  proxy     {name}: {listen} to {upstream}");
    }
    let again = if drawn { format!("  (repeat with --seed {seed})") } else { String::new() };
    let _ = writeln!(text, "  seed      {seed}{again}\n\nCtrl-C stops.");
    text
}

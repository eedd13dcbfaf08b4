//! `vsps run`: runs the proxy, from start to summary.

use super::{
    Failure, lan,
    output::{Stdout, tell},
    record::RecordWriter,
    wrapped::WrappedCommand,
};
use crate::{
    app::{App, Ready},
    args::{LogFormat, RunArgs},
    config::Config,
    logging::{self, Log},
    output::LossCounter,
    profiles::{Catalog, Profile},
    system::{self, StopSignals},
};
use anyhow::Context as _;
use std::{
    cell::Cell,
    fmt::Write as _,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::sync::oneshot;

/// How long aborted tasks have to end.
const END: Duration = Duration::from_secs(2);

pub(super) fn run(args: RunArgs) -> Result<(), Failure> {
    let catalog = Catalog::new();
    let config = Config::new(args, &catalog)?;
    let catalog = Arc::new(catalog.with_own(&config.profile));
    system::raise_open_files();
    let file = config.log_file.clone();
    let log =
        logging::start(config.log, file.as_deref(), config.log_file_size).with_context(|| {
            match &file {
                Some(path) => format!("--log-file {}", path.display()),
                None => "standard error".to_owned(),
            }
        })?;
    let ran = run_with(config, catalog, &log);
    log.flush();
    ran
}

fn run_with(config: Config, catalog: Arc<Catalog>, log: &Log) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.context("the runtime could not start")?;
    let served = runtime.block_on(serve(config, catalog, log.dropped()));
    // A task that blocks in a system call must not delay the end for long.
    runtime.shutdown_timeout(END);
    served
}

async fn serve(config: Config, catalog: Arc<Catalog>, dropped: LossCounter) -> Result<(), Failure> {
    let mut signals = StopSignals::new().context("signals")?;
    let stdout = Stdout::start()?;
    let log = config.log;
    let (profile, drawn) = (Arc::clone(&config.profile), config.id_key.is_some());
    let command = config.command.clone();
    let record = config.record.as_deref().map(RecordWriter::start).transpose()?;
    let observers = record.iter().map(RecordWriter::observer).collect();
    let mut app = App::bind_with(config, catalog, observers).await?;
    // Replicas that share sessions have one seed.
    let seed = app.registry().config().seed;
    // For HTTP/3; each worker has its own.
    app.use_precise_timer().context("the timer could not start")?;
    app.use_workers().context("a worker could not start")?;
    app.show_lost_log_lines(dropped);
    let print = |text: &str| match log {
        // Standard output is the command's, if there is one.
        LogFormat::Text if !command.is_empty() => tell(text),
        _ => stdout.print(text),
    };
    print(&match log {
        LogFormat::Text => welcome(app.ready(), &profile, seed.value(), drawn),
        LogFormat::Json => ready_line(app.ready(), &profile, seed.value()),
    });
    let mut wrapped = WrappedCommand::start(&command, app.ready().listen)?;
    let code = Cell::new(0);
    let (stop, stopped) = oneshot::channel();
    let running = app.run(async {
        // The sender is never dropped before the run is over.
        let _ = stopped.await;
    });
    let second_signal = async {
        tokio::select! {
            ended = wrapped.ended() => code.set(ended),
            () = signals.next() => {
                wrapped.terminate();
                tracing::info!(
                    "stopping: waiting for current responses to finish (stop again to abort them)"
                );
            }
        }
        // An error means that the run is over already.
        let _ = stop.send(());
        signals.next().await;
    };
    let report = tokio::select! {
        report = running => report?,
        () = second_signal => return Err(Failure::running("stopped at once: responses were aborted")),
    };
    if let Some(record) = record {
        record.finish();
    }
    print(&match log {
        LogFormat::Text => format!("\n{report}"),
        LogFormat::Json => {
            format!("{}\n", serde_json::json!({ "event": "summary", "summary": report }))
        }
    });
    let printed = stdout.finish();
    match report.events_lost {
        Some(lost) => Err(Failure::running(format_args!("--events: {lost}"))),
        None if code.get() != 0 => Err(Failure::of_command(code.get())),
        None => printed,
    }
}

fn ready_line(ready: &Ready, profile: &Profile, seed: u64) -> String {
    let mut line = serde_json::json!({
        "event": "ready",
        "listen": ready.listen.to_string(),
        "admin": ready.admin.to_string(),
        "profile": profile.name,
        "seed": seed,
    });
    let lan = lan::addresses(ready.listen);
    if ready.public_url.is_some() || ready.scheme == "https" || !lan.is_empty() {
        let lan = lan.iter().map(|address| format!("{}://{address}", ready.scheme));
        line["urls"] = [base(ready)].into_iter().chain(lan).collect();
    }
    format!("{line}\n")
}

/// Scheme, host and port that a player on this machine asks.
fn base(ready: &Ready) -> String {
    match &ready.public_url {
        Some(url) => url.to_string(),
        None => format!("{}://{}", ready.scheme, on_this_machine(ready.listen)),
    }
}

/// The address at which programs on this machine reach a server that listens at `listen`.
fn on_this_machine(listen: SocketAddr) -> SocketAddr {
    if listen.ip().is_unspecified() {
        SocketAddr::from((Ipv4Addr::LOCALHOST, listen.port()))
    } else {
        listen
    }
}

/// The text printed at start: addresses to copy, the network, the seed.
fn welcome(ready: &Ready, profile: &Profile, seed: u64, drawn: bool) -> String {
    let players = base(ready);
    let mut text = format!("vsps {}\n\n", env!("CARGO_PKG_VERSION"));
    // Writing to a String can't fail.
    match &ready.path {
        None => {
            for (name, path) in [
                ("HLS", "/demo/hls/master.m3u8"),
                ("DASH", "/demo/dash/manifest.mpd"),
                ("HLS live", "/demo/live/hls/master.m3u8"),
                ("DASH live", "/demo/live/dash/manifest.mpd"),
                ("all", "/demo/"),
            ] {
                let _ = writeln!(text, "  {name:10}{players}{path}");
            }
        }
        Some(path) => {
            let _ = writeln!(text, "  player    {players}{path}");
        }
    }
    for address in lan::addresses(ready.listen) {
        let path = ready.path.as_deref().unwrap_or("/demo/");
        let _ = writeln!(text, "  LAN       {}://{address}{path}", ready.scheme);
    }
    if ready.forward {
        let at = on_this_machine(ready.listen);
        let _ = writeln!(text, "  proxy     http://{at}  also as a PAC file: /-/proxy.pac");
    }
    if ready.local_ca {
        let _ = writeln!(text, "  CA        {players}/-/ca  how players come to trust it");
    }
    let _ = writeln!(text, "  console   http://{}/  metrics: /metrics", ready.admin);
    let _ = writeln!(text, "  network   {profile}");
    let again = if drawn { format!("  (repeat with --seed {seed})") } else { String::new() };
    let _ = writeln!(text, "  seed      {seed}{again}\n\nCtrl-C stops.");
    text
}

//! The players, from start to result.

use super::{
    super::{
        Failure,
        output::{print, print_json},
    },
    algorithm,
    junit::junit,
    log::write_log,
    report::Report,
    summary::summary,
    terminal,
};
use crate::{
    args::PlayArgs,
    descriptors,
    player::{
        fetch::{CmcdOptions, Monitor, Outcome, PlayOptions, play},
        preset,
    },
};
use anyhow::Context as _;
use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
    sync::Arc,
    time::Duration,
};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
    task::JoinSet,
};
use url::Url;

/// How long a live stream is played if nothing is said.
const LIVE: Duration = Duration::from_secs(60);
/// Between the starts of two players, and of the first and the last, if nothing is said.
const STAGGER: Duration = Duration::from_millis(250);
const STAGGER_ALL: Duration = Duration::from_secs(10);

pub(in crate::commands) fn run(args: &PlayArgs) -> Result<(), Failure> {
    let url = address(&args.url)?;
    let controls = algorithm::maker(&args.abr, args.max_buffer)?;
    let junit_file = create("--junit", args.junit.as_deref())?;
    let log_file = create("--log", args.log.as_deref())?;
    let preset = preset(&args.abr);
    let options = PlayOptions {
        url: url.clone(),
        controls,
        duration: args.duration,
        live_duration: LIVE,
        playout: preset.playout,
        requests: preset.requests,
        log: log_file.is_some(),
        cmcd: args.cmcd.map(|version| CmcdOptions { version, headers: args.cmcd_headers }),
    };
    descriptors::raise();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.context("the runtime could not start")?;
    let outcomes = runtime.block_on(play_all(options, args))?;
    runtime.shutdown_background();
    let report = Report::new(&url, &args.abr, &outcomes, &args.assertions);
    if let Some(file) = log_file {
        write_log(&mut BufWriter::new(file), &outcomes).context("--log")?;
    }
    if let Some(mut file) = junit_file {
        file.write_all(junit(&report).as_bytes()).context("--junit")?;
    }
    if args.json {
        print_json(&report)?;
    } else {
        print(&summary(&report))?;
    }
    let problems = report.problems();
    if problems.is_empty() { Ok(()) } else { Err(Failure::running(problems.join("\n      "))) }
}

/// The file of an option, before anything is played: what cannot be written should be told at once.
fn create(option: &str, path: Option<&Path>) -> Result<Option<File>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let wrong = |error| Failure::usage(format_args!("{option} {}: {error}", path.display()));
    File::create(path).map(Some).map_err(wrong)
}

/// The URL, if it is one that can be played.
fn address(text: &str) -> Result<String, Failure> {
    let hint = "write the http or https URL of an HLS playlist or a DASH MPD";
    let wrong = |problem: &str| Failure::usage(format_args!("{text}: {problem}; {hint}"));
    let url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
    if matches!(url.scheme(), "http" | "https") {
        Ok(url.into())
    } else {
        Err(wrong(&format!("the scheme is `{}`", url.scheme())))
    }
}

/// Plays with all players, in the order of their starts.
async fn play_all(options: PlayOptions, args: &PlayArgs) -> Result<Vec<Outcome>, Failure> {
    let monitor = Monitor::default();
    let (stop, stopped) = watch::channel(false);
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM")?;
    let players = players(Arc::new(options), args, &monitor, &stopped);
    let signalled = async {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        // Players that are left end with what they have.
        let _ = stop.send(true);
        std::future::pending::<()>().await;
    };
    let outcomes = tokio::select! {
        outcomes = players => outcomes,
        () = signalled => Vec::new(),
        () = terminal::follow(&monitor) => Vec::new(),
    };
    terminal::clear();
    Ok(outcomes)
}

async fn players(
    options: Arc<PlayOptions>,
    args: &PlayArgs,
    monitor: &Monitor,
    stopped: &watch::Receiver<bool>,
) -> Vec<Outcome> {
    let between = args.stagger.unwrap_or_else(|| STAGGER.min(STAGGER_ALL / args.players));
    let mut running = JoinSet::new();
    let mut starts = tokio::time::interval(between.max(Duration::from_micros(1)));
    for number in 0..args.players {
        let mut stopping = stopped.clone();
        tokio::select! {
            _ = starts.tick() => {}
            _ = stopping.wait_for(|stop| *stop) => break,
        }
        let (options, monitor, stopped) = (Arc::clone(&options), monitor.clone(), stopped.clone());
        running.spawn(async move { (number, play(&options, &monitor, stopped).await) });
    }
    let mut outcomes = Vec::new();
    while let Some(joined) = running.join_next().await {
        outcomes.extend(joined.ok());
    }
    outcomes.sort_by_key(|(number, _)| *number);
    outcomes.into_iter().map(|(_, outcome)| outcome).collect()
}

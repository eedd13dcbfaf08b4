//! The players, from start to result.

use super::{
    super::Failure,
    algorithm,
    junit::junit,
    log::write_log,
    merge::merge,
    report::{PartOf, PlayerReport, Report},
    results::{create, show},
    terminal,
};
use crate::{
    args::{PlayArgs, PlayCommand},
    clock::Clock,
    player::{
        LiveCatchUp,
        fetch::{CmcdOptions, Monitor, Outcome, PlayOptions, Trust, play},
        preset,
    },
    sweep::matrix::Shard,
    system::{self, StopSignals},
    units::ProcessTime,
};
use anyhow::Context as _;
use std::{
    io::{BufWriter, Write as _},
    sync::Arc,
    time::Duration,
};
use tokio::{sync::watch, task::JoinSet, time::timeout_at};
use url::Url;

/// How long a live stream is played if nothing is said.
const LIVE: Duration = Duration::from_secs(60);
/// Between the starts of two players, and of the first and the last, if nothing is said.
const STAGGER: Duration = Duration::from_millis(250);
const STAGGER_ALL: Duration = Duration::from_secs(10);
/// The most players of one process.
const MOST_PLAYERS: u32 = 10_000;

pub(in crate::commands) fn run(args: &PlayArgs) -> Result<(), Failure> {
    if let Some(PlayCommand::Merge(args)) = &args.command {
        return merge(args);
    }
    let url = address(args.url.as_deref().unwrap_or_default())?;
    let shard = shard(args)?;
    let controls = algorithm::maker(&args.abr, args.max_buffer)?;
    let trust = match &args.ca {
        Some(path) => Trust::with_file(path)
            .map_err(|problem| Failure::usage(format_args!("--ca {problem}")))?,
        None => Trust::default(),
    };
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
        trust,
        catch_up: catch_up(args)?,
        cmcd_events: collector(args, &url)?,
        cmcd: args.cmcd.map(|version| CmcdOptions { version, headers: args.cmcd_headers }),
    };
    system::raise_open_files();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.context("the runtime could not start")?;
    let outcomes = runtime.block_on(play_all(options, args, shard))?;
    runtime.shutdown_background();
    let players = outcomes.iter().map(PlayerReport::from).collect();
    let mut report = Report::new(&url, &args.abr, players, &args.assertions);
    report.part = (shard != Shard::WHOLE).then_some(PartOf { shard, players: args.players });
    if let Some(file) = log_file {
        write_log(&mut BufWriter::new(file), &outcomes).context("--log")?;
    }
    if let Some(mut file) = junit_file {
        file.write_all(junit(&report).as_bytes()).context("--junit")?;
    }
    show(&report, args.json)
}

/// The part of the players that this process has.
fn shard(args: &PlayArgs) -> Result<Shard, Failure> {
    let wrong = |problem: String| Failure::usage(format_args!("--shard: {problem}"));
    let shard = args.shard.from_environment().map_err(wrong)?;
    let own = (0..args.players as usize).filter(|number| shard.has(*number)).count();
    if own == 0 {
        let players = args.players;
        return Err(wrong(format!("of {players} players none is of part {}", shard.index)));
    }
    if own > MOST_PLAYERS as usize {
        return Err(Failure::usage(format_args!(
            "--players: {own} players on this machine are too many; write at most {MOST_PLAYERS}, or --shard I/N"
        )));
    }
    Ok(shard)
}

/// Where events are reported, if they are.
fn collector(args: &PlayArgs, stream: &str) -> Result<Option<Url>, Failure> {
    let Some(text) = &args.cmcd_events else { return Ok(None) };
    let url = Url::parse(stream).and_then(|stream| stream.join(text));
    url.map(Some).map_err(|error| {
        let hint = "write a URL, or a path at the stream's host, as `/-/cmcd`";
        Failure::usage(format_args!("--cmcd-events {text}: {error}; {hint}"))
    })
}

/// How live streams are caught up with, if they are.
fn catch_up(args: &PlayArgs) -> Result<Option<LiveCatchUp>, Failure> {
    let most = args.catch_up;
    if !(0.0..=0.5).contains(&most) {
        let problem = format!("'{most}' is not from 0 to 0.5; write 0.1 for rates of 0.9 to 1.1");
        return Err(Failure::usage(format_args!("--catch-up: {problem}")));
    }
    let target = args.live_latency.map(|latency| latency.as_secs_f64() * 1000.0);
    Ok((most > 0.0).then_some(LiveCatchUp { target, most }))
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
async fn play_all(
    options: PlayOptions,
    args: &PlayArgs,
    shard: Shard,
) -> Result<Vec<Outcome>, Failure> {
    let monitor = Monitor::default();
    let (stop, stopped) = watch::channel(false);
    let mut signals = StopSignals::new().context("signals")?;
    let players = players(Arc::new(options), args, shard, &monitor, &stopped);
    let signalled = async {
        signals.next().await;
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
    shard: Shard,
    monitor: &Monitor,
    stopped: &watch::Receiver<bool>,
) -> Vec<Outcome> {
    let between = args.stagger.unwrap_or_else(|| STAGGER.min(STAGGER_ALL / args.players));
    let clock = Clock::start();
    let zero = clock.instant(ProcessTime::new(until_start(args, clock)));
    let mut running = JoinSet::new();
    for number in (0..args.players).filter(|number| shard.has(*number as usize)) {
        let mut stopping = stopped.clone();
        // The time-out is the start: it depends on the number alone, on whichever machine the player is.
        let start = zero + between * number;
        if timeout_at(start, stopping.wait_for(|stop| *stop)).await.is_ok() {
            break;
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

/// How long it is until the first player of all parts starts.
fn until_start(args: &PlayArgs, clock: Clock) -> Duration {
    let Some(start) = args.start_at else { return Duration::ZERO };
    let start = Duration::from_millis(u64::try_from(start.timestamp_millis()).unwrap_or_default());
    start.saturating_sub(clock.timestamp().epoch)
}

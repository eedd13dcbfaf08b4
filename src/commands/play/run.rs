//! The players, from start to result.

use super::{
    super::{Failure, files},
    algorithm,
    log::write_log,
    merge::merge,
    report::{CommonOptions, PartOf, PlayerReport},
    results::Results,
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
    units::{ProcessTime, UnixTime},
};
use anyhow::Context as _;
use std::{io::BufWriter, sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, timeout_at},
};
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
    let clock = Clock::start();
    check_start(args, clock)?;
    let controls = algorithm::maker(&args.abr, args.max_buffer)?;
    let instead = "write a file with certificates in PEM form, as `vsps ca show --path` names it";
    let trust = match &args.ca {
        Some(path) => Trust::with_file(path)
            .map_err(|problem| files::unusable("--ca", path, &problem, instead))?,
        None => Trust::default(),
    };
    let results = Results::new(&args.result)?;
    let log_file = args.log.as_deref().map(|path| files::create("--log", path)).transpose()?;
    let preset = preset(&args.abr);
    let options = PlayOptions {
        url: url.clone(),
        controls,
        duration: args.duration,
        live_duration: LIVE,
        playout: preset.playout,
        requests: preset.requests,
        scheduling: preset.scheduling,
        replacement: preset.replacement,
        log: log_file.is_some(),
        trust,
        catch_up: catch_up(args),
        cmcd_events: collector(args, &url)?,
        cmcd: args.cmcd.map(|version| CmcdOptions { version, headers: args.cmcd_headers }),
    };
    system::raise_open_files();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.context("the runtime could not start")?;
    let outcomes = runtime.block_on(play_all(options, args, shard, clock))?;
    runtime.shutdown_background();
    let players = outcomes.iter().map(PlayerReport::from).collect();
    if let Some(file) = log_file {
        write_log(&mut BufWriter::new(file), &outcomes).context("--log")?;
    }
    let part = (shard != Shard::WHOLE).then(|| PartOf { shard, common: common(args) });
    results.write(&url, &args.abr, part, players)
}

/// What the parts of one run have in common.
fn common(args: &PlayArgs) -> CommonOptions {
    let seconds = |span: Option<Duration>| span.map(|span| span.as_secs_f64());
    CommonOptions {
        players: args.players,
        duration: seconds(args.duration),
        stagger: stagger(args).as_secs_f64(),
        start_at: args.start_at.map(|start| start.to_rfc3339()),
        max_buffer: seconds(args.max_buffer),
        catch_up: args.catch_up,
        live_latency: seconds(args.live_latency),
    }
}

/// The time between the starts of two players.
fn stagger(args: &PlayArgs) -> Duration {
    args.stagger.unwrap_or_else(|| STAGGER.min(STAGGER_ALL / args.players))
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
fn catch_up(args: &PlayArgs) -> Option<LiveCatchUp> {
    let target = args.live_latency.map(|latency| latency.as_secs_f64() * 1000.0);
    (args.catch_up > 0.0).then_some(LiveCatchUp { target, most: args.catch_up })
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
    clock: Clock,
) -> Result<Vec<Outcome>, Failure> {
    let monitor = Monitor::default();
    let (stop, stopped) = watch::channel(false);
    let mut signals = StopSignals::new().context("signals")?;
    let zero = clock.instant(start_time(args, clock));
    let own = (0..args.players).filter(|number| shard.has(*number as usize));
    let starts = own.map(|number| (number, zero + stagger(args) * number));
    let players = players(Arc::new(options), starts, &monitor, &stopped);
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

/// Plays with players that start at `starts`, each with its number.
async fn players(
    options: Arc<PlayOptions>,
    starts: impl Iterator<Item = (u32, Instant)>,
    monitor: &Monitor,
    stopped: &watch::Receiver<bool>,
) -> Vec<Outcome> {
    let mut running = JoinSet::new();
    for (number, start) in starts {
        let mut stopping = stopped.clone();
        // The time-out is the start: it depends on the number alone, on whichever machine the player is.
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

/// Fails if the start of all parts is in the past: each part would start at another time.
fn check_start(args: &PlayArgs, clock: Clock) -> Result<(), Failure> {
    let (Some(start), true) = (args.start_at, start_time(args, clock).is_zero()) else {
        return Ok(());
    };
    Err(Failure::usage(format_args!(
        "--start-at {}: it is in the past by the clock of this machine; write a time to come, the same for all parts",
        start.to_rfc3339()
    )))
}

/// When the first player of all parts starts: now without --start-at, and zero if that is in the past.
fn start_time(args: &PlayArgs, clock: Clock) -> ProcessTime {
    let Some(start) = args.start_at else { return clock.now() };
    let start = UnixTime::from_millis(u64::try_from(start.timestamp_millis()).unwrap_or_default());
    ProcessTime::new(start - clock.unix_time(ProcessTime::ZERO))
}

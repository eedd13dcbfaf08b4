//! Profiles × real players × seeds, some at a time.

use super::{
    super::{
        own_proxy::{OwnProxy, arming},
        progress::Progress,
    },
    driver::{Driver, Job, Task},
    seen::TaskResult,
    tools::Tools,
};
use crate::{
    args::{BrowserArgs, BrowserPlayer, ListenAddress},
    commands::{Failure, output},
    profiles::Catalog,
    sweep::{
        matrix::{ObservedSession, Outcome, Plan, Results, RunResult},
        report::RealSession,
    },
    units::span,
};
use anyhow::Context as _;
use std::{num::NonZeroUsize, sync::Arc, thread, time::Duration};
use tokio::signal::ctrl_c;

/// How a real player is called among the algorithms: `browser:NAME`.
pub(super) const PREFIX: &str = "browser:";
/// How long a session may take, in durations of its media.
const LONGEST: f64 = 3.0;
/// What is added to that.
const ALLOWANCE: Duration = Duration::from_secs(30);

/// One session to be played.
struct Viewer {
    profile: usize,
    player: BrowserPlayer,
    seed: u64,
    session: Arc<str>,
}

/// What came of all sessions.
#[derive(Default)]
pub(in super::super) struct BrowserRuns {
    /// Names of the players, as algorithms.
    pub(in super::super) names: Vec<String>,
    /// By profile, player and seed, in order.
    pub(in super::super) runs: Vec<RunResult>,
    /// The sessions that ended, for the report.
    pub(in super::super) sessions: Vec<RealSession>,
}

/// Plays everything that `plan` has with `args.browser` in place of its algorithms.
///
/// # Errors
/// When the proxy or the browser cannot be started, or the browser ends early.
pub(in super::super) fn run(args: &BrowserArgs, plan: &Plan) -> Result<BrowserRuns, Failure> {
    let tools = Tools::find(args, &args.browser)?;
    let catalog = Arc::new(Catalog::new());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.context("the runtime could not start")?;
    let runs = runtime.block_on(async {
        tokio::select! {
            runs = play(args, plan, &tools, &catalog) => runs,
            _ = ctrl_c() => Err(Failure::running("interrupted")),
        }
    });
    runtime.shutdown_background();
    runs
}

async fn play(
    args: &BrowserArgs,
    plan: &Plan,
    tools: &Tools,
    catalog: &Arc<Catalog>,
) -> Result<BrowserRuns, Failure> {
    let listen = "127.0.0.1:0".parse::<ListenAddress>().map_err(Failure::running)?;
    let proxy = OwnProxy::start(listen, None, catalog).await?;
    let (viewers, tasks) = viewers(args, plan, &proxy, catalog)?;
    let cores = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let at_once = args.at_once.unwrap_or(cores).get().min(tasks.len());
    output::tell(&announcement(args, plan, tools, tasks.len(), at_once));
    let mut driver = Driver::start(tools, &Job { tasks: &tasks, at_once }).await?;
    let progress = Progress::start(tasks.len());
    let mut outcomes: Vec<Option<Result<ObservedSession, String>>> = vec![None; tasks.len()];
    let mut done = 0;
    while let Some(line) = driver.line().await? {
        let result: TaskResult = serde_json::from_str(&line).map_err(Failure::running)?;
        let Some((viewer, task)) = viewers.get(result.task).zip(tasks.get(result.task)) else {
            continue;
        };
        let exchanges = proxy.exchanges.take(&viewer.session);
        let outcome = match result.seen {
            Some(seen) => seen.session(&exchanges, task.enough),
            None => Err(result.error.unwrap_or_else(|| "no result".to_owned())),
        };
        if let Some(slot) = outcomes.get_mut(result.task) {
            *slot = Some(outcome);
        }
        done += 1;
        progress.show(done);
    }
    progress.end();
    Ok(collect(args, plan, viewers, outcomes))
}

/// A session for each profile, player and seed, armed before its player comes.
fn viewers(
    args: &BrowserArgs,
    plan: &Plan,
    proxy: &OwnProxy,
    catalog: &Catalog,
) -> Result<(Vec<Viewer>, Vec<Task>), Failure> {
    let enough = plan.options.duration;
    let seconds = (enough.mul_f64(LONGEST) + ALLOWANCE).as_secs_f64();
    let seeds = plan.options.seeds;
    let (mut viewers, mut tasks) = (Vec::new(), Vec::new());
    for (number, name) in plan.options.profiles.iter().enumerate() {
        let profile = catalog.find(name).map_err(Failure::usage)?;
        for player in &args.browser {
            for seed in seeds.first..=seeds.last {
                let request = arming(Arc::clone(&profile), seed);
                let (session, url) = proxy.session(request, path(*player))?;
                viewers.push(Viewer { profile: number, player: *player, seed, session });
                let enough = enough.as_secs_f64();
                tasks.push(Task { player: player.name(), url, seconds, enough, stock: true });
            }
        }
    }
    Ok((viewers, tasks))
}

/// The built-in stream in the format that the player was made for.
const fn path(player: BrowserPlayer) -> &'static str {
    match player {
        BrowserPlayer::HlsJs | BrowserPlayer::Native => "/demo/hls/master.m3u8",
        BrowserPlayer::DashJs | BrowserPlayer::Shaka => "/demo/dash/manifest.mpd",
    }
}

fn announcement(
    args: &BrowserArgs,
    plan: &Plan,
    tools: &Tools,
    sessions: usize,
    at_once: usize,
) -> String {
    let player = |player: &BrowserPlayer| {
        let version = tools.version(*player);
        if version.is_empty() {
            player.name().to_owned()
        } else {
            format!("{} {version}", player.name())
        }
    };
    let players: Vec<String> = args.browser.iter().map(player).collect();
    let least =
        plan.options.duration * u32::try_from(sessions.div_ceil(at_once)).unwrap_or(u32::MAX);
    format!(
        "{} in {}: {sessions} sessions, {at_once} at a time, at least {}\n",
        players.join(", "),
        tools.chromium.display(),
        span::print(least)
    )
}

fn collect(
    args: &BrowserArgs,
    plan: &Plan,
    viewers: Vec<Viewer>,
    outcomes: Vec<Option<Result<ObservedSession, String>>>,
) -> BrowserRuns {
    let named = |player: BrowserPlayer| format!("{PREFIX}{}", player.name());
    let names = args.browser.iter().map(|player| named(*player)).collect();
    let mut all = BrowserRuns { names, ..BrowserRuns::default() };
    for (viewer, outcome) in viewers.into_iter().zip(outcomes) {
        let Viewer { profile, player, seed, .. } = viewer;
        let Some(net) = plan.nets.get(profile) else { continue };
        let abr = named(player);
        let outcome = match outcome.unwrap_or_else(|| Err("the browser ended before".to_owned())) {
            Ok(session) => {
                let figures = session.figures(&plan.presentation, net, seed);
                let title = format!("{abr} on {}, seed {seed}", net.name);
                all.sessions.push(RealSession { title, trace: session.trace(net, seed) });
                Outcome::Ended(Box::new(figures))
            }
            Err(error) => Outcome::Failed { error },
        };
        all.runs.push(RunResult { profile: net.name.clone(), abr, seed, outcome });
    }
    all
}

impl BrowserRuns {
    /// Adds them to the results of the same plan.
    pub(in super::super) fn add_to(&self, results: &mut Results) {
        let names = self.names.iter().map(|name| name.trim_start_matches(PREFIX));
        let names: Vec<&str> = names.collect();
        results.command = format!("{} --browser {}", results.command, names.join(","));
        results.algorithms.extend(self.names.iter().cloned());
        results.runs.extend(self.runs.iter().cloned());
        let Results { profiles, algorithms, runs, .. } = results;
        let place = |names: &[String], name: &str| names.iter().position(|other| other == name);
        runs.sort_by_key(|run| {
            (place(profiles, &run.profile), place(algorithms, &run.abr), run.seed)
        });
    }
}

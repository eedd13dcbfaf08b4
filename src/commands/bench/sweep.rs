//! The main form of `vsps bench`.

use super::{
    browser,
    interrupt::interrupted,
    ladder::ladder,
    outputs::{Outputs, is_stdout},
    p1203_folder::P1203Folder,
    watch::Watch,
};
use crate::{
    args::SweepArgs,
    commands::{Failure, output},
    profiles::Catalog,
    sweep::{
        live::CatchUp,
        matrix::{Journal, Plan, PlanOptions, Results, run_all, table},
    },
};
use std::{num::NonZeroUsize, path::Path, thread};

/// Runs the sweep, and writes what was asked for.
pub(super) fn sweep(args: &SweepArgs) -> Result<(), Failure> {
    let outputs = Outputs::new(args)?;
    browser::check(args)?;
    let plan = plan(args)?;
    for what in plan.left_out() {
        output::tell(&format!("note: {what}\n"));
    }
    let threads = args.threads.unwrap_or_else(cores);
    let total = plan.runs_of_shard();
    let file = args.json.as_deref().filter(|path| !is_stdout(path));
    let journal = file.map(|path| journal(path, &plan)).transpose()?;
    let p1203 = args.p1203.as_deref().map(P1203Folder::create).transpose()?;
    let watch = Watch::new(total, journal, args.log.as_deref(), p1203, interrupted()?)?;
    let mut results = run_all(&plan, threads, &watch);
    let (made, seconds, journal) = watch.end()?;
    if made < total {
        return Err(cut(&results, total, journal.as_ref()));
    }
    let mut real = Vec::new();
    if !args.real.browser.is_empty() {
        let runs = browser::run(&args.real, &plan)?;
        runs.add_to(&mut results);
        real = runs.sessions;
    }
    outputs.write(&plan, &results, &real)?;
    if let Some(journal) = journal {
        journal.remove();
    }
    if !outputs.take_stdout() {
        let speed = (made as f64 / seconds.max(1e-9)).round();
        let text = table(&results);
        output::print(&format!("{text}\n{made} runs in {seconds:.2} s ({speed} a second)\n"))?;
        output::print(&browser::comparison(&results))?;
    }
    all_failed(&results).map_or(Ok(()), |problem| Err(Failure::running(problem)))
}

/// Why the sweep has failed: none of its runs has ended.
fn all_failed(results: &Results) -> Option<String> {
    if results.runs.iter().any(|run| run.figures().is_some()) {
        return None;
    }
    let cells = results.cells();
    let (reason, _) = cells.first()?.failures()?;
    Some(match results.runs.len() {
        1 => format!("the run did not end: {reason}"),
        count => format!("none of {count} runs ended; the first one: {reason}"),
    })
}

/// The failure of a sweep that was interrupted.
fn cut(results: &Results, total: usize, journal: Option<&Journal>) -> Failure {
    let kept = journal.map_or_else(
        || "nothing is kept without --json FILE".to_owned(),
        |journal| {
            let path = journal.path().display();
            format!("they are kept in {path}, and the same command goes on with them")
        },
    );
    Failure::running(format_args!(
        "interrupted after {} of {total} runs; {kept}",
        results.runs.len()
    ))
}

/// The journal beside the file of results; says whether it goes on with an earlier one.
fn journal(path: &Path, plan: &Plan) -> Result<Journal, Failure> {
    let journal = Journal::open(path, plan).map_err(Failure::usage)?;
    let made = journal.made().len();
    if made > 0 {
        let path = journal.path().display();
        output::tell(&format!(
            "{made} of {} runs were made before: {path}\n",
            plan.runs_of_shard()
        ));
    }
    Ok(journal)
}

/// The plan of a sweep as it was typed.
pub(super) fn plan(args: &SweepArgs) -> Result<Plan, Failure> {
    let shard = args.shard.from_environment();
    let options = PlanOptions {
        profiles: args.profile.clone(),
        algorithms: args.abr.clone(),
        ladder: ladder(args)?,
        duration: args.duration,
        seeds: args.seeds,
        buffer: args.buffer,
        live: live(args),
        part: args.part,
        players: args.players,
        mixed: args.mixed,
        answer_timeout: args.answer_timeout,
        abandon: args.abandon,
        shard: shard.map_err(|problem| Failure::usage(format_args!("--shard: {problem}")))?,
    };
    Plan::new(options, &Catalog::new()).map_err(Failure::usage)
}

/// How a viewer keeps up with a live stream, if it is to be one.
fn live(args: &SweepArgs) -> Option<CatchUp> {
    let target = args.live_latency.as_secs_f64() * 1000.0;
    args.live.then_some(CatchUp { target, most: args.catch_up })
}

fn cores() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

//! The main form of `vsps bench`.

use super::progress::Progress;
use crate::{
    args::SweepArgs,
    commands::{Failure, output},
    origin,
    profiles::Catalog,
    sweep::{
        matrix::{Ladder, MatrixError, Plan, PlanOptions, csv, run_all, table},
        report,
    },
};
use std::{fs, num::NonZeroUsize, path::Path, thread};

/// The built-in origin's ladder.
const DEMO: &str = "demo";
const BITS: f64 = 8.0;
const THOUSAND: f64 = 1000.0;

/// Runs the sweep, and writes what was asked for.
pub(super) fn sweep(args: &SweepArgs) -> Result<(), Failure> {
    let SweepArgs { report: report_file, json, csv: csv_file, threads, .. } = args;
    let files = [report_file, json, csv_file];
    if files.iter().filter(|file| file.as_deref().is_some_and(is_stdout)).count() > 1 {
        return Err(Failure::usage("only one of --json and --csv can go to standard output"));
    }
    if report_file.as_deref().is_some_and(is_stdout) {
        return Err(Failure::usage("--report: write the name of a file, as in report.html"));
    }
    let plan = plan(args).map_err(Failure::usage)?;
    let threads = threads.unwrap_or_else(cores);
    let progress = Progress::start(plan.runs().div_ceil(plan.options.shard.count));
    let results = run_all(&plan, threads, &|done| progress.show(done));
    let took = progress.end();
    let silent = files.iter().any(|file| file.as_deref().is_some_and(is_stdout));
    if let Some(path) = json {
        write(path, &results.to_json().map_err(Failure::running)?)?;
    }
    if let Some(path) = csv_file {
        write(path, &csv(&results))?;
    }
    if let Some(path) = report_file {
        write(path, &report::report(&plan, &results))?;
    }
    if !silent {
        let (count, seconds) = (results.runs.len(), took.as_secs_f64());
        let speed = (count as f64 / seconds.max(1e-9)).round();
        let text = table(&results);
        output::print(&format!("{text}\n{count} runs in {seconds:.2} s ({speed} a second)\n"))?;
    }
    Ok(())
}

fn plan(args: &SweepArgs) -> Result<Plan, MatrixError> {
    let ladder = if args.ladder == DEMO { demo() } else { Ladder::find(&args.ladder)? };
    let options = PlanOptions {
        profiles: args.profile.clone(),
        algorithms: args.abr.clone(),
        ladder,
        duration: args.duration,
        seeds: args.seeds,
        buffer: args.buffer,
        answer_timeout: args.answer_timeout,
        abandon: args.abandon,
        shard: args.shard,
    };
    Plan::new(options, &Catalog::new())
}

/// Each rung with its sound, and the sizes that the origin serves.
fn demo() -> Ladder {
    let bitrates = origin::ladder_bits_per_second().map(|bits| bits as f64 / THOUSAND).collect();
    let row = |row: Vec<u64>| row.into_iter().map(|bytes| bytes as f64 * BITS).collect();
    let sizes = origin::segment_bytes().map(row).collect();
    Ladder::new(DEMO, origin::SEGMENT.as_secs_f64() * THOUSAND, bitrates, sizes)
}

fn cores() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    if is_stdout(path) {
        return output::print(text);
    }
    fs::write(path, text)
        .map_err(|error| Failure::running(format_args!("{}: {error}", path.display())))
}

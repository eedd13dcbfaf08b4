//! Runs a plan on several threads. What comes of it does not depend on how many they are.

use super::{
    LadderShown, Outcome, Plan, Recorded, Results, Run, RunResult, Shard, SweepObserver, record,
};
use std::{
    num::NonZeroUsize,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

/// This many runs are taken at once.
const CHUNK: usize = 16;

/// Runs all of `plan`'s part on `threads` threads, until `observer` says to stop.
pub fn run_all(plan: &Plan, threads: NonZeroUsize, observer: &dyn SweepObserver) -> Results {
    let shard = plan.options.shard;
    let indices: Vec<usize> = (0..plan.runs()).filter(|run| shard.has(*run)).collect();
    let chunks: Vec<&[usize]> = indices.chunks(CHUNK).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut results = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(chunk) = chunks.get(number) else { return results };
            let start = results.len();
            let mut lines = String::new();
            for index in *chunk {
                if observer.stopped() {
                    break;
                }
                let made = observer.made(*index);
                let result = made.or_else(|| one(plan, *index, observer, &mut lines));
                results.extend(result.map(|result| (*index, result)));
            }
            observer.finished(number, &results[start..], &lines);
        }
    };
    let mut runs: Vec<(usize, RunResult)> = thread::scope(|scope| {
        let others: Vec<_> = (1..threads.get()).map(|_| scope.spawn(work)).collect();
        let mut runs = work();
        for other in others {
            // A worker that panicked has printed why; its runs are done again below.
            runs.extend(other.join().unwrap_or_default());
        }
        runs
    });
    runs.sort_by_key(|(index, _)| *index);
    Results {
        format: Results::format(),
        command: plan.command(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        fingerprint: Some(plan.fingerprint()),
        ladder: LadderShown {
            name: plan.options.ladder.name.clone(),
            segment_s: plan.presentation.segment() / 1000.0,
            segments: plan.presentation.count(),
            bitrates_kbps: plan.presentation.bitrates().to_vec(),
        },
        seeds: plan.options.seeds,
        players: plan.options.players,
        live: plan.options.live.is_some(),
        profiles: plan.nets.iter().map(|net| net.name.clone()).collect(),
        algorithms: plan.players.iter().map(|player| player.name.clone()).collect(),
        shard: (shard != Shard::WHOLE).then_some(shard),
        runs: runs.into_iter().map(|(_, run)| run).collect(),
    }
}

/// Run number `index`; its log goes to `lines`.
fn one(
    plan: &Plan,
    index: usize,
    observer: &dyn SweepObserver,
    lines: &mut String,
) -> Option<RunResult> {
    let (net, player, seed) = plan.at(index)?;
    let this = Run { plan, net, player, seed };
    let Recorded { figures, log, p1203 } = record(this, observer.wanted());
    lines.push_str(&log);
    if let Some(input) = &p1203 {
        observer.p1203(this, input);
    }
    let outcome = match figures {
        Ok(figures) => Outcome::Ended(Box::new(figures)),
        Err(error) => Outcome::Failed { error: error.to_string() },
    };
    Some(RunResult { profile: net.name.clone(), abr: player.name.clone(), seed, outcome })
}

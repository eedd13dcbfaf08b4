//! Runs a plan on several threads. What comes of it does not depend on how many they are.

use super::{LadderShown, Outcome, Plan, Results, RunResult, Shard, run};
use std::{
    num::NonZeroUsize,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

/// So many runs are taken at once.
const CHUNK: usize = 16;

/// Runs all of `plan`'s part on `threads` threads. `progress` is called now and then with the number of
/// runs done, from any thread.
pub fn run_all(plan: &Plan, threads: NonZeroUsize, progress: &(dyn Fn(usize) + Sync)) -> Results {
    let shard = plan.options.shard;
    let indices: Vec<usize> = (0..plan.runs()).filter(|run| shard.has(*run)).collect();
    let chunks: Vec<&[usize]> = indices.chunks(CHUNK).collect();
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || {
        let mut results = Vec::new();
        while let Some(chunk) = chunks.get(next.fetch_add(1, Ordering::Relaxed)) {
            results.extend(chunk.iter().filter_map(|index| Some((*index, one(plan, *index)?))));
            progress(done.fetch_add(chunk.len(), Ordering::Relaxed) + chunk.len());
        }
        results
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
        ladder: LadderShown {
            name: plan.options.ladder.name.clone(),
            segment_s: plan.presentation.segment() / 1000.0,
            segments: plan.presentation.count(),
            bitrates_kbps: plan.presentation.bitrates().to_vec(),
        },
        seeds: plan.options.seeds,
        profiles: plan.nets.iter().map(|net| net.name.clone()).collect(),
        algorithms: plan.players.iter().map(|player| player.name.clone()).collect(),
        shard: (shard != Shard::WHOLE).then_some(shard),
        runs: runs.into_iter().map(|(_, run)| run).collect(),
    }
}

/// Run number `index`.
fn one(plan: &Plan, index: usize) -> Option<RunResult> {
    let (net, player, seed) = plan.at(index)?;
    let outcome = match run(plan, net, player, seed) {
        Ok(figures) => Outcome::Ended(Box::new(figures)),
        Err(error) => Outcome::Failed { error: error.to_string() },
    };
    Some(RunResult { profile: net.name.clone(), abr: player.name.clone(), seed, outcome })
}

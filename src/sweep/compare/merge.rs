//! The parts of a sweep put together.

use crate::sweep::matrix::{Results, RunResult, Shard};

/// Puts all parts of one sweep together: the result is that of one run without `--shard`.
///
/// # Errors
/// When a part is missing, there twice, or of another sweep.
pub fn merge(parts: Vec<Results>) -> Result<Results, String> {
    let mut parts: Vec<(Shard, Results)> =
        parts.into_iter().map(|results| (results.shard.unwrap_or(Shard::WHOLE), results)).collect();
    parts.sort_by_key(|(shard, _)| shard.index);
    let Some((first, base)) = parts.first() else { return Err("there are no parts".to_owned()) };
    let count = first.count;
    for (place, (shard, results)) in parts.iter().enumerate() {
        let head = |results: &Results| Results { runs: Vec::new(), shard: None, ..results.clone() };
        if head(results) != head(base) {
            return Err(format!(
                "the parts are of different sweeps: '{}', and '{}'",
                base.command, results.command
            ));
        }
        if shard.count != count {
            return Err(format!("there are parts of {count} and of {}", shard.count));
        }
        if shard.index != place + 1 {
            let problem = if shard.index <= place { "there twice" } else { "missing" };
            let index = shard.index.min(place + 1);
            return Err(format!("part {index}/{count} is {problem}"));
        }
    }
    if parts.len() < count {
        return Err(format!("part {}/{count} is missing", parts.len() + 1));
    }
    let head = Results { runs: Vec::new(), shard: None, ..base.clone() };
    let total: usize = parts.iter().map(|(_, part)| part.runs.len()).sum();
    let mut queues: Vec<_> = parts.into_iter().map(|(_, part)| part.runs.into_iter()).collect();
    let mut runs: Vec<RunResult> = Vec::with_capacity(total);
    for index in 0..total {
        let Some(run) = queues.get_mut(index % count).and_then(Iterator::next) else {
            return Err(format!("part {}/{count} has too few runs", index % count + 1));
        };
        runs.push(run);
    }
    Ok(Results { runs, ..head })
}

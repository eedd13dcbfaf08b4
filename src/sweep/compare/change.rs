//! What changed from one result to another.

use super::Condition;
use crate::sweep::matrix::{Cell, Metric, Results, RunResult, Sample, holm, sign_flip};
use std::fmt::Write as _;

const SHOWN: [&str; 5] =
    ["bitrate_kbps", "rebuffer_ratio", "startup_s", "switches", "qoe_pensieve"];

/// The comparison of two results.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// What to print.
    pub text: String,
    /// How many conditions hold, counted in each cell.
    pub failures: usize,
}

/// Compares `new` with `old`, run by run with the same seed.
///
/// # Errors
/// When they do not have the same runs; the text says which differ.
pub fn compare(
    old: &Results,
    new: &Results,
    conditions: &[Condition],
) -> Result<Comparison, String> {
    same_runs(old, new)?;
    let (old, new) = (old.cells(), new.cells());
    let pairs: Vec<(Cell<'_>, Cell<'_>)> = old.into_iter().zip(new).collect();
    let mut text = changes(&pairs);
    let mut failures = 0;
    for (old, new) in &pairs {
        let name = format!("{} with {}", old.profile, old.abr);
        let failed = |cell: &Cell<'_>| cell.failures().map_or(0, |(_, count)| count);
        // Writing to a String can't fail.
        if failed(new) > failed(old) {
            failures += 1;
            let reason = new.failures().map_or("", |(reason, _)| reason);
            let (one, other) = (failed(old), failed(new));
            let _ = writeln!(text, "FAIL {name}: {other} runs did not end, {one} before: {reason}");
        }
        for condition in conditions {
            let metric = condition.metric();
            let samples =
                Sample::new(old.values(metric.of)).zip(Sample::new(new.values(metric.of)));
            let Some((before, after)) = samples else { continue };
            let (before, after, holds) = condition.check(&before, &after);
            if holds {
                failures += 1;
                let (before, after) = (exact(metric, before), exact(metric, after));
                let _ = writeln!(text, "FAIL {name}: {condition}: {before} → {after}");
            }
        }
    }
    if failures == 0 && !conditions.is_empty() {
        let _ = writeln!(text, "passed: no condition holds in any of {} cells", pairs.len());
    }
    Ok(Comparison { text, failures })
}

/// A value with two more digits than in tables: small changes are to be seen.
fn exact(metric: &Metric, value: f64) -> String {
    format!("{:.*} {}", metric.digits + 2, value * metric.scale(), metric.unit)
        .trim_end()
        .to_owned()
}

/// Refuses what cannot be compared.
fn same_runs(old: &Results, new: &Results) -> Result<(), String> {
    if old.ladder != new.ladder {
        let (one, other) = (&old.ladder, &new.ladder);
        let shown = |ladder: &crate::sweep::matrix::LadderShown| {
            format!("{} with {} segments of {} s", ladder.name, ladder.segments, ladder.segment_s)
        };
        return Err(format!("the ladders differ: {}, and {}", shown(one), shown(other)));
    }
    let key = |run: &RunResult| (run.profile.clone(), run.abr.clone(), run.seed);
    let mismatch = old.runs.iter().zip(&new.runs).find(|(one, other)| key(one) != key(other));
    if let Some((one, other)) = mismatch {
        let shown =
            |run: &RunResult| format!("{} with {}, seed {}", run.profile, run.abr, run.seed);
        return Err(format!(
            "the runs differ: {}, and {}; compare results of the same profiles, algorithms and seeds",
            shown(one),
            shown(other)
        ));
    }
    if old.runs.len() != new.runs.len() {
        let (one, other) = (old.runs.len(), new.runs.len());
        return Err(format!(
            "one has {one} runs, the other {other}; compare results of the same seeds"
        ));
    }
    Ok(())
}

/// A change of a mean, over pairs.
struct Change {
    name: String,
    metric: &'static Metric,
    old: f64,
    difference: Sample,
    p: f64,
}

/// A line for each mean that changed.
fn changes(pairs: &[(Cell<'_>, Cell<'_>)]) -> String {
    let metrics: Vec<&'static Metric> =
        SHOWN.iter().filter_map(|name| Metric::named(name)).collect();
    let mut changes = Vec::new();
    for (old, new) in pairs {
        for metric in &metrics {
            let pair = |(one, other): (&RunResult, &RunResult)| {
                let one = (metric.of)(one.figures()?);
                Some((one, (metric.of)(other.figures()?) - one))
            };
            let values: Vec<_> = old.runs.iter().zip(new.runs).filter_map(pair).collect();
            let count = values.len().max(1) as f64;
            let before = values.iter().map(|(old, _)| old).sum::<f64>() / count;
            let values: Vec<f64> = values.into_iter().map(|(_, difference)| difference).collect();
            let p = sign_flip(&values);
            let Some(difference) = Sample::new(values) else { continue };
            let name = format!("{} with {}", old.profile, old.abr);
            changes.push(Change { name, metric, old: before, difference, p });
        }
    }
    let adjusted = holm(&changes.iter().map(|change| change.p).collect::<Vec<_>>());
    let changed = |change: &Change| change.difference.sorted().iter().any(|value| *value != 0.0);
    let lines: String =
        changes.iter().zip(adjusted).filter(|(change, _)| changed(change)).map(line).collect();
    if lines.is_empty() {
        format!("{} cells, no figure changed\n", pairs.len())
    } else {
        format!("{} cells; means that changed:\n{lines}", pairs.len())
    }
}

fn line((change, p): (&Change, f64)) -> String {
    let Change { name, metric, old, difference, .. } = change;
    let unit = if metric.unit == "%" { "pp" } else { metric.unit };
    let half = difference.half_width();
    let half = half.map_or_else(String::new, |half| format!(" ±{}", metric.show(half)));
    let sign = if difference.mean() > 0.0 { "+" } else { "" };
    let (before, after) = (exact(metric, *old), exact(metric, old + difference.mean()));
    let mean = metric.show(difference.mean());
    format!(
        "  {name}: {} {before} → {after} ({sign}{mean}{half} {unit}, p = {p:.3})\n",
        metric.title
    )
}

//! Distributions over all runs.

use super::{
    frame::{Frame, range},
    key,
    text::escape,
};
use crate::sweep::matrix::{Metric, Results};
use std::fmt::Write as _;

/// The cumulative distribution of one metric, a line for each algorithm, over all profiles and seeds.
pub(super) fn cdf(results: &Results, metric: &Metric) -> String {
    let cells = results.cells();
    let values = |abr: &String| {
        let cells = cells.iter().filter(|cell| cell.abr == abr);
        let mut values: Vec<f64> = cells
            .flat_map(|cell| cell.values(metric.of))
            .map(|value| value * metric.scale())
            .collect();
        values.sort_by(f64::total_cmp);
        values
    };
    let all: Vec<Vec<f64>> = results.algorithms.iter().map(values).collect();
    let lowest = all.iter().flatten().copied().fold(f64::INFINITY, f64::min);
    let lowest = if lowest.is_finite() { lowest } else { 0.0 };
    let x = range(all.iter().flatten().copied(), lowest);
    let frame = Frame { left: 48.0, top: 26.0, width: 340.0, height: 200.0, x, y: (0.0, 1.0) };
    let label = match metric.unit {
        "" => metric.title.to_owned(),
        unit => format!("{} in {unit}", metric.title),
    };
    let mut svg = frame.axes(&label, "share of runs at or below");
    for (index, values) in all.iter().enumerate() {
        let count = values.len() as f64;
        let points =
            values.iter().enumerate().map(|(rank, value)| (*value, (rank + 1) as f64 / count));
        let start = values.first().map(|first| (*first, 0.0));
        // Writing to a String can't fail.
        let _ = write!(
            svg,
            "<path class='{} line' stroke-dasharray='{}' d='{}'/>",
            key::class(index),
            key::dash(index),
            frame.stairs(start.into_iter().chain(points), x.1)
        );
    }
    format!(
        "<svg viewBox='0 0 400 270' role='img' aria-label='Distribution of {}'>{svg}</svg>",
        escape(metric.title)
    )
}

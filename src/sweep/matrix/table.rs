//! Results as a table for a terminal: means over seeds, with their 95 % confidence intervals.

use super::{Metric, Results, Sample};
use std::fmt::Write as _;

const COLUMNS: [&str; 6] =
    ["bitrate_kbps", "rebuffer_ratio", "startup_s", "switches", "qoe_mpc", "sabre_score"];

/// The columns of live streams.
const LIVE: [&str; 2] = ["latency_s", "latency_p95_s"];
/// The columns of players that share a link.
const SHARED: [&str; 2] = ["jain_bitrate", "jain_qoe"];

/// The table, and below it why runs did not end.
#[must_use]
pub fn table(results: &Results) -> String {
    let (rows, failures) = rows(results);
    let mut text = aligned(&rows);
    if !failures.is_empty() {
        text.push('\n');
        text.push_str(&failures);
    }
    text
}

/// The cells of the table with its header, and a line for each cell in which runs did not end.
pub(super) fn rows(results: &Results) -> (Vec<Vec<String>>, String) {
    let shared = if results.players.get() > 1 { &SHARED[..] } else { &[] };
    let live = if results.live { &LIVE[..] } else { &[] };
    let metrics: Vec<&Metric> =
        COLUMNS.iter().chain(live).chain(shared).filter_map(|name| Metric::named(name)).collect();
    let head = |metric: &&Metric| match metric.unit {
        "" => metric.title.to_owned(),
        unit => format!("{} {unit}", metric.title),
    };
    let mut rows = vec![vec!["profile".to_owned(), "algorithm".to_owned(), "runs".to_owned()]];
    rows[0].extend(metrics.iter().map(head));
    let mut failures = String::new();
    for cell in results.cells() {
        let ended = cell.runs.iter().filter(|run| run.figures().is_some()).count();
        let mut row = vec![cell.profile.to_owned(), cell.abr.to_owned(), ended.to_string()];
        row.extend(metrics.iter().map(|metric| shown(metric, Sample::new(cell.values(metric.of)))));
        rows.push(row);
        if let Some((reason, count)) = cell.failures() {
            // Writing to a String can't fail.
            let _ = writeln!(
                failures,
                "{} with {}: {count} of {} runs did not end: {reason}",
                cell.profile,
                cell.abr,
                cell.runs.len()
            );
        }
    }
    (rows, failures)
}

/// A mean and half the width of its interval.
fn shown(metric: &Metric, sample: Option<Sample>) -> String {
    let Some(sample) = sample else { return "–".to_owned() };
    let mean = metric.show(sample.mean());
    match sample.half_width() {
        Some(half) => format!("{mean} ±{}", metric.show(half)),
        None => mean,
    }
}

/// Rows in columns: the first two to the left, the others to the right.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let _ = match column {
                0 => write!(line, "{cell:<width$}"),
                1 => write!(line, "  {cell:<width$}"),
                _ => write!(line, "  {cell:>width$}"),
            };
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

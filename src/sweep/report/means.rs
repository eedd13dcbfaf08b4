//! The tables of means with their confidence intervals.

use super::text::escape;
use crate::sweep::matrix::{Cell, METRICS, Metric, Results, Sample};
use std::fmt::Write as _;

/// Not in the table: the same in every run.
const LEFT_OUT: &[&str] = &["play_s", "switches_up", "switches_down"];
/// In the second table: one number for all that is seen, and what the network was used for.
const SECOND: &[&str] = &[
    "qoe_mpc",
    "qoe_pensieve",
    "qoe_log",
    "qoe_hd",
    "nqoe",
    "sabre_score",
    "utilization",
    "wasted_kb",
    "failed_requests",
];

/// Two tables, since one would be wider than a page: the best mean of each profile stands in bold.
pub(super) fn means(results: &Results) -> String {
    let (alone, live) = (results.players.get() == 1, results.live);
    let shown = |metric: &&Metric| {
        let left_out = LEFT_OUT.contains(&metric.name)
            || (alone && metric.name.starts_with("jain"))
            || (!live && (metric.name.starts_with("latency") || metric.name == "nqoe"));
        !left_out
    };
    let (second, first): (Vec<&Metric>, Vec<&Metric>) =
        METRICS.iter().filter(shown).partition(|metric| SECOND.contains(&metric.name));
    format!("{}{}", table(results, &first), table(results, &second))
}

/// The means of these metrics.
fn table(results: &Results, metrics: &[&Metric]) -> String {
    let mut text = String::from(
        "<div class='wide'><table><thead><tr><th scope='col'>profile</th>\
         <th scope='col'>algorithm</th><th scope='col'>runs</th>",
    );
    for metric in metrics {
        // Writing to a String can't fail.
        let _ = write!(text, "<th scope='col'>{}", escape(metric.title));
        if !metric.unit.is_empty() {
            let _ = write!(text, "<br><small>{}</small>", escape(metric.unit));
        }
        text.push_str("</th>");
    }
    text.push_str("</tr></thead><tbody>");
    let cells = results.cells();
    for group in cells.chunk_by(|one, other| one.profile == other.profile) {
        let best: Vec<Option<f64>> = metrics.iter().map(|metric| best(metric, group)).collect();
        for (row, cell) in group.iter().enumerate() {
            text.push_str(if row == 0 { "<tr class='first'>" } else { "<tr>" });
            text.push_str(&head(cell));
            for (metric, best) in metrics.iter().zip(&best) {
                text.push_str(&value(metric, cell, *best));
            }
            text.push_str("</tr>");
        }
    }
    text + "</tbody></table></div>"
}

fn head(cell: &Cell<'_>) -> String {
    let (profile, abr) = (escape(cell.profile), escape(cell.abr));
    let ended = cell.runs.iter().filter(|run| run.figures().is_some()).count();
    let runs = match cell.failures() {
        Some((reason, _)) => {
            format!("<td title='{}'>{ended} of {}</td>", escape(reason), cell.runs.len())
        }
        None => format!("<td>{ended}</td>"),
    };
    format!("<th scope='row'>{profile}</th><th scope='row'>{abr}</th>{runs}")
}

/// The best mean, unless all are shown alike.
fn best(metric: &Metric, cells: &[Cell<'_>]) -> Option<f64> {
    let more = metric.more_is_better?;
    let means = cells.iter().filter_map(|cell| Sample::new(cell.values(metric.of)));
    let means: Vec<f64> = means.map(|sample| sample.mean()).collect();
    let lowest = means.iter().copied().min_by(f64::total_cmp)?;
    let highest = means.iter().copied().max_by(f64::total_cmp)?;
    let differ = metric.show(lowest) != metric.show(highest);
    differ.then_some(if more { highest } else { lowest })
}

fn value(metric: &Metric, cell: &Cell<'_>, best: Option<f64>) -> String {
    let Some(sample) = Sample::new(cell.values(metric.of)) else {
        return "<td>–</td>".to_owned();
    };
    let mean = metric.show(sample.mean());
    let half = sample.half_width().filter(|half| *half > 0.0);
    let half =
        half.map_or_else(String::new, |half| format!(" <small>±{}</small>", metric.show(half)));
    if best.is_some_and(|best| metric.show(best) == mean) {
        format!("<td><b>{mean}</b>{half}</td>")
    } else {
        format!("<td>{mean}{half}</td>")
    }
}

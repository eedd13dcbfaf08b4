//! Profile × algorithm: a mean in each field, and its place between the worst and the best as a shade.

use super::text::escape;
use crate::sweep::matrix::{Metric, Results, Sample};
use std::fmt::Write as _;

/// The heat map of one metric. Each field has its number, so that the shade is no more than a help.
pub(super) fn heat_map(results: &Results, metric: &Metric) -> String {
    let cells = results.cells();
    let mean = |profile: &str, abr: &str| {
        let cell = cells.iter().find(|cell| cell.profile == profile && cell.abr == abr)?;
        Sample::new(cell.values(metric.of)).map(|sample| sample.mean())
    };
    let all = cells.iter().filter_map(|cell| mean(cell.profile, cell.abr));
    let (low, high) =
        all.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    let mut text = format!(
        "<div class='wide'><table class='heat'><caption>{}</caption><thead><tr><td></td>",
        escape(&caption(metric))
    );
    // Writing to a String can't fail.
    for abr in &results.algorithms {
        let _ = write!(text, "<th scope='col'>{}</th>", escape(abr));
    }
    text.push_str("</tr></thead><tbody>");
    for profile in &results.profiles {
        let _ = write!(text, "<tr><th scope='row'>{}</th>", escape(profile));
        for abr in &results.algorithms {
            let _ = match mean(profile, abr) {
                None => write!(text, "<td>–</td>"),
                Some(mean) => {
                    let share = if high > low { (mean - low) / (high - low) } else { 0.5 };
                    let good =
                        if metric.more_is_better == Some(false) { 1.0 - share } else { share };
                    // In steps of 5 %, as classes: the page's policy has no style in an element.
                    let step = (good * 20.0).round();
                    write!(text, "<td class='s{step}'>{}</td>", metric.show(mean))
                }
            };
        }
        text.push_str("</tr>");
    }
    text + "</tbody></table></div>"
}

fn caption(metric: &Metric) -> String {
    let unit = if metric.unit.is_empty() { String::new() } else { format!(" in {}", metric.unit) };
    format!("{}{unit}, mean over seeds (the stronger the shade, the better)", metric.title)
}

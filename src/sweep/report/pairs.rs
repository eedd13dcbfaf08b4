//! Each algorithm against the first one, on the same seeds.

use super::text::escape;
use crate::sweep::matrix::{Cell, Metric, Results, RunResult, Sample, holm, sign_flip};
use std::fmt::Write as _;

const COMPARED: [&str; 4] = ["bitrate_kbps", "rebuffer_ratio", "switches", "qoe_pensieve"];
/// Below this probability a difference is marked.
const SIGNIFICANT: f64 = 0.05;

/// A difference of means over pairs of the same seed.
struct Difference {
    profile: String,
    abr: String,
    metric: &'static Metric,
    sample: Option<Sample>,
    p: f64,
}

/// The table of differences; `None` where there is but one algorithm.
pub(super) fn pairs(results: &Results) -> Option<String> {
    let cells = results.cells();
    let mut differences = Vec::new();
    for group in cells.chunk_by(|one, other| one.profile == other.profile) {
        let (first, others) = group.split_first()?;
        for other in others {
            differences.extend(compare(first, other));
        }
    }
    if differences.is_empty() {
        return None;
    }
    let adjusted = holm(&differences.iter().map(|difference| difference.p).collect::<Vec<_>>());
    let metrics: Vec<&Metric> = COMPARED.iter().filter_map(|name| Metric::named(name)).collect();
    let mut text = String::from(
        "<div class='wide'><table><thead><tr><th scope='col'>profile</th>\
         <th scope='col'>algorithm</th>",
    );
    for metric in &metrics {
        // Writing to a String can't fail.
        let unit = if metric.unit == "%" { "pp" } else { metric.unit };
        let _ = write!(
            text,
            "<th scope='col'>Δ {}<br><small>{}</small></th><th scope='col'>p</th>",
            escape(metric.title),
            escape(unit)
        );
    }
    text.push_str("</tr></thead><tbody>");
    let rows = differences.chunks(metrics.len()).zip(adjusted.chunks(metrics.len()));
    for (row, p) in rows {
        let Some(first) = row.first() else { continue };
        let _ = write!(
            text,
            "<tr><th scope='row'>{}</th><th scope='row'>{}</th>",
            escape(&first.profile),
            escape(&first.abr)
        );
        for (difference, p) in row.iter().zip(p) {
            text.push_str(&difference.cells(*p));
        }
        text.push_str("</tr>");
    }
    Some(text + "</tbody></table></div>")
}

fn compare(first: &Cell<'_>, other: &Cell<'_>) -> Vec<Difference> {
    let metrics = COMPARED.iter().filter_map(|name| Metric::named(name));
    let difference = |metric: &'static Metric| {
        let pair = |(one, other): (&RunResult, &RunResult)| {
            Some((metric.of)(other.figures()?) - (metric.of)(one.figures()?))
        };
        let values: Vec<f64> = first.runs.iter().zip(other.runs).filter_map(pair).collect();
        Difference {
            profile: first.profile.to_owned(),
            abr: other.abr.to_owned(),
            metric,
            p: sign_flip(&values),
            sample: Sample::new(values),
        }
    };
    metrics.map(difference).collect()
}

impl Difference {
    fn cells(&self, p: f64) -> String {
        let Some(sample) = &self.sample else { return "<td>–</td><td>–</td>".to_owned() };
        let mean = self.metric.show(sample.mean());
        let sign = if sample.mean() > 0.0 { "+" } else { "" };
        let half = sample.half_width().map_or_else(String::new, |half| {
            format!(" <small>±{}</small>", self.metric.show(half))
        });
        let (open, close) = if p < SIGNIFICANT { ("<b>", "</b>") } else { ("", "") };
        let p = if p < 0.001 { "&lt; 0.001".to_owned() } else { format!("{p:.3}") };
        format!("<td>{open}{sign}{mean}{close}{half}</td><td>{p}</td>")
    }
}

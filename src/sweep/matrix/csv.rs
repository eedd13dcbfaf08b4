//! Results as CSV (RFC 4180): a row for each run.

use super::{METRICS, Outcome, Results};
use std::fmt::Write as _;

/// The rows, with a header. A run that did not end has its reason in the last column.
#[must_use]
pub fn csv(results: &Results) -> String {
    let mut text = String::from("profile,abr,seed");
    for metric in METRICS {
        text.push(',');
        text.push_str(metric.name);
    }
    text.push_str(",error\r\n");
    for run in &results.runs {
        // Writing to a String can't fail.
        let _ = write!(text, "{},{},{}", field(&run.profile), field(&run.abr), run.seed);
        match &run.outcome {
            Outcome::Ended(figures) => {
                for metric in METRICS {
                    let _ = write!(text, ",{}", (metric.of)(figures));
                }
                text.push_str(",\r\n");
            }
            Outcome::Failed { error } => {
                text.push_str(&",".repeat(METRICS.len()));
                let _ = write!(text, ",{}\r\n", field(error));
            }
        }
    }
    text
}

fn field(text: &str) -> String {
    if text.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

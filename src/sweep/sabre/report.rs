//! Sabre's figures, in Sabre's words and digits.

use super::{options::SabreOptions, reaction::Reaction};
use crate::player::{EstimateError, Presentation, Totals};
use std::fmt::Write as _;

/// The figures of a finished run.
pub(super) fn report(
    options: &SabreOptions,
    presentation: &Presentation,
    totals: &Totals,
    error: &EstimateError,
    reaction: &Reaction,
) -> String {
    let mut lines = Lines(format!("buffer size: {}\n", options.max_buffer_ms().trunc() + 0.0));
    let segment = presentation.segment();
    let average = 1.0 / (totals.time / segment);
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    let (events, count) = (totals.rebuffer_events as f64, presentation.count() as f64);
    lines.figure("total played utility", totals.utility);
    lines.figure("time average played utility", totals.utility * average);
    lines.figure("total played bitrate", totals.bitrate);
    lines.figure("time average played bitrate", totals.bitrate * average);
    lines.figure("total play time", totals.time / 1000.0);
    lines.figure("total play time chunks", totals.time / segment);
    lines.figure("total rebuffer", totals.rebuffer / 1000.0);
    lines.figure("rebuffer ratio", totals.rebuffer / totals.time);
    lines.figure("time average rebuffer", totals.rebuffer / 1000.0 * average);
    lines.figure("total rebuffer events", events);
    lines.figure("time average rebuffer events", events * average);
    lines.figure("total bitrate change", totals.bitrate_change);
    lines.figure("time average bitrate change", totals.bitrate_change * average);
    lines.figure("total log bitrate change", totals.log_bitrate_change);
    lines.figure("time average log bitrate change", totals.log_bitrate_change * average);
    let penalty = options.gamma_p * totals.rebuffer / segment;
    lines.figure("time average score", average * (totals.utility - penalty));
    lines.estimates("over", error.over, error.over_mean);
    lines.estimates("leq", error.under, error.under_mean);
    lines.figure("estimate", error.mean);
    lines.figure("rampup time", reaction.ramp_up().unwrap_or(count * segment) / 1000.0);
    lines.figure("total reaction time", reaction.total() / 1000.0);
    lines.0
}

struct Lines(String);

impl Lines {
    fn figure(&mut self, name: &str, value: f64) {
        let _ = match value {
            value if value.is_nan() => writeln!(self.0, "{name}: nan"),
            value => writeln!(self.0, "{name}: {value:.6}"),
        };
    }

    fn estimates(&mut self, kind: &str, count: usize, mean: f64) {
        let _ = writeln!(self.0, "{kind} estimate count: {count}");
        if count == 0 {
            let _ = writeln!(self.0, "{kind} estimate: 0");
        } else {
            self.figure(&format!("{kind} estimate"), mean);
        }
    }
}

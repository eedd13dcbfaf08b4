//! One line of `vsps bench --log`.

use super::Run;
use crate::player::{SessionReport, estimator::Estimate};
use serde::Serialize;

const MS: f64 = 1000.0;
const BITS: f64 = 8.0;

/// One segment of one run: what was decided, and what came of it. Times in s, rates in kbit/s.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SegmentLine<'a> {
    profile: &'a str,
    abr: &'a str,
    seed: u64,
    /// From 1, where several players share the link.
    #[serde(skip_serializing_if = "Option::is_none")]
    player: Option<usize>,
    /// From 0.
    segment: usize,
    /// From 0, the lowest.
    rung: usize,
    bitrate_kbps: f64,
    /// When it was requested, since the first request.
    at_s: f64,
    /// How long the request was held up by a full buffer, and by the algorithm.
    wait_s: f64,
    ttfb_s: f64,
    download_s: f64,
    bytes: f64,
    throughput_kbps: f64,
    /// The estimate after it, of algorithms that keep none of their own.
    estimate_kbps: Option<f64>,
    /// At the request, and after the segment was added.
    buffer_before_s: f64,
    buffer_after_s: f64,
    rebuffer_s: f64,
    abandoned: bool,
}

impl<'a> SegmentLine<'a> {
    /// The line of `report`, of player number `player` (from 0) of a run.
    #[must_use]
    pub fn new(
        run: &Run<'a>,
        player: usize,
        report: &SessionReport,
        bitrate_kbps: f64,
        estimate: Option<Estimate>,
    ) -> Self {
        let progress = &report.download.progress;
        Self {
            profile: &run.net.name,
            abr: &run.player.name,
            seed: run.seed,
            player: (run.plan.options.players.get() > 1).then_some(player + 1),
            segment: report.segment,
            rung: report.rung,
            bitrate_kbps,
            at_s: report.at / MS,
            wait_s: (report.full_wait + report.chosen_wait) / MS,
            ttfb_s: progress.first_byte / MS,
            download_s: progress.time / MS,
            bytes: progress.received / BITS,
            throughput_kbps: progress.throughput(),
            estimate_kbps: estimate.map(|estimate| estimate.throughput),
            buffer_before_s: report.levels[0] / MS,
            buffer_after_s: report.levels[2] / MS,
            rebuffer_s: report.rebuffer / MS,
            abandoned: report.download.abandoned,
        }
    }
}

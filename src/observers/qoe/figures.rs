//! The quality of experience of a session as figures, and where each comes from.

use super::record::SessionRecord;
use crate::{
    qoe::{Qoe, rebuffer_ratio},
    units::SessionTime,
};
use serde::Serialize;
use std::time::Duration;

/// Where a figure comes from: `cmcd` = the player reports it, `estimated` = from media times, `none` = not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Sources {
    pub(super) buffer: &'static str,
    pub(super) rebuffer: &'static str,
    pub(super) startup: &'static str,
    pub(super) live_latency: &'static str,
}

fn source(reported: bool, estimated: bool) -> &'static str {
    match (reported, estimated) {
        (true, _) => "cmcd",
        (false, true) => "estimated",
        (false, false) => "none",
    }
}

impl Sources {
    pub(super) fn of(record: &SessionRecord) -> Self {
        let reports = &record.reports;
        let estimated = record.playback.startup.is_some();
        let latency = record.points.estimated_latency().is_some();
        Self {
            buffer: source(reports.buffer, estimated),
            rebuffer: source(reports_rebuffers(record), estimated),
            startup: source(reports.startup.is_some(), estimated),
            live_latency: source(reports.live_latency().is_some(), latency),
        }
    }
}

/// Whether the rebufferings of a session are those that its player reports: a player that reports its buffer also reports
/// starvations (CTA-5004).
const fn reports_rebuffers(record: &SessionRecord) -> bool {
    record.reports.buffer || record.reports.starvation_count > 0
}

/// How often a session rebuffered, without its other figures.
pub(super) fn rebuffer_count(record: &SessionRecord) -> u64 {
    rebuffering(record, reports_rebuffers(record)).0
}

/// The figures of a session. The formulas are those of `docs/abr.md`.
pub(super) fn figures(record: &SessionRecord) -> Qoe {
    let (playback, reports, totals) = (&record.playback, &record.reports, &record.totals);
    let sources = Sources::of(record);
    let (count, lasted) = rebuffering(record, sources.rebuffer == "cmcd");
    let (rebuffer, shown) = (lasted.as_secs_f64(), &playback.shown);
    // A session begins with its first request.
    let startup = reports.startup.or(playback.startup.map(SessionTime::since_zero));
    Qoe {
        startup_seconds: startup.map(|time| time.as_secs_f64()),
        rebuffer_count: count,
        rebuffer_seconds: rebuffer,
        rebuffer_ratio: rebuffer_ratio(rebuffer, shown.played),
        mean_bitrate_bps: shown.mean_bitrate(),
        switches: shown.up + shown.down,
        switches_up: shown.up,
        switches_down: shown.down,
        played_seconds: shown.played,
        wall_seconds: record.now.as_secs_f64(),
        segments: totals.segments,
        bytes: totals.bytes,
        errors: totals.errors,
        retries: record.retries.count,
        live_latency_seconds: reports.live_latency().or(record.points.estimated_latency()),
        qoe_linear: shown.qoe_linear(rebuffer),
    }
}

/// How often and how long playback stood still: as the player reports it, or as estimated. A player that reports
/// starvations without their duration has the estimated one.
fn rebuffering(record: &SessionRecord, reported: bool) -> (u64, Duration) {
    let (playback, reports) = (&record.playback, &record.reports);
    let present = playback.rebuffering();
    let estimated = playback.rebuffered + present.map_or(Duration::ZERO, |present| present.lasts);
    if !reported {
        return (playback.rebuffer_count + u64::from(present.is_some()), estimated);
    }
    let lasted = match reports.starvation_count {
        0 => Duration::ZERO,
        _ => reports.starved.unwrap_or(estimated),
    };
    (reports.starvation_count, lasted)
}

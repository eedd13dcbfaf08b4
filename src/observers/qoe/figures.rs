//! The quality of experience of a session, or of several together, as figures.

use super::record::SessionRecord;
use serde::Serialize;
use std::time::Duration;

/// The figures, with the names and formulas of `docs/abr.md`. A figure that has no value is `None`.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub(super) struct Figures {
    /// From the first request to the first picture.
    startup_seconds: Option<f64>,
    rebuffer_count: u64,
    rebuffer_seconds: f64,
    /// rebuffering ÷ (rebuffering + playback); the startup is no part of it (CTA-2066).
    rebuffer_ratio: Option<f64>,
    /// The mean of the bitrates shown, weighted by time.
    mean_bitrate_bps: Option<f64>,
    switches: u64,
    switches_up: u64,
    switches_down: u64,
    played_seconds: f64,
    wall_seconds: f64,
    segments: u64,
    bytes: u64,
    errors: u64,
    retries: u64,
    live_latency_seconds: Option<f64>,
    qoe_linear: Option<f64>,
}

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
            // A player that reports its buffer also reports starvations (CTA-5004).
            rebuffer: source(reports.buffer || reports.starvation_count > 0, estimated),
            startup: source(reports.startup.is_some(), estimated),
            live_latency: source(reports.live_latency().is_some(), latency),
        }
    }
}

impl Figures {
    pub(super) fn of(record: &SessionRecord) -> Self {
        let (playback, reports, totals) = (&record.playback, &record.reports, &record.totals);
        let sources = Sources::of(record);
        let (count, lasted) = rebuffering(record, sources.rebuffer == "cmcd");
        let (rebuffer, played) = (lasted.as_secs_f64(), playback.shown.played);
        let shown = &playback.shown;
        let over = rebuffer + played;
        Self {
            startup_seconds: reports.startup.or(playback.startup).map(|time| time.as_secs_f64()),
            rebuffer_count: count,
            rebuffer_seconds: rebuffer,
            rebuffer_ratio: (over > 0.0).then(|| rebuffer / over),
            mean_bitrate_bps: shown.mean_bitrate(),
            switches: shown.up + shown.down,
            switches_up: shown.up,
            switches_down: shown.down,
            played_seconds: played,
            wall_seconds: record.now.as_secs_f64(),
            segments: totals.segments,
            bytes: totals.bytes,
            errors: totals.errors,
            retries: record.retries.count,
            live_latency_seconds: reports.live_latency().or(record.points.estimated_latency()),
            qoe_linear: shown.qoe_linear(rebuffer),
        }
    }

    pub(super) const fn rebuffer_count(&self) -> u64 {
        self.rebuffer_count
    }

    /// The figures of several sessions: counts, bytes and times are sums; the ratio and the bitrate follow from them;
    /// the rest are means over the sessions that have a value, and `wall_seconds` is the longest.
    pub(super) fn together(all: &[Self]) -> Self {
        let sum = |of: fn(&Self) -> f64| all.iter().map(of).sum::<f64>();
        let total = |of: fn(&Self) -> u64| all.iter().map(of).sum::<u64>();
        let mean = |of: fn(&Self) -> Option<f64>| {
            let values: Vec<f64> = all.iter().filter_map(of).collect();
            (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
        };
        let (played, rebuffer) = (sum(|one| one.played_seconds), sum(|one| one.rebuffer_seconds));
        let with_bitrate = all.iter().filter_map(|one| {
            one.mean_bitrate_bps.map(|bitrate| (bitrate * one.played_seconds, one.played_seconds))
        });
        let (bits, known) =
            with_bitrate.fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        Self {
            startup_seconds: mean(|one| one.startup_seconds),
            rebuffer_count: total(|one| one.rebuffer_count),
            rebuffer_seconds: rebuffer,
            rebuffer_ratio: (played + rebuffer > 0.0).then(|| rebuffer / (played + rebuffer)),
            mean_bitrate_bps: (known > 0.0).then(|| bits / known),
            switches: total(|one| one.switches),
            switches_up: total(|one| one.switches_up),
            switches_down: total(|one| one.switches_down),
            played_seconds: played,
            wall_seconds: all.iter().fold(0.0, |most: f64, one| most.max(one.wall_seconds)),
            segments: total(|one| one.segments),
            bytes: total(|one| one.bytes),
            errors: total(|one| one.errors),
            retries: total(|one| one.retries),
            live_latency_seconds: mean(|one| one.live_latency_seconds),
            qoe_linear: mean(|one| one.qoe_linear),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_together_weigh_by_the_time_played() {
        let short = Figures {
            startup_seconds: Some(1.0),
            rebuffer_count: 2,
            rebuffer_seconds: 5.0,
            mean_bitrate_bps: Some(1e6),
            played_seconds: 10.0,
            wall_seconds: 16.0,
            bytes: 100,
            ..Figures::default()
        };
        let long = Figures {
            startup_seconds: Some(3.0),
            mean_bitrate_bps: Some(5e6),
            played_seconds: 30.0,
            wall_seconds: 33.0,
            bytes: 50,
            ..Figures::default()
        };
        // It showed something of unknown bitrate, which has no part in the mean of the bitrates.
        let unknown = Figures { played_seconds: 5.0, ..Figures::default() };
        let together = Figures::together(&[short, long, unknown]);
        assert_eq!(
            together.mean_bitrate_bps,
            Some(4e6),
            "(10 s · 1 Mbit/s + 30 s · 5 Mbit/s) ÷ 40 s"
        );
        assert_eq!(together.rebuffer_ratio, Some(0.1), "5 s ÷ (5 s + 45 s)");
        assert_eq!(together.startup_seconds, Some(2.0));
        assert_eq!((together.rebuffer_count, together.bytes), (2, 150));
        assert_eq!((together.played_seconds, together.wall_seconds), (45.0, 33.0));
        assert_eq!(Figures::together(&[]), Figures::default());
    }
}

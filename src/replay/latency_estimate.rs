//! The latency of the network, from what players waited for.

use super::record::{Record, Recording};
use crate::media::Kind;
use serde::Serialize;
use std::time::Duration;

/// With fewer waits there is no distribution.
const LEAST_WAITS: usize = 8;
/// The quantiles of the distribution, in percent.
const QUANTILES: [u32; 10] = [5, 15, 25, 35, 45, 55, 65, 75, 85, 95];
/// A wait is out of line if it exceeds the median by this factor, and by this time.
const FACTOR: u32 = 5;
const EXCESS: Duration = Duration::from_millis(500);
/// When more than this share is out of line, the network is like that.
const MOST_SLOW: f64 = 0.2;

/// The latency of a recording.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct LatencyEstimate {
    /// The waits behind the figures.
    pub(super) waits: usize,
    /// The least (the lowest tenth), in ms.
    pub(super) base_ms: f64,
    pub(super) median_ms: f64,
    /// Nine of ten waits are shorter.
    pub(super) p90_ms: f64,
    /// What comes on top of the least, at evenly spaced quantiles; empty if it does not vary.
    pub(super) jitter_ms: Vec<f64>,
    /// Whether the waits were measured apart from those for the origin.
    pub(super) apart: bool,
    /// The median time to connect, if connections were made.
    pub(super) connect_ms: Option<f64>,
}

/// The wait of a record, as far as the network caused it.
fn wait_of(record: &Record) -> Duration {
    record.latency.unwrap_or_else(|| record.own_wait())
}

/// Whether the wait of a record says something of the network: manifests of a live stream may wait for what does not
/// exist yet.
fn says(record: &Record) -> bool {
    record.status != 0 && record.class.kind != Kind::Part
}

/// The latency; `None` if there was no response.
pub(super) fn latency(recording: &Recording) -> Option<LatencyEstimate> {
    let all = || recording.records.iter().filter(|record| says(record));
    let media = all().filter(|record| !record.class.kind.is_manifest());
    let mut waits: Vec<Duration> = media.map(wait_of).collect();
    if waits.len() < 3 {
        waits = all().map(wait_of).collect();
    }
    waits.sort_unstable();
    let slow = slow_from(&waits);
    waits.retain(|wait| slow.is_none_or(|slow| *wait < slow));
    let median = quantile(&waits, 50)?;
    let (base, p90) = (quantile(&waits, 10)?, quantile(&waits, 90)?);
    let varies = waits.len() >= LEAST_WAITS && p90 - base > Duration::from_millis(2).max(base / 10);
    let jitter =
        |percent: &u32| ms(quantile(&waits, *percent).unwrap_or_default().saturating_sub(base));
    let mut connects: Vec<_> = recording.records.iter().filter_map(|r| r.connect).collect();
    connects.sort_unstable();
    Some(LatencyEstimate {
        waits: waits.len(),
        base_ms: ms(if varies { base } else { median }),
        median_ms: ms(median),
        p90_ms: ms(p90),
        jitter_ms: if varies { QUANTILES.iter().map(jitter).collect() } else { Vec::new() },
        apart: recording.records.iter().any(|record| record.latency.is_some()),
        connect_ms: quantile(&connects, 50).map(ms),
    })
}

/// From which wait on a response is slow by itself, rather than by the network.
pub(super) fn slow_wait(recording: &Recording) -> Option<(Duration, Duration)> {
    let mut waits: Vec<Duration> = recording
        .records
        .iter()
        .filter(|record| says(record) && !record.class.kind.is_manifest())
        .map(Record::own_wait)
        .collect();
    waits.sort_unstable();
    Some((slow_from(&waits)?, quantile(&waits, 50)?))
}

/// The limit, for sorted waits; `None` when too few or too many are beyond it.
fn slow_from(waits: &[Duration]) -> Option<Duration> {
    let median = quantile(waits, 50).filter(|_| waits.len() >= 4)?;
    let limit = (median * FACTOR).max(median + EXCESS);
    let slow = waits.len() - waits.partition_point(|wait| *wait < limit);
    (slow > 0 && slow as f64 <= MOST_SLOW * waits.len() as f64).then_some(limit)
}

/// Of sorted values.
fn quantile(sorted: &[Duration], percent: u32) -> Option<Duration> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get((last * percent as usize + 50) / 100).copied()
}

fn ms(span: Duration) -> f64 {
    (span.as_secs_f64() * 1e5).round() / 1e2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording(waits: &[u64]) -> Recording {
        let record = |wait: &u64| Record {
            status: 200,
            wait: Duration::from_millis(*wait),
            ..Record::default()
        };
        Recording { records: waits.iter().map(record).collect(), ..Recording::default() }
    }

    #[test]
    fn steady_waits_are_a_round_trip() {
        let latency = latency(&recording(&[80; 20])).unwrap();
        assert_eq!((latency.base_ms, latency.jitter_ms.len(), latency.waits), (80.0, 0, 20));
    }

    #[test]
    fn what_varies_is_jitter() {
        let waits: Vec<u64> = (0..100).map(|n| 50 + n).collect();
        let latency = latency(&recording(&waits)).unwrap();
        assert_eq!((latency.base_ms, latency.median_ms), (60.0, 100.0));
        assert_eq!(latency.jitter_ms[..3], [0.0, 5.0, 15.0]);
        assert_eq!(latency.jitter_ms[9], 84.0);
    }

    /// One object that took seconds is a fault, and not the network.
    #[test]
    fn a_slow_object_is_no_latency() {
        let mut waits = vec![40; 19];
        waits.push(4000);
        let recording = recording(&waits);
        assert_eq!(latency(&recording).unwrap().p90_ms, 40.0);
        let (limit, median) = slow_wait(&recording).unwrap();
        assert_eq!((limit.as_millis(), median.as_millis()), (540, 40));
        assert_eq!(slow_wait(&tests::recording(&[40, 4000, 4000, 40])), None);
    }

    /// A rule delays again what it delayed: its delay is no latency of the network, too.
    #[test]
    fn delays_of_rules_are_no_latency() {
        let mut recording = recording(&[2040; 20]);
        for record in &mut recording.records {
            record.delayed = Duration::from_secs(2);
        }
        let latency = latency(&recording).unwrap();
        assert_eq!((latency.base_ms, latency.p90_ms), (40.0, 40.0));
        assert_eq!(slow_wait(&recording), None);
    }

    #[test]
    fn without_responses_there_is_none() {
        assert_eq!(latency(&Recording::default()), None);
    }
}

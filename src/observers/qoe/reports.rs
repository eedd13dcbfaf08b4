//! What a player reports about itself (CMCD), and how it compares with what was delivered.

use crate::{
    observers::series::{Ring, Series},
    units::SessionTime,
};
use std::{collections::VecDeque, time::Duration};

/// Starvations that are kept.
const MOST_STARVATIONS: usize = 256;
/// Reported throughputs that are kept.
const MOST_THROUGHPUTS: usize = 1024;
/// The number of segments over which the delivered throughput is averaged.
const SEGMENTS: usize = 3;
/// Smaller responses would measure the round trip, not the throughput.
const LEAST_BYTES: u64 = 16 * 1024;

/// A starvation that a player reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Starvation {
    pub(super) at: SessionTime,
    /// `bsd`; `None` = the player says only that its buffer was empty.
    pub(super) lasts: Option<Duration>,
}

/// A reported throughput (`mtp`), and the delivered one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Throughput {
    pub(super) at: SessionTime,
    /// bit/s.
    pub(super) reported: Option<f64>,
    pub(super) delivered: Option<f64>,
}

/// The difference between reported and actual values.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Difference {
    pub(super) samples: u64,
    sum: f64,
    absolute: f64,
}

impl Difference {
    fn add(&mut self, difference: f64) {
        self.samples += 1;
        self.sum += difference;
        self.absolute += difference.abs();
    }

    pub(super) fn mean(&self) -> Option<f64> {
        (self.samples > 0).then(|| self.sum / self.samples as f64)
    }

    pub(super) fn mean_absolute(&self) -> Option<f64> {
        (self.samples > 0).then(|| self.absolute / self.samples as f64)
    }
}

/// The reports of a session's player.
#[derive(Debug, Clone)]
pub(super) struct Reports {
    /// Whether the player reports its buffer.
    pub(super) buffer: bool,
    /// Whether it reports starvations, as far as is known: it has reported one, or its buffer.
    pub(super) starvations: Ring<Starvation>,
    pub(super) starvation_count: u64,
    pub(super) starved: Option<Duration>,
    /// The startup delay (`msd`).
    pub(super) startup: Option<Duration>,
    /// The sum of the reported live latencies, in seconds, and their number.
    latency: (f64, u64),
    pub(super) throughputs: Series<Throughput>,
    recent: VecDeque<(u64, Duration)>,
    /// Reported ÷ delivered throughput − 1.
    pub(super) throughput_error: Difference,
    /// Reported − estimated buffer, in ms.
    pub(super) buffer_error: Difference,
}

impl Default for Reports {
    fn default() -> Self {
        Self {
            buffer: false,
            starvations: Ring::new(MOST_STARVATIONS),
            starvation_count: 0,
            starved: None,
            startup: None,
            latency: (0.0, 0),
            throughputs: Series::new(MOST_THROUGHPUTS),
            recent: VecDeque::new(),
            throughput_error: Difference::default(),
            buffer_error: Difference::default(),
        }
    }
}

impl Reports {
    /// A segment of `bytes` arrived whole at `at`, `took` after its request.
    pub(super) fn delivered(&mut self, at: SessionTime, bytes: u64, took: Duration) {
        if bytes < LEAST_BYTES || took.is_zero() {
            return;
        }
        if self.recent.len() >= SEGMENTS {
            self.recent.pop_front();
        }
        self.recent.push_back((bytes, took));
        let delivered = self.throughput();
        self.throughputs.push(Throughput { at, reported: None, delivered });
    }

    /// The throughput of the last segments as a player measures it: bits ÷ time from request to last byte.
    pub(super) fn throughput(&self) -> Option<f64> {
        let bytes: u64 = self.recent.iter().map(|(bytes, _)| bytes).sum();
        let time: Duration = self.recent.iter().map(|(_, took)| *took).sum();
        (!time.is_zero()).then(|| bytes as f64 * 8.0 / time.as_secs_f64())
    }

    /// The player reports the throughput `reported`, in bit/s.
    pub(super) fn measured(&mut self, at: SessionTime, reported: f64) {
        let delivered = self.throughput();
        if let Some(delivered) = delivered {
            self.throughput_error.add(reported / delivered - 1.0);
        }
        self.throughputs.push(Throughput { at, reported: Some(reported), delivered });
    }

    /// The player reports that it has buffered `reported`; the estimate is `estimated`.
    pub(super) fn buffered(&mut self, reported: Duration, estimated: Option<Duration>) {
        self.buffer = true;
        if let Some(estimated) = estimated {
            self.buffer_error.add((reported.as_secs_f64() - estimated.as_secs_f64()) * 1e3);
        }
    }

    /// The player reports that its buffer was empty.
    pub(super) fn starved(&mut self, at: SessionTime, lasts: Option<Duration>) {
        self.starvations.push(Starvation { at, lasts });
        self.starvation_count += 1;
        if let Some(lasts) = lasts {
            self.starved = Some(self.starved.unwrap_or_default() + lasts);
        }
    }

    /// The player reports its distance to the live edge.
    pub(super) fn behind_live(&mut self, latency: Duration) {
        self.latency.0 += latency.as_secs_f64();
        self.latency.1 += 1;
    }

    /// The mean of the reported live latencies, in seconds.
    pub(super) fn live_latency(&self) -> Option<f64> {
        (self.latency.1 > 0).then(|| self.latency.0 / self.latency.1 as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reported_throughput_is_compared_with_the_last_segments() {
        let mut reports = Reports::default();
        let (at, second) = (SessionTime::from_secs(1), Duration::from_secs(1));
        reports.measured(at, 1e6);
        assert_eq!(reports.throughput_error.samples, 0);
        // 1, 2, 3 and 6 Mbit/s over a second each: the last three have 11 Mbit in 3 s.
        for bytes in [125_000, 250_000, 375_000, 750_000] {
            reports.delivered(at, bytes, second);
        }
        reports.delivered(at, 100, second);
        assert_eq!(reports.throughput(), Some(11e6 / 3.0));
        reports.measured(at, 11e6 / 6.0);
        assert_eq!(reports.throughput_error.mean(), Some(-0.5));
        assert_eq!(reports.throughput_error.mean_absolute(), Some(0.5));
    }

    #[test]
    fn starvations_add_up_as_far_as_they_are_known() {
        let mut reports = Reports::default();
        reports.starved(SessionTime::ZERO, None);
        assert_eq!((reports.starvation_count, reports.starved), (1, None));
        reports.starved(SessionTime::ZERO, Some(Duration::from_millis(300)));
        assert_eq!(
            (reports.starvation_count, reports.starved),
            (2, Some(Duration::from_millis(300)))
        );
    }
}

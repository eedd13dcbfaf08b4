//! The throughput rule: the highest bitrate within a share of the estimate.
//!
//! Source: dash.js's ThroughputRule as modelled by Sabre (Spiteri et al., MMSys 2018).

use super::{Abr, Choice, State, insufficient_buffer::InsufficientBuffer};
use crate::player::network::Progress;

const SAFETY: f64 = 0.9;
/// A download is given up when it would take longer than this, in durations of a segment …
const ABANDON_FACTOR: f64 = 1.8;
/// … but not before this many ms.
const ABANDON_AFTER: f64 = 500.0;

/// See the module.
#[derive(Debug)]
pub struct Throughput {
    insufficient_buffer: Option<InsufficientBuffer>,
}

impl Throughput {
    /// The rule, with or without the insufficient-buffer rule.
    #[must_use]
    pub fn new(insufficient_buffer: bool) -> Self {
        Self { insufficient_buffer: insufficient_buffer.then(InsufficientBuffer::new) }
    }
}

impl Abr for Throughput {
    fn choose(&mut self, state: &State<'_>) -> Choice {
        let Some(estimate) = state.estimate else { return Choice::now(0) };
        let rung = state.sustainable(estimate.throughput * SAFETY);
        let limit = self.insufficient_buffer.as_mut().and_then(|rule| rule.limit(state, rung));
        Choice::now(limit.unwrap_or(rung))
    }

    fn abandon(
        &mut self,
        state: &State<'_>,
        rung: usize,
        progress: &Progress,
        _level: f64,
    ) -> Option<usize> {
        let time = progress.time - progress.first_byte;
        if progress.time < ABANDON_AFTER || time <= 0.0 {
            return None;
        }
        let throughput = progress.received / time;
        let left = progress.size - progress.received;
        if progress.time + left / throughput <= ABANDON_FACTOR * state.presentation.segment() {
            return None;
        }
        let lower = state.sustainable(throughput * SAFETY);
        let bitrates = state.presentation.bitrates();
        let size = progress.size * bitrates[lower] / bitrates[rung];
        (lower < rung && size < left).then_some(lower)
    }
}

//! dash.js's L2A-LL: online learning of a probability for each rung, for low latency.
//!
//! Source: Karagkioules et al., "Online Learning for Low-Latency Adaptive Streaming", MMSys 2020, as in
//! dash.js 5.2.1. Its units differ within one formula (bit/s against kbit/s); that is kept.

use crate::player::presentation::Presentation;

/// Decisions until convergence.
const HORIZON: f64 = 4.0;
/// How much the multiplier grows after a rung above the throughput.
const REACT: f64 = 2.0;
/// Seconds of buffer from which on the rule learns.
const TARGET: f64 = 1.5;
/// bit/s in a kbit/s.
const BITS: f64 = 1000.0;

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct L2aRule {
    /// `None` before the rule was asked for the first time.
    state: Option<State>,
    /// Caution: 4 to the power of 0.99.
    caution: f64,
}

#[derive(Debug, Clone)]
struct State {
    steady: bool,
    /// The duration of the last segment in seconds.
    duration: Option<f64>,
    current: usize,
    weights: Vec<f64>,
    /// The Lagrange multiplier.
    multiplier: f64,
}

/// What the rule needs to know of the moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct L2aMoment<'a> {
    pub(super) presentation: &'a Presentation,
    /// Seconds.
    pub(super) buffer: f64,
    /// The highest rung within the safe throughput.
    pub(super) sustainable: usize,
    /// The newest throughput in kbit/s, rounded.
    pub(super) throughput: f64,
    pub(super) playback_rate: f64,
}

impl L2aRule {
    pub(super) fn new() -> Self {
        Self { state: None, caution: HORIZON.powf(0.99) }
    }

    /// A segment of `duration` seconds at `rung` was loaded.
    pub(super) const fn on_segment(&mut self, rung: usize, duration: f64) {
        if let Some(state) = &mut self.state {
            state.duration = Some(duration);
            state.current = rung;
        }
    }

    pub(super) const fn on_seek(&mut self) {
        if let Some(state) = &mut self.state {
            state.steady = false;
            state.duration = None;
        }
    }

    /// The rung that the rule proposes.
    pub(super) fn proposal(&mut self, moment: &L2aMoment<'_>) -> usize {
        let caution = self.caution;
        let state = self.state.get_or_insert_with(|| State {
            steady: false,
            duration: None,
            current: 0,
            weights: Vec::new(),
            multiplier: 0.0,
        });
        if state.steady { state.steady(moment, caution) } else { state.startup(moment, caution) }
    }
}

impl State {
    fn startup(&mut self, moment: &L2aMoment<'_>, caution: f64) -> usize {
        self.current = moment.sustainable;
        if self.duration.is_some() && moment.buffer >= TARGET {
            self.steady = true;
            self.multiplier = caution;
            self.weights = vec![0.0; moment.presentation.bitrates().len()];
            self.weights[self.current] = 1.0;
        }
        self.current
    }

    fn steady(&mut self, moment: &L2aMoment<'_>, caution: f64) -> usize {
        let throughput = moment.throughput.max(1.0);
        let duration = self.duration.unwrap_or(f64::NAN);
        let rates = moment.presentation.bitrates();
        let before = std::mem::take(&mut self.weights);
        let step = duration / (2.0 * HORIZON.max(caution * HORIZON.sqrt()));
        let mut sign = 1.0;
        let moved = before.iter().zip(rates).map(|(weight, rate)| {
            let load = moment.playback_rate * rate;
            // From the first rung above the throughput on, all become less likely.
            if load > throughput {
                sign = -1.0;
            }
            weight + sign * step * ((self.multiplier + caution) * (load / throughput))
        });
        self.weights = project(&moved.collect::<Vec<_>>());
        let change: Vec<f64> =
            self.weights.iter().zip(&before).map(|(weight, before)| weight - before).collect();
        let bits: Vec<f64> = rates.iter().map(|rate| rate * BITS).collect();
        let load = (dot(&bits, &self.weights) + dot(&bits, &change)) / throughput;
        self.multiplier =
            (self.multiplier - duration + duration * moment.playback_rate * load).max(0.0);
        let mut rung = nearest(&bits, dot(&self.weights, &bits));
        if rung > self.current && bits[self.current + 1] <= throughput {
            rung = self.current + 1;
        }
        if rates[rung] >= throughput {
            self.multiplier = REACT * caution.max(self.multiplier);
        }
        self.current = rung;
        rung
    }
}

/// The first rung whose bitrate is nearest to `wanted`.
fn nearest(bits: &[f64], wanted: f64) -> usize {
    let mut found = (0, f64::INFINITY);
    for (rung, bitrate) in bits.iter().enumerate() {
        let distance = (bitrate - wanted).abs();
        if distance < found.1 {
            found = (rung, distance);
        }
    }
    found.0
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).fold(0.0, |sum, part| sum + part)
}

/// The point nearest to `point` whose parts are not negative and sum to 1 (arXiv:1101.6081).
fn project(point: &[f64]) -> Vec<f64> {
    let mut sorted = point.to_vec();
    sorted.sort_by(|one, other| other.total_cmp(one));
    let (mut sum, mut parts, mut most) = (0.0, 0.0, 0.0);
    let mut found = false;
    for pair in sorted.windows(2) {
        sum += pair[0];
        parts += 1.0;
        most = (sum - 1.0) / parts;
        if most >= pair[1] {
            found = true;
            break;
        }
    }
    if !found {
        let lowest = sorted.last().copied().unwrap_or_default();
        most = (sum + lowest - 1.0) / (parts + 1.0);
    }
    point.iter().map(|part| (part - most).max(0.0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn projections_are_probabilities() {
        assert_eq!(project(&[0.2, 0.8]), [0.2, 0.8]);
        assert_eq!(project(&[3.0, 1.0, 0.0]), [1.0, 0.0, 0.0]);
        assert_eq!(project(&[1.0, 1.0]), [0.5, 0.5]);
        assert_eq!(project(&[7.0]), [1.0]);
        let sum: f64 = project(&[0.9, -0.3, 0.7, 0.1]).iter().sum();
        assert!((sum - 1.0).abs() < 1e-12);
    }
}

//! dash.js's LoL+: a self-organising map of the rungs, for low latency.
//!
//! Source: Bentaleb et al., "Catching the Moment With LoL+ in Twitch-Like Low-Latency Live Streaming
//! Platforms", IEEE Trans. Multimedia 2022, as in dash.js 5.2.1. dash.js draws random weights at the
//! start, but they never decide: as long as the map is used, the present rung itself has a next
//! buffer that allows weights to be chosen. No random numbers are needed here.

use super::lolp_weights::{self, Network};
use crate::player::presentation::Presentation;

/// The width of a neighbourhood, and how fast the map learns.
const SIGMA: f64 = 0.1;
const LEARNING_RATE: f64 = 0.01;
/// Latencies are divided by this, in seconds.
const LATENCY_SCALE: f64 = 100.0;
/// How far below the throughput a rung must be, in bit/s …
const THROUGHPUT_MARGIN: f64 = 10_000.0;
/// … or its distance in throughput weighs this much.
const URGENT: f64 = 100.0;
/// bit/s in a kbit/s.
const BITS: f64 = 1000.0;

/// A point of the map: normalised throughput, latency, rebuffering and switch.
type Point = [f64; 4];

/// See the module.
#[derive(Debug, Clone, Default)]
pub(super) struct LolpRule {
    /// One neuron a rung; empty before the rule was asked for the first time.
    neurons: Vec<Point>,
    /// The length of the vector of all bitrates.
    scale: f64,
    weights: Option<Point>,
}

/// What the rule needs to know of the moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct LolpMoment<'a> {
    pub(super) presentation: &'a Presentation,
    /// Seconds.
    pub(super) buffer: f64,
    /// The safe throughput in kbit/s.
    pub(super) safe: f64,
    /// Seconds behind the live edge.
    pub(super) latency: f64,
    pub(super) playback_rate: f64,
    /// The rung of the last segment.
    pub(super) current: usize,
}

impl LolpRule {
    /// The rung that the rule proposes.
    pub(super) fn proposal(&mut self, moment: &LolpMoment<'_>) -> usize {
        let bits: Vec<f64> =
            moment.presentation.bitrates().iter().map(|rate| rate * BITS).collect();
        self.prepare(&bits);
        let network = Network {
            bits: &bits,
            segment: moment.presentation.segment() / BITS,
            buffer: moment.buffer,
            throughput: moment.safe * BITS,
        };
        if moment.buffer - network.download_time(moment.current) < lolp_weights::MINIMUM_BUFFER {
            return below(&bits, moment.current, network.throughput);
        }
        let found = lolp_weights::best(&network, &self.neurons, moment.playback_rate);
        self.weights = found.or(self.weights);
        let Some(weights) = self.weights else { return moment.current };
        let throughput = self.normalised(network.throughput);
        let winner = self.winner(&network, weights, throughput);
        let rebuffer = (network.download_time(moment.current) - moment.buffer).max(0.0);
        let switch = (bits[moment.current] - bits[winner]).abs() / self.scale;
        let latency = moment.latency / LATENCY_SCALE;
        self.learn(moment.current, [throughput, latency, rebuffer, switch]);
        self.learn(winner, [throughput, 0.0, 0.0, switch]);
        winner
    }

    fn prepare(&mut self, bits: &[f64]) {
        if self.neurons.is_empty() {
            self.scale = bits.iter().map(|bitrate| bitrate * bitrate).sum::<f64>().sqrt();
            self.neurons =
                bits.iter().map(|bitrate| [bitrate / self.scale, 0.0, 0.0, 0.0]).collect();
        }
    }

    /// A throughput in units of the map; what is above 1 becomes the highest of the map.
    fn normalised(&self, throughput: f64) -> f64 {
        let normalised = throughput / self.scale;
        if normalised > 1.0 {
            self.neurons.iter().fold(0.0, |most: f64, neuron| most.max(neuron[0]))
        } else {
            normalised
        }
    }

    /// The rung nearest to the throughput without latency, rebuffering and switches.
    fn winner(&self, network: &Network<'_>, weights: Point, throughput: f64) -> usize {
        let mut found = (0, f64::INFINITY);
        for (rung, neuron) in self.neurons.iter().enumerate() {
            let mut weights = weights;
            let low = network.next_buffer(rung) < lolp_weights::MINIMUM_BUFFER;
            let above = network.bits[rung] > network.throughput - THROUGHPUT_MARGIN;
            if rung > 0 && (above || low) {
                weights[0] = URGENT;
            }
            let distance = distance(neuron, &[throughput, 0.0, 0.0, 0.0], &weights);
            if distance < found.1 {
                found = (rung, distance);
            }
        }
        found.0
    }

    /// Moves the neuron of `rung` and its neighbours towards `point`.
    fn learn(&mut self, rung: usize, point: Point) {
        for index in 0..self.neurons.len() {
            // The neuron itself may have moved before its later neighbours do.
            let away = distance(&self.neurons[index], &self.neurons[rung], &[1.0; 4]);
            let neighbourhood = (-away * away / (2.0 * (SIGMA * SIGMA))).exp();
            for (part, target) in self.neurons[index].iter_mut().zip(point) {
                *part += (target - *part) * LEARNING_RATE * neighbourhood;
            }
        }
    }
}

/// The highest rung below `current` whose bitrate is below the throughput, or `current`.
fn below(bits: &[f64], current: usize, throughput: f64) -> usize {
    (0..current).rev().find(|rung| throughput > bits[*rung]).unwrap_or(current)
}

fn distance(one: &Point, other: &Point, weights: &Point) -> f64 {
    let parts = one.iter().zip(other).zip(weights);
    parts.map(|((one, other), weight)| weight * ((one - other) * (one - other))).sum::<f64>().sqrt()
}

//! The weights of LoL+'s distances: those that promise the best quality of experience.

/// Seconds that the buffer must keep.
pub(super) const MINIMUM_BUFFER: f64 = 0.3;
/// The values that a weight can have.
const VALUES: [f64; 5] = [0.2, 0.4, 0.6, 0.8, 1.0];
const SMALLEST_REBUFFER: f64 = 0.00001;
/// Latencies up to this, in seconds, cost little.
const LOW_LATENCY: f64 = 1.1;
const LOW_LATENCY_PENALTY: f64 = 0.05;
const LATENCY_PENALTY: f64 = 0.1;
const THOUSAND: f64 = 1000.0;

/// The network and the buffer at the next download.
#[derive(Debug, Clone, Copy)]
pub(super) struct Network<'a> {
    /// bit/s of each rung.
    pub(super) bits: &'a [f64],
    /// Seconds.
    pub(super) segment: f64,
    /// Seconds.
    pub(super) buffer: f64,
    /// bit/s.
    pub(super) throughput: f64,
}

impl Network<'_> {
    /// Seconds that a segment at `rung` takes.
    pub(super) fn download_time(&self, rung: usize) -> f64 {
        (self.bits[rung] * self.segment) / self.throughput
    }

    /// The buffer in seconds after it.
    pub(super) fn next_buffer(&self, rung: usize) -> f64 {
        let time = self.download_time(rung);
        if time > self.segment {
            self.buffer - self.segment
        } else {
            self.buffer + self.segment - time
        }
    }
}

/// The weights of throughput, latency, rebuffering and switches of the best quality of experience; of
/// equals the first. `None` if the buffer would be too low at every rung.
///
/// The weights of throughput and switches do not change the quality, so that their first value stands.
pub(super) fn best(network: &Network<'_>, neurons: &[[f64; 4]], rate: f64) -> Option<[f64; 4]> {
    let mut found: Option<(f64, [f64; 4])> = None;
    for (rung, neuron) in neurons.iter().enumerate() {
        let next = network.next_buffer(rung);
        if next < MINIMUM_BUFFER {
            continue;
        }
        let rebuffer = (network.download_time(rung) - next).max(SMALLEST_REBUFFER);
        for latency in VALUES {
            for buffer in VALUES {
                let weighted = [(1.0 / buffer) * rebuffer, (1.0 / latency) * neuron[1]];
                let quality = quality(network, rung, weighted, rate);
                if found.is_none_or(|(best, _)| quality > best) {
                    found = Some((quality, [VALUES[0], latency, buffer, VALUES[0]]));
                }
            }
        }
    }
    found.map(|(_, weights)| weights)
}

/// The quality of experience of one segment. dash.js counts the bitrate in bit/s and the penalties in
/// kbit/s.
fn quality(network: &Network<'_>, rung: usize, [rebuffer, latency]: [f64; 2], rate: f64) -> f64 {
    let lowest = network.bits[0] / THOUSAND;
    let highest = network.bits[network.bits.len() - 1] / THOUSAND;
    let penalty = if latency <= LOW_LATENCY {
        lowest * LOW_LATENCY_PENALTY
    } else {
        highest * LATENCY_PENALTY
    };
    network.segment * network.bits[rung]
        - highest * rebuffer
        - penalty * latency
        - lowest * (1.0 - rate).abs()
}

//! The network model of Pensieve's simulator: a rate that holds between the times of a trace, a share
//! of it for payload, and a round trip that is added to each download without moving the trace.
//!
//! Source: Mao, Netravali, Alizadeh, "Neural Adaptive Video Streaming with Pensieve", SIGCOMM 2017;
//! without the noise that is used in training.

use super::{Download, Network, NeverEnds, Progress};

/// The share of the rate that carries payload.
const PAYLOAD: f64 = 0.95;
/// The round trip in ms.
const ROUND_TRIP: f64 = 80.0;
/// Bytes per second of 1 Mbit/s.
const MEGABIT: f64 = 1_000_000.0;
const BITS: f64 = 8.0;
const MS: f64 = 1000.0;

/// A trace of (second, Mbit/s), repeated for ever. The rate at index i holds from time i − 1 to time
/// i; the rate at index 0 is not used.
#[derive(Debug)]
pub struct PensieveNetwork {
    times: Vec<f64>,
    rates: Vec<f64>,
    index: usize,
    clock: f64,
    unspent: f64,
}

impl PensieveNetwork {
    /// A network at the start of the trace; `None` if it has fewer than two points, times that do not
    /// ascend, or nothing that is ever carried.
    #[must_use]
    pub fn new(times: Vec<f64>, rates: Vec<f64>) -> Option<Self> {
        let sound = times.len() == rates.len()
            && times.iter().chain(&rates).all(|value| value.is_finite() && *value >= 0.0)
            && times.is_sorted()
            && times.last() > Some(&0.0);
        let clock = *times.first()?;
        let carries =
            times.windows(2).zip(rates.get(1..)?).any(|(t, rate)| t[1] > t[0] && *rate > 0.0)
                || rates.get(1).is_some_and(|rate| *rate > 0.0);
        (sound && carries).then_some(Self { times, rates, index: 1, clock, unspent: 0.0 })
    }

    /// What was left of the last wait when it came into its last period, in ms: the published logs
    /// count this instead of the whole wait.
    #[must_use]
    pub const fn unspent(&self) -> f64 {
        self.unspent
    }

    /// Seconds left at the current rate.
    fn left(&self) -> f64 {
        self.times[self.index] - self.clock
    }

    fn next_period(&mut self) {
        self.clock = self.times[self.index];
        self.index += 1;
        if self.index >= self.times.len() {
            self.index = 1;
            self.clock = 0.0;
        }
    }
}

impl Network for PensieveNetwork {
    fn download(
        &mut self,
        size: f64,
        _watch: Option<&mut dyn FnMut(&Progress) -> bool>,
    ) -> Result<Download, NeverEnds> {
        let bytes = size / BITS;
        let (mut sent, mut delay, mut idle) = (0.0, 0.0, 0);
        loop {
            let rate = self.rates[self.index] * MEGABIT / BITS;
            let duration = self.left();
            let payload = rate * duration * PAYLOAD;
            if sent + payload > bytes {
                let time = (bytes - sent) / rate / PAYLOAD;
                delay += time;
                self.clock += time;
                break;
            }
            idle = if payload > 0.0 { 0 } else { idle + 1 };
            if idle > 2 * self.times.len() {
                return Err(NeverEnds);
            }
            sent += payload;
            delay += duration;
            self.next_period();
        }
        let time = delay * MS + ROUND_TRIP;
        let progress = Progress { size, received: size, time, first_byte: ROUND_TRIP };
        Ok(Download::whole(progress))
    }

    fn wait(&mut self, mut time: f64) {
        loop {
            let duration = self.left();
            if duration > time / MS {
                self.clock += time / MS;
                break;
            }
            time -= duration * MS;
            self.next_period();
        }
        self.unspent = time;
    }
}

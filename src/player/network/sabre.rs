//! Sabre's network model: periods of a bandwidth and a latency, one latency per request.
//!
//! Source: Spiteri, Sitaraman, Sparacio, "From Theory to Practice: Improving Bitrate Adaptation in the
//! DASH Reference Player", MMSys 2018. The order of the arithmetic is Sabre's, so that results are
//! equal to the last digit.

use super::{CapacityChange, Download, Network, NeverEnds, Progress};
use std::collections::VecDeque;

/// A download is checked when it has received at least this number of bits since the last check …
const PROGRESS_SIZE: f64 = 12_000.0;
/// … and this many ms passed.
const PROGRESS_TIME: f64 = 50.0;

/// A part of a trace.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Period {
    /// ms.
    pub duration: f64,
    /// kbit/s.
    pub bandwidth: f64,
    /// ms.
    pub latency: f64,
}

impl Period {
    const fn at(self, at: f64) -> CapacityChange {
        CapacityChange { at, bandwidth: self.bandwidth, latency: self.latency }
    }
}

/// Periods, repeated for ever.
#[derive(Debug)]
pub struct SabreNetwork {
    trace: Vec<Period>,
    index: usize,
    /// ms until the next period.
    left: f64,
    clock: f64,
    changes: VecDeque<CapacityChange>,
    /// Periods since the last bit or the last latency was spent.
    idle: usize,
}

impl SabreNetwork {
    /// A network at the start of `trace`; `None` if it is empty, or never goes on in time.
    #[must_use]
    pub fn new(trace: Vec<Period>) -> Option<Self> {
        let first = *trace.first()?;
        let sound = |period: &Period| {
            [period.duration, period.bandwidth, period.latency]
                .iter()
                .all(|value| value.is_finite() && *value >= 0.0)
        };
        if !trace.iter().all(sound) || !trace.iter().any(|period| period.duration > 0.0) {
            return None;
        }
        let changes = VecDeque::from([first.at(0.0)]);
        Some(Self { trace, index: 0, left: first.duration, clock: 0.0, changes, idle: 0 })
    }

    const fn now(&self) -> Period {
        // `index` is below the length, which is at least 1.
        self.trace.as_slice()[self.index]
    }

    fn next_period(&mut self) {
        self.idle += 1;
        self.index = (self.index + 1) % self.trace.len();
        self.left = self.now().duration;
        self.changes.push_back(self.now().at(self.clock));
    }

    /// Spends `time` within the current period.
    fn spend(&mut self, time: f64) {
        self.clock += time;
        self.left -= time;
    }

    /// Goes to the next period; returns the time that takes.
    fn skip(&mut self) -> f64 {
        let time = self.left;
        self.clock += time;
        self.next_period();
        time
    }

    /// Whether nothing can be carried: every period was seen without progress.
    fn is_dead(&self) -> bool {
        self.idle > 2 * self.trace.len()
    }

    /// One latency, in shares of the periods that it lies in.
    fn latency(&mut self) -> f64 {
        let (mut share, mut total) = (1.0, 0.0);
        while share > 0.0 {
            let latency = self.now().latency;
            let time = share * latency;
            if time <= self.left {
                total += time;
                self.spend(time);
                share = 0.0;
            } else {
                // `time` > `left` implies a latency above 0.
                total += self.left;
                share -= self.left / latency;
                self.skip();
            }
        }
        self.idle = 0;
        total
    }

    /// The time that `size` bits take.
    fn transfer(&mut self, mut size: f64) -> Result<f64, NeverEnds> {
        let mut total = 0.0;
        while size > 0.0 {
            let bandwidth = self.now().bandwidth;
            if size <= self.left * bandwidth {
                let time = size / bandwidth;
                total += time;
                self.spend(time);
                size = 0.0;
            } else {
                total += self.left;
                size -= self.left * bandwidth;
                self.note(self.left * bandwidth);
                self.skip();
            }
            if self.is_dead() {
                return Err(NeverEnds);
            }
        }
        self.idle = 0;
        Ok(total)
    }

    /// Notes that `bits` were carried.
    fn note(&mut self, bits: f64) {
        if bits > 0.0 {
            self.idle = 0;
        }
    }

    /// Goes on until both bounds of progress are passed; returns bits and time.
    fn transfer_some(
        &mut self,
        mut size: f64,
        mut bounds: (f64, f64),
    ) -> Result<(f64, f64), NeverEnds> {
        let mut total = (0.0, 0.0);
        while size > 0.0 && (bounds.0 > 0.0 || bounds.1 > 0.0) {
            let (bits, time) = if self.now().bandwidth > 0.0 {
                self.transfer_step(size, &mut bounds)
            } else {
                (0.0, self.silent_step(bounds))
            };
            self.note(bits);
            if self.is_dead() {
                return Err(NeverEnds);
            }
            total = (total.0 + bits, total.1 + time);
            size -= bits;
            bounds = (bounds.0 - bits, bounds.1 - time);
        }
        Ok(total)
    }

    /// One step of [`Self::transfer_some`] where the bandwidth is above 0.
    fn transfer_step(&mut self, size: f64, bounds: &mut (f64, f64)) -> (f64, f64) {
        let bandwidth = self.now().bandwidth;
        let wanted = largest(bounds.0, bounds.1 * bandwidth);
        let possible = self.left * bandwidth;
        if size <= wanted && size <= possible {
            let time = size / bandwidth;
            self.spend(time);
            (size, time)
        } else if wanted <= possible {
            let time = wanted / bandwidth;
            // A rounding error must not keep the loop going.
            *bounds = (0.0, 0.0);
            self.spend(time);
            (wanted, time)
        } else {
            (possible, self.skip())
        }
    }

    /// One step of [`Self::transfer_some`] where the bandwidth is 0; returns its time.
    fn silent_step(&mut self, bounds: (f64, f64)) -> f64 {
        if bounds.0 > 0.0 || bounds.1 > self.left {
            return self.skip();
        }
        self.spend(bounds.1);
        bounds.1
    }
}

/// The larger of two numbers; the first where they are equal, as Python's `max`.
fn largest(one: f64, other: f64) -> f64 {
    if other > one { other } else { one }
}

impl Network for SabreNetwork {
    fn download(
        &mut self,
        size: f64,
        watch: Option<&mut dyn FnMut(&Progress) -> bool>,
    ) -> Result<Download, NeverEnds> {
        let first_byte = self.latency();
        let Some(watch) = watch else {
            let time = first_byte + self.transfer(size)?;
            let progress = Progress { size, received: size, time, first_byte };
            return Ok(Download::whole(progress));
        };
        let mut progress = Progress { size, received: 0.0, time: first_byte, first_byte };
        let mut bounds = (PROGRESS_SIZE, PROGRESS_TIME - first_byte);
        let mut abandoned = false;
        while progress.received < size && !abandoned {
            let (bits, time) = self.transfer_some(size - progress.received, bounds)?;
            progress.time += time;
            progress.received += bits;
            abandoned = progress.received < size && watch(&progress);
            bounds = (PROGRESS_SIZE, PROGRESS_TIME);
        }
        Ok(Download { progress, abandoned, failure: None })
    }

    fn wait(&mut self, mut time: f64) {
        while time > self.left {
            time -= self.left;
            self.skip();
        }
        self.spend(time);
        self.idle = 0;
    }

    fn take_change(&mut self) -> Option<CapacityChange> {
        self.changes.pop_front()
    }
}

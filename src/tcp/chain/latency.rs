//! The toxic `latency`: each chunk leaves a while after it arrived.

use super::{
    chunk::Chunk,
    queue::{Queue, ROOM},
};
use crate::{seed::Stream, units::ProcessTime};
use rand::RngExt as _;
use std::time::Duration;

/// The most bytes under way: 1 Gbit/s for 64 ms, and more of slower streams.
const MOST: usize = 8 * 1024 * 1024;

/// Bytes under way on a line that takes time. They stay in order.
#[derive(Debug, Default)]
pub(super) struct DelayLine {
    /// When the first chunk is due, once that is drawn.
    due: Option<ProcessTime>,
    departures: Departures,
}

/// How many bytes leave a line within one delay.
#[derive(Debug, Default)]
struct Departures {
    since: ProcessTime,
    /// Since then.
    bytes: usize,
    /// In the delay before.
    before: usize,
}

impl Departures {
    /// Counts `bytes` that leave at `now`. They arrived `delay` before.
    fn add(&mut self, now: ProcessTime, bytes: usize, delay: Duration) {
        if now >= self.since + delay {
            (self.since, self.before, self.bytes) = (now, self.bytes, 0);
        }
        self.bytes += bytes;
    }

    fn most(&self) -> usize {
        self.before.max(self.bytes)
    }
}

impl DelayLine {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Moves chunks that are due. `delay` is asked once for each. Returns when the next one is due.
    pub(super) fn poll(
        &mut self,
        now: ProcessTime,
        input: &mut Queue,
        output: &mut Queue,
        mut delay: impl FnMut(&Chunk) -> Duration,
    ) -> Option<ProcessTime> {
        input.set_limit(MOST);
        while let Some(chunk) = input.front() {
            let due = *self.due.get_or_insert_with(|| chunk.arrived + delay(chunk));
            if due > now {
                return Some(due);
            }
            if !output.has_room() {
                // What blocks is behind the line, which then holds what leaves within two delays: with less, bytes
                // would arrive too late to leave when they can; more would only wait.
                input.set_limit((2 * self.departures.most()).clamp(ROOM, MOST));
                return None;
            }
            if let Some(chunk) = input.pop() {
                self.departures.add(now, chunk.data.len(), due - chunk.arrived);
                // The chunk is late by what the timer is late, which is not added to the next delay.
                output.push(Chunk { arrived: due.max(chunk.arrived), ..chunk });
            }
            self.due = None;
        }
        if let Some(ending) = input.take_ending() {
            output.end(ending);
        }
        None
    }
}

/// A delay with jitter.
#[derive(Debug)]
pub(super) struct Latency {
    line: DelayLine,
    latency: i64,
    jitter: i64,
    stream: Stream,
}

impl Latency {
    /// `latency` ± `jitter`, in ms.
    pub(super) fn new(latency: i64, jitter: i64, stream: Stream) -> Self {
        Self { line: DelayLine::new(), latency, jitter, stream }
    }

    pub(super) fn poll(
        &mut self,
        now: ProcessTime,
        input: &mut Queue,
        output: &mut Queue,
    ) -> Option<ProcessTime> {
        let Self { line, latency, jitter, stream } = self;
        line.poll(now, input, output, |_| drawn(*latency, *jitter, stream))
    }
}

/// A delay between `latency` − `jitter` and `latency` + `jitter` ms, in steps of a microsecond.
fn drawn(latency: i64, jitter: i64, stream: &mut Stream) -> Duration {
    const MOST: i64 = 1 << 40;
    let (latency, jitter) = (latency.clamp(-MOST, MOST) * 1000, jitter.clamp(0, MOST) * 1000);
    let deviation = if jitter > 0 { stream.random_range(-jitter..jitter) } else { 0 };
    Duration::from_micros(u64::try_from(latency + deviation).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;

    #[test]
    fn jitter_is_even_around_the_latency() {
        let mut stream = Seed::new(1).stream();
        let draws: Vec<f64> =
            (0..20_000).map(|_| drawn(100, 50, &mut stream).as_secs_f64() * 1e3).collect();
        assert!(draws.iter().all(|ms| (50.0..150.0).contains(ms)));
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        assert!((mean - 100.0).abs() < 1.0, "{mean}");
    }

    #[test]
    fn impossible_values_are_bounded() {
        let mut stream = Seed::new(1).stream();
        assert_eq!(drawn(-5, 0, &mut stream), Duration::ZERO);
        assert_eq!(drawn(5, -5, &mut stream), Duration::from_millis(5));
        for (latency, jitter) in [(i64::MAX, i64::MAX), (i64::MIN, i64::MAX)] {
            drawn(latency, jitter, &mut stream);
        }
    }
}

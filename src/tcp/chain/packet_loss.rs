//! The toxic `packet_loss`: chunks of the stream are removed, as toxiproxy does it. On a real network TCP would send
//! them again: that is what the losses of a profile do.

use super::queue::Queue;
use crate::seed::Stream;
use rand::RngExt as _;

/// Removes chunks at random.
#[derive(Debug)]
pub(super) struct PacketLoss {
    rate: f64,
    correlation: f64,
    stream: Stream,
    /// Whether the last chunk was removed.
    removed: bool,
}

impl PacketLoss {
    /// Removes chunks with probability `rate`, and `correlation` more after one that was removed.
    pub(super) fn new(rate: f64, correlation: f64, stream: Stream) -> Self {
        let (rate, correlation) = (rate.clamp(0.0, 1.0), correlation.clamp(0.0, 1.0));
        Self { rate, correlation, stream, removed: false }
    }

    pub(super) fn poll(&mut self, input: &mut Queue, output: &mut Queue) {
        while output.has_room()
            && let Some(chunk) = input.pop()
        {
            let probability = if self.removed { self.rate + self.correlation } else { self.rate };
            self.removed = self.stream.random::<f64>() < probability;
            if !self.removed {
                output.push(chunk);
            }
        }
        if let Some(ending) = input.take_ending() {
            output.end(ending);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{seed::Seed, tcp::chain::Chunk, units::ProcessTime};
    use bytes::Bytes;

    /// Which of 2000 chunks pass.
    fn passed(rate: f64, correlation: f64, seed: u64) -> Vec<bool> {
        let mut toxic = PacketLoss::new(rate, correlation, Seed::new(seed).stream());
        let pass = |_| {
            let (mut input, mut output) = (Queue::default(), Queue::default());
            input.push(Chunk { data: Bytes::from_static(b"x"), arrived: ProcessTime::ZERO });
            toxic.poll(&mut input, &mut output);
            !output.is_empty()
        };
        (0..2000).map(pass).collect()
    }

    fn lost(passed: &[bool]) -> usize {
        passed.iter().filter(|passed| !**passed).count()
    }

    #[test]
    fn the_rate_is_as_asked_and_the_seed_chooses() {
        let some = passed(0.2, 0.0, 1);
        assert!((340..460).contains(&lost(&some)), "{}", lost(&some));
        assert_eq!(some, passed(0.2, 0.0, 1));
        assert_ne!(some, passed(0.2, 0.0, 2));
        assert_eq!(lost(&passed(0.0, 1.0, 1)), 0);
        assert_eq!(lost(&passed(f64::INFINITY, -1.0, 1)), 2000);
    }

    /// P(lost | lost) = rate + correlation.
    #[test]
    fn losses_come_in_bursts() {
        let some = passed(0.1, 0.6, 1);
        let after = some.windows(2).filter(|pair| !pair[0]);
        let (all, again) =
            after.fold((0, 0), |(all, again), pair| (all + 1, again + i32::from(!pair[1])));
        let share = f64::from(again) / f64::from(all);
        assert!((share - 0.7).abs() < 0.06, "{share}");
    }
}

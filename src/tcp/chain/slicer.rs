//! The toxic `slicer`: chunks are cut into small packets, with a pause between them.

use super::{chunk::Chunk, queue::Queue};
use crate::{seed::Stream, units::ProcessTime};
use rand::RngExt as _;
use std::time::Duration;

/// Cuts chunks.
#[derive(Debug)]
pub(super) struct Slicer {
    average: usize,
    variation: usize,
    delay: Duration,
    stream: Stream,
    /// The sizes of the next packets of the chunk that is being cut, the next one last.
    sizes: Vec<usize>,
    /// No packet leaves before.
    due: ProcessTime,
}

impl Slicer {
    /// Packets of `average` ± `variation` bytes, at least one, with `delay` µs between them.
    pub(super) fn new(average: i64, variation: i64, delay: i64, stream: Stream) -> Self {
        let size = |bytes: i64| usize::try_from(bytes.clamp(0, 1 << 30)).unwrap_or(0);
        let delay = Duration::from_micros(u64::try_from(delay.clamp(0, 1 << 50)).unwrap_or(0));
        let (average, variation) = (size(average).max(1), size(variation));
        Self { average, variation, delay, stream, sizes: Vec::new(), due: ProcessTime::ZERO }
    }

    pub(super) fn poll(
        &mut self,
        now: ProcessTime,
        input: &mut Queue,
        output: &mut Queue,
    ) -> Option<ProcessTime> {
        while let Some(length) = input.front().map(|chunk| chunk.data.len()) {
            if self.due > now {
                return Some(self.due);
            }
            if !output.has_room() {
                return None;
            }
            if self.sizes.is_empty() {
                self.cut(length);
            }
            let size = self.sizes.pop().unwrap_or(length);
            if let Some(Chunk { data, .. }) = input.pop_part(size.max(1)) {
                // A delay behind this toxic starts when the packet leaves here.
                output.push(Chunk { data, arrived: now });
            }
            self.due = now + self.delay;
        }
        if self.due > now && input.ending().is_some() {
            return Some(self.due);
        }
        if let Some(ending) = input.take_ending() {
            output.end(ending);
        }
        None
    }

    /// Halves `length` bytes, each half again, until the parts are small enough. Halves deviate by the variation.
    fn cut(&mut self, length: usize) {
        // Cut from the end, so that the next size is the last of the list.
        let mut parts = vec![length];
        while let Some(part) = parts.pop() {
            if part <= self.average.saturating_add(self.variation) {
                self.sizes.push(part);
                continue;
            }
            let middle = part / 2;
            let first = match self.variation {
                0 => middle,
                variation => {
                    let deviation = self.stream.random_range(0..2 * variation);
                    (middle + deviation).saturating_sub(variation)
                }
            };
            let first = first.clamp(1, part - 1);
            parts.push(first);
            parts.push(part - first);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;
    use bytes::Bytes;

    fn sizes(average: i64, variation: i64, length: usize) -> Vec<usize> {
        let mut slicer = Slicer::new(average, variation, 0, Seed::new(1).stream());
        let (mut input, mut output) = (Queue::default(), Queue::default());
        input.push(Chunk { data: Bytes::from(vec![1; length]), arrived: ProcessTime::ZERO });
        while slicer.poll(ProcessTime::ZERO, &mut input, &mut output).is_some() {}
        output.chunks().map(Bytes::len).collect()
    }

    #[test]
    fn packets_are_as_large_as_asked() {
        for (average, variation) in [(1024, 512), (100, 0), (1, 0), (0, 0), (-3, -3)] {
            let found = sizes(average, variation, 10_000);
            assert_eq!(found.iter().sum::<usize>(), 10_000);
            let largest = (average.max(1) + variation.max(0)) as usize;
            assert!(found.iter().all(|size| *size >= 1 && *size <= largest), "{average}");
        }
        let count = sizes(1024, 512, 32_768).len();
        assert!((22..=64).contains(&count), "{count}");
    }

    /// toxiproxy asks for a variation under the size, and ends with an error of its runtime otherwise.
    #[test]
    fn impossible_values_cut_all_the_same() {
        for (average, variation) in [(1, 1000), (i64::MAX, i64::MAX), (i64::MIN, i64::MAX)] {
            assert_eq!(sizes(average, variation, 10_000).iter().sum::<usize>(), 10_000);
        }
    }
}

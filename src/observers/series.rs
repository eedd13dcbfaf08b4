//! Bounded lists: the last values, or values of a whole session at a lower resolution.

use std::collections::VecDeque;

/// The last values. Older ones are removed.
#[derive(Debug, Clone)]
pub(in crate::observers) struct Ring<T> {
    values: VecDeque<T>,
    most: usize,
}

impl<T> Ring<T> {
    /// An empty ring for `most` values.
    pub(in crate::observers) const fn new(most: usize) -> Self {
        Self { values: VecDeque::new(), most }
    }

    pub(in crate::observers) fn push(&mut self, value: T) {
        if self.values.len() >= self.most {
            self.values.pop_front();
        }
        self.values.push_back(value);
    }

    pub(in crate::observers) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.values.iter()
    }
}

/// Values over a whole session. When there are too many, every second one is removed, and from then on only every
/// second new one is kept.
#[derive(Debug, Clone)]
pub(in crate::observers) struct Series<T> {
    values: Vec<T>,
    most: usize,
    /// The number of values of which one is kept.
    stride: u64,
    seen: u64,
}

impl<T> Series<T> {
    /// An empty series that never holds more than `most` values.
    pub(in crate::observers) const fn new(most: usize) -> Self {
        Self { values: Vec::new(), most, stride: 1, seen: 0 }
    }

    pub(in crate::observers) fn push(&mut self, value: T) {
        let kept = self.seen.is_multiple_of(self.stride);
        self.seen += 1;
        if !kept {
            return;
        }
        self.values.push(value);
        if self.values.len() >= self.most {
            let mut place = 0;
            self.values.retain(|_| {
                place += 1;
                place % 2 == 1
            });
            self.stride *= 2;
        }
    }

    pub(in crate::observers) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.values.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_keeps_the_last_values() {
        let mut ring = Ring::new(3);
        (1..=5).for_each(|n| ring.push(n));
        assert_eq!(ring.iter().copied().collect::<Vec<_>>(), [3, 4, 5]);
    }

    #[test]
    fn a_series_covers_the_whole_time_evenly() {
        let mut series = Series::new(8);
        (0..1000).for_each(|n| series.push(n));
        let kept: Vec<i32> = series.iter().copied().collect();
        assert!(kept.len() < 8, "{kept:?}");
        assert_eq!(kept[0], 0);
        let steps: Vec<_> = kept.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(steps.iter().all(|step| *step == steps[0]), "{kept:?}");
        assert!(kept[kept.len() - 1] >= 750, "{kept:?}");
    }
}

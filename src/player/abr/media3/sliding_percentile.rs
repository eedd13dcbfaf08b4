//! A percentile over the newest weighted values.

use std::collections::VecDeque;

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct SlidingPercentile {
    max_weight: i64,
    /// Weight and value, oldest first.
    samples: VecDeque<(i64, f32)>,
    total: i64,
}

impl SlidingPercentile {
    pub(super) const fn new(max_weight: i64) -> Self {
        Self { max_weight, samples: VecDeque::new(), total: 0 }
    }

    /// Adds a value. The oldest lose weight until all together weigh no more than the maximum.
    pub(super) fn push(&mut self, weight: i64, value: f32) {
        self.samples.push_back((weight, value));
        self.total += weight;
        while self.total > self.max_weight {
            let excess = self.total - self.max_weight;
            let Some(oldest) = self.samples.front_mut() else { return };
            if oldest.0 <= excess {
                self.total -= oldest.0;
                self.samples.pop_front();
            } else {
                oldest.0 -= excess;
                self.total -= excess;
            }
        }
    }

    /// The value that `share` of the weight does not exceed; `None` without values.
    pub(super) fn percentile(&self, share: f32) -> Option<f32> {
        let mut sorted: Vec<_> = self.samples.iter().copied().collect();
        sorted.sort_by(|(_, one), (_, other)| one.total_cmp(other));
        let desired = share * float(self.total);
        let mut weight = 0;
        let reached = sorted.iter().find(|(sample, _)| {
            weight += sample;
            float(weight) >= desired
        });
        reached.or(sorted.last()).map(|(_, value)| *value)
    }
}

/// A weight as the single-precision number that it is compared with.
#[expect(clippy::cast_precision_loss, reason = "as in Media3")]
const fn float(weight: i64) -> f32 {
    weight as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 400, 100 and 64 bytes in 10 µs each.
    #[test]
    fn the_oldest_lose_weight_first() {
        let rate = |bytes: f32| bytes * 8_000_000.0 / 10.0;
        let samples = [(20, rate(400.0)), (10, rate(100.0)), (8, rate(64.0))];
        let mut capped = SlidingPercentile::new(10);
        samples.iter().for_each(|(weight, value)| capped.push(*weight, *value));
        // 2 of the weight of the second are left beside the 8 of the third.
        assert_eq!(capped.total, 10);
        assert_eq!(capped.percentile(0.5), Some(rate(64.0)));
        assert_eq!(capped.percentile(0.9), Some(rate(100.0)));
        let mut all = SlidingPercentile::new(2000);
        samples.iter().for_each(|(weight, value)| all.push(*weight, *value));
        assert_eq!(all.percentile(0.5), Some(rate(400.0)));
        assert_eq!(all.percentile(0.4), Some(rate(100.0)));
        assert_eq!(SlidingPercentile::new(1).percentile(0.5), None);
    }
}

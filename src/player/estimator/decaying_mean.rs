//! One exponentially weighted moving average as hls.js, Shaka Player and video.js v10 keep it.

/// An average over samples with weights: a sample weighs half as much when samples of one half-life
/// came after it. Corrected for its start at zero.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DecayingMean {
    /// What is left of a sample after a weight of 1.
    alpha: f64,
    sum: f64,
    weight: f64,
}

impl DecayingMean {
    /// An average without samples. `half_life` is in the unit of the weights.
    #[must_use]
    pub fn new(half_life: f64) -> Self {
        Self { alpha: (0.5_f64.ln() / half_life).exp(), sum: 0.0, weight: 0.0 }
    }

    /// Takes a sample; one that makes the average no number is ignored.
    pub fn push(&mut self, weight: f64, value: f64) {
        let alpha = self.alpha.powf(weight);
        let sum = value * (1.0 - alpha) + alpha * self.sum;
        if !sum.is_nan() {
            self.sum = sum;
            self.weight += weight;
        }
    }

    /// Goes on with another half-life, from the present average.
    pub fn set_half_life(&mut self, half_life: f64) {
        let next = Self::new(half_life);
        if self.weight > 0.0 && next.alpha.to_bits() != self.alpha.to_bits() {
            *self = Self { alpha: next.alpha, sum: self.mean(), weight: self.weight };
        }
        self.alpha = next.alpha;
    }

    /// The sum of all weights.
    #[must_use]
    pub const fn weight(&self) -> f64 {
        self.weight
    }

    /// The average; NaN or 0 without samples.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.sum / (1.0 - self.alpha.powf(self.weight))
    }
}

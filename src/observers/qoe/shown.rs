//! What the viewer is shown: bitrates over time and changes between segments.

use crate::qoe::qoe_linear;

/// Sums over the media shown. The formulas are those of `docs/abr.md`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Shown {
    /// Seconds shown.
    pub(super) played: f64,
    /// Seconds shown of which the bitrate is known, and the sum of bitrate × time.
    pub(super) known: f64,
    pub(super) bits: f64,
    /// Segments shown of which the bitrate is known, the sum of their bitrates, and of the changes between them.
    pub(super) segments: u64,
    pub(super) bitrate: f64,
    pub(super) change: f64,
    /// Changes of the rung shown.
    pub(super) up: u64,
    pub(super) down: u64,
    last: Option<f64>,
    last_rung: Option<u16>,
}

impl Shown {
    /// Shows `span` seconds of a segment; `first`: of which nothing was shown before.
    pub(super) fn show(&mut self, bitrate: Option<f64>, rung: Option<u16>, span: f64, first: bool) {
        self.played += span;
        let Some(bitrate) = bitrate else { return };
        self.known += span;
        self.bits += bitrate * span;
        if !first {
            return;
        }
        self.segments += 1;
        self.bitrate += bitrate;
        if let Some(last) = self.last.replace(bitrate) {
            self.change += (bitrate - last).abs();
        }
        if let Some(rung) = rung
            && let Some(last) = self.last_rung.replace(rung)
        {
            self.up += u64::from(rung > last);
            self.down += u64::from(rung < last);
        }
    }

    /// The mean of the bitrates shown, weighted by time, in bit/s.
    pub(super) fn mean_bitrate(&self) -> Option<f64> {
        (self.known > 0.0).then(|| self.bits / self.known)
    }

    /// See [`qoe_linear`]; `rebuffer` in seconds.
    pub(super) fn qoe_linear(&self, rebuffer: f64) -> Option<f64> {
        qoe_linear(self.bitrate, self.change, rebuffer, self.segments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_formulas_of_the_benchmark() {
        let mut shown = Shown::default();
        for (bitrate, rung) in [(1e6, 1), (3e6, 2), (2e6, 1)] {
            shown.show(Some(bitrate), Some(rung), 1.0, true);
            shown.show(Some(bitrate), Some(rung), 3.0, false);
        }
        assert_eq!((shown.played, shown.mean_bitrate()), (12.0, Some(2e6)));
        assert_eq!((shown.up, shown.down), (1, 1));
        // (6 Mbit/s − 3 Mbit/s − 4.3 × 0.5 s) ÷ 3 segments
        assert!((shown.qoe_linear(0.5).unwrap() - 0.85 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn without_bitrates_only_the_time_counts() {
        let mut shown = Shown::default();
        shown.show(None, None, 4.0, true);
        assert_eq!((shown.played, shown.mean_bitrate(), shown.qoe_linear(0.0)), (4.0, None, None));
    }
}

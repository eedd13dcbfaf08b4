//! When the segments of a live stream exist.

use crate::seed::Seed;
use rand::RngExt as _;

/// The live edge for a viewer. Times in ms; media time 0 is the start of the first segment that is
/// requested, and time 0 that of the viewer's first request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LiveEdge {
    /// What is published at once: a segment, or a part of it.
    piece: f64,
    /// How far the edge is ahead of media time 0 at time 0.
    ahead: f64,
}

impl LiveEdge {
    /// A stream of segments of `segment` ms, which come in `parts`, joined at a random moment of a segment's making: at
    /// the newest segment that is at least `target` ms behind the edge, and complete, or of which a part is, if there is
    /// more than one.
    #[must_use]
    pub fn join(segment: f64, parts: usize, target: f64, seed: Seed) -> Self {
        let made: f64 = seed.named("live edge").stream().random();
        let piece = segment / parts.max(1) as f64;
        let whole = (target.max(piece) / segment - made).ceil().max(0.0);
        Self { piece, ahead: (whole + made) * segment }
    }

    /// When piece number `index` is complete: a segment, or a part where segments come in parts.
    #[must_use]
    pub fn available(&self, index: usize) -> f64 {
        (index + 1) as f64 * self.piece - self.ahead
    }

    /// How far media time `position` is behind the edge at `now`.
    #[must_use]
    pub fn latency(&self, position: f64, now: f64) -> f64 {
        self.ahead + now - position
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A part of the first segment is there, so that less than a segment may be between it and the edge.
    #[test]
    fn with_parts_the_viewer_joins_a_segment_under_way() {
        let mut least = f64::INFINITY;
        for seed in 0..200 {
            let edge = LiveEdge::join(4000.0, 8, 1000.0, Seed::new(seed));
            let latency = edge.latency(0.0, 0.0);
            assert!(edge.available(0) <= 0.0 && (1000.0..5000.0).contains(&latency), "{latency}");
            assert!((edge.available(8) - edge.available(0) - 4000.0).abs() < 1e-9);
            least = least.min(latency);
        }
        assert!(least < 1100.0, "{least}");
    }

    #[test]
    fn the_first_segment_is_complete_and_far_enough_behind() {
        for seed in 0..200 {
            for target in [0.0, 1500.0, 4000.0, 10_000.0] {
                let edge = LiveEdge::join(4000.0, 1, target, Seed::new(seed));
                let latency = edge.latency(0.0, 0.0);
                assert!(edge.available(0) <= 0.0 && latency >= target, "{seed} {target}");
                assert!(latency <= (target + 4000.0).max(8000.0), "{seed} {target} {latency}");
                // A segment is complete when the edge is at its end.
                let at = edge.available(5);
                assert!((edge.latency(6.0 * 4000.0, at)).abs() < 1e-6);
            }
        }
    }
}

//! Replacing buffered segments by better ones, while the buffer holds enough.

use super::playback::count;

/// Which buffered segment to download again at a higher rung.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Replacement {
    /// None.
    #[default]
    Never,
    /// The first that is lower than the next segment would be.
    First,
    /// The last that is lower than the next segment would be.
    Last,
    /// All from what is shown on, where the rung changes: see [`ReturnPoint`](super::ReturnPoint).
    Onward,
}

impl Replacement {
    /// The segment to replace if `rung` was chosen for the next one: its place in the buffer. `held` are the rungs of
    /// the buffered segments, first to be shown first; of the first one this share was shown. The segment that is shown
    /// and most of the next are left alone.
    #[must_use]
    pub fn choose(
        self,
        held: impl DoubleEndedIterator<Item = usize> + ExactSizeIterator,
        shown: f64,
        rung: usize,
    ) -> Option<usize> {
        let skip = (1.5 + shown).ceil();
        let mut candidates =
            held.enumerate().filter(|(place, held)| count(*place) >= skip && *held < rung);
        let found = match self {
            Self::Never | Self::Onward => None,
            Self::First => candidates.next(),
            Self::Last => candidates.next_back(),
        };
        found.map(|(place, _)| place)
    }

    /// Whether a replacement under way comes too late when the buffer is down to `level` ms.
    #[must_use]
    pub fn is_late(from_end: usize, segment: f64, level: f64) -> bool {
        level + segment * -count(from_end) <= 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_two_segments_are_left_alone() {
        let held = [0, 0, 1, 0, 0];
        let choose = |replacement: Replacement, shown, rung| {
            replacement.choose(held.iter().copied(), shown, rung)
        };
        assert_eq!(choose(Replacement::First, 0.0, 1), Some(3));
        assert_eq!(choose(Replacement::Last, 0.0, 1), Some(4));
        assert_eq!(choose(Replacement::Never, 0.0, 1), None);
        assert_eq!(choose(Replacement::First, 0.6, 1), Some(3));
        assert_eq!(choose(Replacement::First, 0.6, 0), None);
    }
}

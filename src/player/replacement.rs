//! Replacing buffered segments by better ones, while the buffer holds enough.

use super::playback::{Playback, count};

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
}

impl Replacement {
    /// The segment to replace if `rung` was chosen for the next one, counted from the end of the buffer
    /// (1 = the last). The segment that is shown and most of the next are left alone.
    #[must_use]
    pub fn choose(self, playback: &Playback, segment: f64, rung: usize) -> Option<usize> {
        let skip = (1.5 + playback.shown() / segment).ceil();
        let buffer = playback.buffer();
        let mut candidates =
            buffer.iter().enumerate().filter(|(i, held)| count(*i) >= skip && **held < rung);
        let found = match self {
            Self::Never => None,
            Self::First => candidates.next(),
            Self::Last => candidates.next_back(),
        };
        found.map(|(index, _)| buffer.len() - index)
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
    use crate::player::Presentation;

    #[test]
    fn the_first_two_segments_are_left_alone() {
        let presentation = Presentation::constant(1000.0, vec![1.0, 2.0], 9).unwrap();
        let mut playback = Playback::new(&presentation);
        for rung in [0, 0, 1, 0, 0] {
            playback.append(rung);
        }
        assert_eq!(Replacement::First.choose(&playback, 1000.0, 1), Some(2));
        assert_eq!(Replacement::Last.choose(&playback, 1000.0, 1), Some(1));
        assert_eq!(Replacement::Never.choose(&playback, 1000.0, 1), None);
        playback.advance(600.0, &mut ());
        assert_eq!(Replacement::First.choose(&playback, 1000.0, 1), Some(2));
        assert_eq!(Replacement::First.choose(&playback, 1000.0, 0), None);
    }
}

//! Throwing buffered segments of low rungs away, so that they are downloaded again at a higher one.

use super::{playback::count, resolution::presumed_resolution};

/// What of the buffer is thrown away when the estimate allows a higher rung (Media3).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Discard {
    /// This many ms are always kept.
    pub keep: f64,
    /// Pictures that are wider or higher are kept.
    pub most: (u32, u32),
}

impl Discard {
    /// How many of the buffered segments are kept; all after them are thrown away. `held` are their rungs, first to be
    /// shown first, each of `segment` ms, of which `shown` ms of the first were shown. `ideal` is the rung that the
    /// estimate allows, and `bitrates` are in kbit/s: the sizes of pictures follow from them.
    #[must_use]
    pub fn kept(
        self,
        held: impl ExactSizeIterator<Item = usize>,
        (segment, shown): (f64, f64),
        ideal: usize,
        bitrates: &[f64],
    ) -> usize {
        let all = held.len();
        let before = |place: usize| count(place) * segment - shown;
        if all == 0 || before(all - 1) < self.keep {
            return all;
        }
        let size = |rung: usize| bitrates.get(rung).map(|bitrate| presumed_resolution(*bitrate));
        let is_low = |rung: usize| {
            let Some(((width, height), wanted)) = size(rung).zip(size(ideal)) else { return false };
            rung < ideal && width <= self.most.0 && height <= self.most.1 && height < wanted.1
        };
        let mut held = held.enumerate();
        let first = held.find(|(place, rung)| before(*place) >= self.keep && is_low(*rung));
        first.map_or(all, |(place, _)| place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEDIA3: Discard = Discard { keep: 25_000.0, most: (1279, 719) };
    const BITRATES: [f64; 4] = [300.0, 700.0, 1200.0, 3000.0];

    fn kept(held: &[usize], shown: f64, ideal: usize) -> usize {
        MEDIA3.kept(held.iter().copied(), (5000.0, shown), ideal, &BITRATES)
    }

    /// As in the unit tests of Media3 (`evaluateQueueSize`): the queue is cut at the first low chunk behind 25 s.
    #[test]
    fn the_first_low_segment_behind_the_kept_ones_is_the_first_to_go() {
        assert_eq!(kept(&[0; 8], 0.0, 2), 5);
        // 25 s begin later within the first one.
        assert_eq!(kept(&[0; 8], 1.0, 2), 6);
        assert_eq!(kept(&[0, 0, 0, 0, 0, 2, 0, 2], 0.0, 2), 6);
        assert_eq!(kept(&[0; 5], 0.0, 2), 5);
        assert_eq!(kept(&[], 0.0, 2), 0);
    }

    #[test]
    fn what_is_as_good_or_large_is_kept() {
        assert_eq!(kept(&[2; 8], 0.0, 2), 8);
        assert_eq!(kept(&[2; 8], 0.0, 1), 8);
        assert_eq!(MEDIA3.kept([0; 8].into_iter(), (5000.0, 0.0), 1, &[1600.0, 3600.0]), 8);
    }
}

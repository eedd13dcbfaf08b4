//! The size of a segment: its declared bitrate, with variation like that of real video.
//!
//! The variation is arithmetic on the segment's number, so every origin serves the same sizes. Four fifths of
//! it depends on the scene and is the same for all rungs, one fifth is the rung's own. Of each ten segments the
//! last five mirror the first five, so that the mean over the ten is the declared bitrate and the deviation
//! never exceeds a few seconds of buffer.

use super::ladder::{Rendition, rungs, sounds};
use super::padding::scramble;
use super::timeline::{SEGMENT_SECONDS, Span, VOD_SEGMENTS};
use std::time::Duration;

/// How long a segment of the built-in ladder lasts.
pub const SEGMENT: Duration = Duration::from_secs(SEGMENT_SECONDS);

/// The bytes of each on-demand segment at each rung of the built-in ladder, lowest rung first, and those of its audio.
pub fn segment_bytes() -> impl Iterator<Item = (Vec<u64>, u64)> {
    (1..=VOD_SEGMENTS).map(|number| {
        let sound: u64 = sounds().map(|sound| weight(sound, number)).sum();
        (rungs().map(|(rung, _)| weight(rung, number)).collect(), sound)
    })
}

/// Segments over which the variation cancels out.
const STRETCH: u64 = 10;

/// Bytes of segment `number`, boxes and all.
pub(super) fn weight(rendition: &Rendition, number: u64) -> u64 {
    let thousandths = 1000u64.saturating_add_signed(variation(rendition, number));
    bytes(rendition, Span::of(rendition, number), thousandths)
}

/// The smallest size of any segment of this span.
pub(super) fn least_weight(rendition: &Rendition, span: Span) -> u64 {
    bytes(rendition, span, 1000 - rendition.swing)
}

fn bytes(rendition: &Rendition, span: Span, thousandths: u64) -> u64 {
    rendition.bits_per_second * span.duration * thousandths / (rendition.timescale * 8 * 1000)
}

/// How far segment `number` is from the declared bitrate, in thousandths.
fn variation(rendition: &Rendition, number: u64) -> i64 {
    let index = number.saturating_sub(1);
    let (moment, sign) =
        if index % STRETCH < STRETCH / 2 { (index, 1) } else { (index - STRETCH / 2, -1) };
    let own = rendition.swing / 5;
    let scene = draw(moment, rendition.swing - own);
    sign * (scene + draw(moment ^ (rendition.bits_per_second << 32), own))
}

/// A number from `-bound` to `bound` that depends on `key` alone.
fn draw(key: u64, bound: u64) -> i64 {
    (scramble(key) % (2 * bound + 1)).cast_signed() - bound.cast_signed()
}

#[cfg(test)]
mod tests {
    use super::super::ladder::RENDITIONS;
    use super::super::timeline::VOD_SEGMENTS;
    use super::*;

    fn bits_per_second(rendition: &Rendition, number: u64) -> f64 {
        let seconds = Span::of(rendition, number).duration as f64 / rendition.timescale as f64;
        weight(rendition, number) as f64 * 8.0 / seconds
    }

    #[test]
    fn every_segment_is_within_its_swing_and_the_mean_is_the_declared_bitrate() {
        for rendition in &RENDITIONS {
            let declared = rendition.bits_per_second as f64;
            let swing = rendition.swing as f64 / 1000.0;
            let mut sum = 0.0;
            for number in 1..=VOD_SEGMENTS {
                let ratio = bits_per_second(rendition, number) / declared;
                assert!((ratio - 1.0).abs() <= swing + 1e-4, "{} {number}", rendition.name);
                sum += ratio;
            }
            let mean = sum / VOD_SEGMENTS as f64;
            assert!((mean - 1.0).abs() < 0.001, "{}: {mean}", rendition.name);
        }
    }

    #[test]
    fn the_variation_is_worth_having_and_rungs_mostly_move_together() {
        let [low, high] = [&RENDITIONS[0], &RENDITIONS[5]];
        let all: Vec<_> = (1..=150).map(|n| (variation(low, n), variation(high, n))).collect();
        assert!(all.iter().any(|pair| pair.0 > 100) && all.iter().any(|pair| pair.0 < -100));
        assert!(all.iter().any(|pair| pair.0 != pair.1));
        let together = all.iter().filter(|pair| pair.0.signum() == pair.1.signum()).count();
        assert!(together > 110, "{together} of 150");
    }

    /// In DASH a link of exactly `@bandwidth` is enough to play after `minBufferTime` (4 s).
    #[test]
    fn four_seconds_of_buffer_carry_the_variation_at_the_declared_bitrate() {
        for rendition in &RENDITIONS {
            let mut owed = 0.0_f64; // seconds of link time beyond what has played
            let mut worst = 0.0_f64;
            for number in (1..=VOD_SEGMENTS).chain(448_000_001..448_001_001) {
                let ratio = bits_per_second(rendition, number) / rendition.bits_per_second as f64;
                owed = (owed + 4.0 * (ratio - 1.0)).max(0.0);
                worst = worst.max(owed);
            }
            assert!(worst < 4.0, "{}: {worst} s", rendition.name);
        }
    }
}

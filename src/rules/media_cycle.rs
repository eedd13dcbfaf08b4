//! A position in a cycle of media time, as in "the first segment of every 30 s".

use crate::{media::Resource, units::span};
use std::time::Duration;

/// The hint in errors.
pub(super) const HINT: &str = "write the position, from 0, and the cycle, as in `0 in 30 s`";

/// Audio is cut at whole frames, so audio segments start up to one frame (43 ms at 24 kHz) before the
/// video segments.
const EARLY: Duration = Duration::from_millis(50);

/// The segment at this position (from 0) of those that start in each cycle of media time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MediaCycle {
    place: u128,
    length: Duration,
}

impl MediaCycle {
    /// Reads `0 in 30 s`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (place, length) = text.split_once(" in ")?;
        let (place, length) = (place.trim().parse::<u64>().ok()?, span::parse(length.trim()).ok()?);
        (!length.is_zero()).then_some(Self { place: place.into(), length })
    }

    /// Whether the segment is at this position. `false` if its start or duration is unknown.
    pub(super) fn fits(self, resource: &Resource) -> bool {
        let (Some(start), Some(duration)) = (resource.time, resource.duration) else {
            return false;
        };
        let within = (start + EARLY).since_zero().as_nanos() % self.length.as_nanos().max(1);
        within / duration.as_nanos().max(1) == self.place
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        media::{Kind, Protocol},
        units::MediaTime,
    };

    fn applied(cycle: &str, starts: &[u64], duration: u64) -> Vec<u64> {
        let cycle = MediaCycle::parse(cycle).unwrap();
        let segment = |start: u64| Resource {
            time: Some(MediaTime::from_millis(start)),
            duration: Some(Duration::from_millis(duration)),
            ..Resource::new(Protocol::Dash, Kind::Segment)
        };
        starts.iter().copied().filter(|start| cycle.fits(&segment(*start))).collect()
    }

    #[test]
    fn one_segment_of_each_cycle() {
        let pictures: Vec<u64> = (0..45).map(|n| n * 2000).collect();
        assert_eq!(applied("0 in 30 s", &pictures, 2000), [0, 30_000, 60_000]);
        assert_eq!(applied("14 in 30 s", &pictures, 2000), [28_000, 58_000, 88_000]);
        // The cycle is no multiple of the duration: the first that starts within it.
        let long: Vec<u64> = (0..16).map(|n| n * 4000).collect();
        assert_eq!(applied("0 in 30 s", &long, 4000), [0, 32_000, 60_000]);
        let sound = [0, 1984, 4011, 27_989, 29_994, 32_000, 59_989];
        assert_eq!(applied("0 in 30 s", &sound, 2005), [0, 29_994, 59_989]);
    }

    #[test]
    fn what_is_no_place() {
        for text in ["", "0", "0 in", "-1 in 30 s", "0 in 0 s", "0 in 30", "x in 3 s"] {
            assert_eq!(MediaCycle::parse(text), None, "{text}");
        }
    }
}

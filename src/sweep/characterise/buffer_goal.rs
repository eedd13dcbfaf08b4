//! How much media a player keeps ahead of what it shows.

use super::{Ending, Sighting};
use serde::Serialize;

/// Seconds of media, found from how far its downloads were ahead of real time since the first one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct BufferGoal {
    /// The most that it had ahead when it asked for more. It shows nothing before the first segment is there, so this is
    /// at most what it had.
    pub asks_below_s: f64,
    /// Whether the downloads paused, so that this is a goal and not all that the link could carry.
    pub reached: bool,
}

/// A pause of this share of a segment between two requests shows that the player waits.
const PAUSE: f64 = 0.3;

impl BufferGoal {
    /// The goal in a session without interruptions; `None` without video.
    #[must_use]
    pub fn of(session: &[Sighting]) -> Option<Self> {
        let video: Vec<&Sighting> = session
            .iter()
            .filter(|seen| seen.is_video() && seen.ending == Ending::Complete)
            .collect();
        let began = video.first()?.end;
        let mut highest = 0u64;
        let (mut ahead, mut most, mut reached) = (0.0f64, 0.0f64, false);
        let mut last_end = began;
        for seen in video {
            let played = (seen.start - began).max(0.0);
            most = most.max(ahead - played);
            reached |= seen.start - last_end > PAUSE * seen.duration;
            last_end = last_end.max(seen.end);
            // A segment that is loaded again adds nothing.
            if seen.index.is_none_or(|index| index > highest) {
                ahead += seen.duration;
                highest = seen.index.unwrap_or(highest);
            }
        }
        Some(Self { asks_below_s: most, reached })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::characterise::Wanted;

    fn segment(index: u64, start: f64) -> Sighting {
        Sighting {
            wanted: Wanted::Video,
            start,
            end: start + 0.5,
            bytes: 1e6,
            ending: Ending::Complete,
            rung: Some(0),
            index: Some(index),
            duration: 4.0,
        }
    }

    /// Five segments at once, then one every 4 s: with 20 s loaded the next request comes when 10 s are left.
    #[test]
    fn a_player_that_pauses_has_reached_its_goal() {
        let mut session: Vec<Sighting> =
            (1..=5).zip([0.0, 0.5, 1.0, 1.5, 2.0]).map(|(index, at)| segment(index, at)).collect();
        session.extend([segment(6, 10.5), segment(7, 14.5)]);
        let goal = BufferGoal::of(&session).unwrap();
        assert!(goal.reached);
        // 16 s were loaded at 2.0 s, when 1.5 s were shown.
        assert!((goal.asks_below_s - 14.5).abs() < 1e-9, "{goal:?}");
        assert!(!BufferGoal::of(&session[..5]).unwrap().reached);
        assert_eq!(BufferGoal::of(&[]), None);
    }
}

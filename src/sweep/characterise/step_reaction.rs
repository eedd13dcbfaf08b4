//! How long a player takes to follow a step of the rate.

use super::{Ending, Sighting};
use serde::Serialize;

/// What it did after the rate changed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct StepReaction {
    /// When the rate changed, in seconds.
    pub at_s: f64,
    /// The rung before, from 0.
    pub from_rung: usize,
    /// The last rung of the time after.
    pub to_rung: usize,
    /// From the change to the first request of another rung in that direction; absent if there was none.
    pub first_switch_s: Option<f64>,
    /// From the change to the first request of the last rung; absent if it did not change.
    pub settled_s: Option<f64>,
    /// Downloads given up meanwhile.
    pub given_up: usize,
}

impl StepReaction {
    /// The reaction to a change at `at` seconds that was over at `until`; `None` if nothing was asked for before or
    /// after.
    #[must_use]
    pub fn of(session: &[Sighting], at: f64, until: f64) -> Option<Self> {
        let video = || session.iter().filter(|seen| seen.is_video());
        let from_rung = video().rfind(|seen| seen.start < at)?.rung?;
        let after: Vec<&Sighting> =
            video().filter(|seen| seen.start >= at && seen.start < until).collect();
        let to_rung = after.last()?.rung?;
        let towards = |rung: usize| {
            if to_rung < from_rung { rung < from_rung } else { rung > from_rung }
        };
        let first = |wanted: &dyn Fn(usize) -> bool| {
            let found = after.iter().find(|seen| seen.rung.is_some_and(wanted))?;
            Some(found.start - at)
        };
        let changed = to_rung != from_rung;
        Some(Self {
            at_s: at,
            from_rung,
            to_rung,
            first_switch_s: first(&towards).filter(|_| changed),
            settled_s: first(&|rung| rung == to_rung).filter(|_| changed),
            given_up: video()
                .filter(|seen| seen.ending == Ending::GivenUp && seen.end >= at && seen.end < until)
                .count(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::characterise::Wanted;

    #[test]
    fn a_reaction_counts_from_the_change() {
        let seen = |start: f64, rung: usize| Sighting {
            wanted: Wanted::Video,
            start,
            end: start + 1.0,
            bytes: 1e6,
            ending: Ending::Complete,
            rung: Some(rung),
            index: None,
            duration: 4.0,
        };
        let session = [
            seen(0.0, 2),
            seen(6.0, 3),
            seen(11.0, 3),
            seen(15.0, 2),
            seen(19.0, 1),
            seen(25.0, 2),
        ];
        let down = StepReaction::of(&session, 10.0, 20.0).unwrap();
        assert_eq!((down.from_rung, down.to_rung), (3, 1));
        assert_eq!((down.first_switch_s, down.settled_s), (Some(5.0), Some(9.0)));
        let up = StepReaction::of(&session, 20.0, 30.0).unwrap();
        assert_eq!((up.from_rung, up.to_rung, up.first_switch_s), (1, 2, Some(5.0)));
        assert_eq!(StepReaction::of(&session, 40.0, 50.0), None);
    }
}

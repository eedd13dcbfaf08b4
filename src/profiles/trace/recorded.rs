//! The steps that were read so far, never more than a trace can have.

use super::error::Fault;
use crate::model::{Step, Trace};
use std::time::Duration;

/// Steps in order. Bounded here and not only when all are read: a line may stand for a year of bins.
#[derive(Debug)]
pub(super) struct Recorded {
    steps: Vec<Step>,
    /// Round trips, and how long each lasted; neighbours differ. Empty where the file says none.
    round_trips: Vec<(Duration, Duration)>,
    /// The time before the first round trip.
    unknown: Duration,
    /// What the file did not say, and was assumed.
    notes: Vec<String>,
    most: usize,
}

/// A recorded network.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recording {
    /// Rates, and how long each lasted.
    pub steps: Vec<Step>,
    /// How long each round trip lasted, and the round trip; empty where the file says none.
    pub round_trips: Vec<(Duration, Duration)>,
    /// What the file did not say, and was assumed.
    pub notes: Vec<String>,
}

impl Recorded {
    pub(super) const fn new() -> Self {
        Self {
            steps: Vec::new(),
            round_trips: Vec::new(),
            unknown: Duration::ZERO,
            notes: Vec::new(),
            most: Trace::MOST_STEPS,
        }
    }

    /// One step more; `line` is where it stands, or 0 where that is for others to say.
    pub(super) fn push(&mut self, line: u64, step: Step) -> Result<(), Fault> {
        if self.steps.len() >= self.most {
            let problem = format!("is one step more than the {} that a trace can have", self.most);
            let hint = "cut it, or write fewer a second (`bin` for mahimahi's)";
            return Err(Fault::at(line, problem, hint));
        }
        self.steps.push(step);
        Ok(())
    }

    /// For the next `lasts` a round trip takes `round_trip`; `None` = as long as before, or as the first that
    /// is known.
    pub(super) fn push_round_trip(&mut self, lasts: Duration, round_trip: Option<Duration>) {
        match (self.round_trips.last_mut(), round_trip) {
            (Some((so_far, same)), round_trip) if round_trip.is_none_or(|now| now == *same) => {
                *so_far = so_far.saturating_add(lasts);
            }
            (Some(_), Some(round_trip)) => self.round_trips.push((lasts, round_trip)),
            (None, Some(round_trip)) => {
                let unknown = std::mem::take(&mut self.unknown);
                self.round_trips.push((lasts.saturating_add(unknown), round_trip));
            }
            (_, None) => self.unknown = self.unknown.saturating_add(lasts),
        }
    }

    /// Something was assumed that the file does not say.
    pub(super) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    pub(super) fn finish(self) -> Recording {
        let Self { steps, round_trips, notes, .. } = self;
        Recording { steps, round_trips, notes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::BitRate;

    #[test]
    fn what_goes_beyond_the_most_is_told_with_its_line() {
        let mut recorded = Recorded { most: 2, ..Recorded::new() };
        let step = Step { lasts: Duration::from_secs(1), rate: BitRate::ZERO };
        assert!(recorded.push(1, step).is_ok() && recorded.push(2, step).is_ok());
        let fault = recorded.push(3, step).unwrap_err().within("t");
        insta::assert_snapshot!(fault, @"t:3: is one step more than the 2 that a trace can have; cut it, or write fewer a second (`bin` for mahimahi's)");
        assert_eq!(recorded.finish().steps.len(), 2);
    }
}

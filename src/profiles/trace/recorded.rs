//! The steps read so far, at most as many as a trace can have.

use super::error::Fault;
use crate::model::{Step, Trace};
use std::time::Duration;

/// Steps in order. Their number is limited while reading, because one line may add a year of bins.
#[derive(Debug)]
pub(super) struct Recorded {
    steps: Vec<Step>,
    /// Round trips and their lengths; neighbours differ. Empty if the file has none.
    round_trips: Vec<(Duration, Duration)>,
    /// The time before the first round trip.
    unknown: Duration,
    /// Assumptions about values that the file does not give.
    notes: Vec<String>,
    most: usize,
}

/// A recorded network.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recording {
    /// Rates and their lengths.
    pub steps: Vec<Step>,
    /// The length of each round trip, and the round trip; empty if the file has none.
    pub round_trips: Vec<(Duration, Duration)>,
    /// Assumptions about values that the file does not give.
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

    /// Adds a step; `line` is its line, or 0 if the caller adds the line to errors.
    pub(super) fn push(&mut self, line: u64, step: Step) -> Result<(), Fault> {
        if self.steps.len() >= self.most {
            let problem = format!("is one more step than the {} that a trace can have", self.most);
            let hint = "cut it, or write fewer steps per second (`bin` for mahimahi)";
            return Err(Fault::at(line, problem, hint));
        }
        self.steps.push(step);
        Ok(())
    }

    /// Adds a round trip for the next `lasts`; `None` = the previous one, or the first one that is known.
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

    /// Records an assumption about a value that the file does not give.
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
        insta::assert_snapshot!(fault, @"t:3: is one more step than the 2 that a trace can have; cut it, or write fewer steps per second (`bin` for mahimahi)");
        assert_eq!(recorded.finish().steps.len(), 2);
    }
}

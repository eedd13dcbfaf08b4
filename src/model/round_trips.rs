//! Round trips that change with time.

use super::spec_error::SpecError;
use std::{sync::Arc, time::Duration};

/// A schedule of round trips. It starts when its link's rate does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoundTrips {
    /// The end of each step, from the schedule's start, and its round trip.
    steps: Arc<[(Duration, Duration)]>,
    repeats: bool,
}

impl RoundTrips {
    /// The most steps.
    pub const MOST_STEPS: usize = 1 << 16;

    /// Steps, each with how long it lasts and its round trip. After the last it starts over, or (`repeat` is
    /// false) the last round trip stays.
    ///
    /// # Errors
    /// When there is no step, one lasts no time, or there are too many.
    pub fn new(
        steps: impl IntoIterator<Item = (Duration, Duration)>,
        repeat: bool,
    ) -> Result<Self, SpecError> {
        let wrong = |problem, hint| Err(SpecError::new("schedule", problem, hint));
        let (mut end, mut ends) = (Duration::ZERO, Vec::new());
        for (lasts, round_trip) in steps {
            if lasts.is_zero() {
                return wrong(
                    "has a step that lasts no time",
                    "write how long, as in `for = \"30 s\"`",
                );
            }
            if ends.len() >= Self::MOST_STEPS {
                return wrong("has over 65,536 steps", "write fewer, longer ones");
            }
            end = end.saturating_add(lasts);
            ends.push((end, round_trip));
        }
        if ends.is_empty() {
            return wrong("has no steps", "write at least one { for = \"30 s\", rtt = \"75 ms\" }");
        }
        Ok(Self { steps: ends.into(), repeats: repeat })
    }

    /// The round trip at `time` since the schedule's start.
    #[must_use]
    pub fn at(&self, time: Duration) -> Duration {
        let Some((length, last)) = self.steps.last().copied() else { return Duration::ZERO };
        let time = if self.repeats { remainder(time, length) } else { time };
        let step = self.steps.partition_point(|(end, _)| *end <= time);
        self.steps.get(step).map_or(last, |(_, round_trip)| *round_trip)
    }

    /// The longest of its round trips.
    #[must_use]
    pub fn longest(&self) -> Duration {
        self.steps.iter().map(|(_, round_trip)| *round_trip).max().unwrap_or_default()
    }

    /// The shortest of its round trips.
    #[must_use]
    pub fn shortest(&self) -> Duration {
        self.steps.iter().map(|(_, round_trip)| *round_trip).min().unwrap_or_default()
    }

    /// Its steps, in order: how long each lasts, and its round trip.
    pub fn steps(&self) -> impl ExactSizeIterator<Item = (Duration, Duration)> {
        let starts = (0..self.steps.len()).map(|step| step.checked_sub(1));
        let start = |before: Option<usize>| {
            before.and_then(|before| self.steps.get(before)).map_or(Duration::ZERO, |(end, _)| *end)
        };
        self.steps
            .iter()
            .zip(starts)
            .map(move |((end, round_trip), before)| (*end - start(before), *round_trip))
    }

    /// Whether it starts over after its end.
    #[must_use]
    pub const fn repeats(&self) -> bool {
        self.repeats
    }
}

fn remainder(time: Duration, length: Duration) -> Duration {
    let rest = time.as_nanos() % length.as_nanos().max(1);
    Duration::from_nanos(u64::try_from(rest).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;
    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn a_round_trip_holds_until_the_next_step() {
        let steps = [(S(30), MS(75)), (S(30), MS(150)), (S(10), MS(200))];
        let looped = RoundTrips::new(steps, true).unwrap();
        for (at, ms) in
            [(0, 75), (29, 75), (30, 150), (59, 150), (60, 200), (69, 200), (70, 75), (100, 150)]
        {
            assert_eq!(looped.at(S(at)), MS(ms), "{at} s");
        }
        let once = RoundTrips::new(steps, false).unwrap();
        assert_eq!((once.at(S(69)), once.at(S(1000))), (MS(200), MS(200)));
        assert_eq!((once.shortest(), once.longest()), (MS(75), MS(200)));
        assert_eq!(once.steps().collect::<Vec<_>>(), steps);
    }

    #[test]
    fn what_cannot_run_is_refused() {
        assert!(RoundTrips::new([], true).is_err());
        assert!(RoundTrips::new([(Duration::ZERO, MS(1))], true).is_err());
        assert!(RoundTrips::new((0..70_000).map(|_| (S(1), MS(1))), true).is_err());
    }
}

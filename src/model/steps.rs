//! Schedules that are written out: steps, ramps and traces.

use super::{
    spec_error::SpecError,
    timeline::{Point, Start, Timeline},
};
use crate::units::BitRate;
use std::{sync::Arc, time::Duration};

/// The most points; bounds memory at 128 MiB.
const MOST_POINTS: usize = 8 << 20;

/// One rate for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// How long.
    pub lasts: Duration,
    /// The rate; at zero nothing passes.
    pub rate: BitRate,
}

/// A list of rates, each for a time. After the last one the list repeats, or its rate stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Steps {
    steps: Vec<Step>,
    pub(super) timeline: Arc<Timeline>,
}

impl Steps {
    /// A schedule of `steps`.
    ///
    /// # Errors
    /// When there are none, one lasts no time, or none ever carries a byte.
    pub fn new(steps: Vec<Step>, repeat: bool) -> Result<Self, SpecError> {
        let wrong = |problem: &str, hint: &str| Err(SpecError::new("schedule", problem, hint));
        if steps.is_empty() {
            return wrong(
                "has no steps",
                "write at least one { for = \"30 s\", rate = \"1 Mbit/s\" }",
            );
        }
        if steps.iter().any(|step| step.lasts < Duration::from_millis(1)) {
            return wrong("has a step shorter than 1 ms", "write `for` of at least `1 ms`");
        }
        let timeline = Timeline::new("schedule", &laid_out(steps.iter().copied()), false, repeat)?;
        Ok(Self { steps, timeline: Arc::new(timeline) })
    }

    /// The same schedule with another starting position.
    ///
    /// # Errors
    /// When `start` is not within a schedule that ends.
    pub fn starting(self, start: Start) -> Result<Self, SpecError> {
        let timeline = Timeline::clone(&self.timeline).starting(start)?;
        Ok(Self { timeline: Arc::new(timeline), ..self })
    }

    /// The steps, in order.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Whether the list starts over after its end.
    #[must_use]
    pub fn repeats(&self) -> bool {
        self.timeline.repeats()
    }
}

/// A rate that goes linearly from point to point. After the last one it repeats, or the last rate
/// stays. Two points at one time are a jump.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ramp {
    points: Vec<(Duration, BitRate)>,
    pub(super) timeline: Arc<Timeline>,
}

impl Ramp {
    /// A schedule through `points`: a time from the schedule's beginning, and the rate then.
    ///
    /// # Errors
    /// When there are fewer than two, the first is not at zero, times go back, or no byte is ever
    /// carried.
    pub fn new(points: Vec<(Duration, BitRate)>, repeat: bool) -> Result<Self, SpecError> {
        let point = |&(at, rate): &(Duration, BitRate)| Point {
            at: nanos(at),
            rate: rate.bits_per_second(),
        };
        let laid_out: Vec<_> = points.iter().map(point).collect();
        let timeline = Timeline::new("ramp", &laid_out, true, repeat)?;
        Ok(Self { points, timeline: Arc::new(timeline) })
    }

    /// The same schedule with another starting position.
    ///
    /// # Errors
    /// When `start` is not within a schedule that ends.
    pub fn starting(self, start: Start) -> Result<Self, SpecError> {
        let timeline = Timeline::clone(&self.timeline).starting(start)?;
        Ok(Self { timeline: Arc::new(timeline), ..self })
    }

    /// The points, in order.
    #[must_use]
    pub fn points(&self) -> &[(Duration, BitRate)] {
        &self.points
    }

    /// Whether it starts over after its end.
    #[must_use]
    pub fn repeats(&self) -> bool {
        self.timeline.repeats()
    }

    /// Its mean rate, over the whole length.
    #[must_use]
    pub fn mean(&self) -> BitRate {
        mean(&self.timeline)
    }
}

/// A recorded schedule: long, and held once however many links play it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    pub(super) timeline: Arc<Timeline>,
}

impl Trace {
    /// The most steps of a trace: three months of seconds.
    pub const MOST_STEPS: usize = MOST_POINTS;

    /// A schedule of `steps`; those that last no time are left out, neighbours of one rate joined.
    ///
    /// # Errors
    /// When there are fewer than two steps or too many, or none ever carries a byte.
    pub fn new(
        steps: impl IntoIterator<Item = Step>,
        repeat: bool,
        start: Start,
    ) -> Result<Self, SpecError> {
        let points = laid_out(steps.into_iter().take(MOST_POINTS + 1));
        let wrong = |problem, hint| Err(SpecError::new("trace", problem, hint));
        if points.len() < 3 {
            return wrong("has one point", "a trace needs at least two; else write a `rate`");
        }
        if points.len() > MOST_POINTS {
            return wrong("has over 8 million points", "cut it, or write fewer a second");
        }
        let timeline = Timeline::new("trace", &points, false, repeat)?.starting(start)?;
        Ok(Self { timeline: Arc::new(timeline) })
    }

    /// Its steps, in order; neighbours differ in rate.
    pub fn steps(&self) -> impl Iterator<Item = Step> {
        self.timeline.iter().map(|piece| Step {
            lasts: Duration::from_nanos(piece.end - piece.start),
            rate: BitRate::from_bits_per_second(piece.rate_at(piece.start)),
        })
    }

    /// How long it is.
    #[must_use]
    pub fn length(&self) -> Duration {
        Duration::from_nanos(self.timeline.length())
    }

    /// Whether it starts over after its end.
    #[must_use]
    pub fn repeats(&self) -> bool {
        self.timeline.repeats()
    }

    /// Where in it a link starts.
    #[must_use]
    pub fn start(&self) -> Start {
        self.timeline.start()
    }

    /// Its mean rate, by time.
    #[must_use]
    pub fn mean(&self) -> BitRate {
        mean(&self.timeline)
    }

    /// Its highest rate.
    #[must_use]
    pub fn peak(&self) -> BitRate {
        self.timeline.peak()
    }
}

fn mean(timeline: &Timeline) -> BitRate {
    BitRate::from_bits_per_second((timeline.area() / u128::from(timeline.length())) as u64)
}

/// Steps as points: where each starts, and the end.
fn laid_out(steps: impl IntoIterator<Item = Step>) -> Vec<Point> {
    let (mut at, mut rate) = (0_u64, 0);
    let mut points: Vec<Point> = Vec::new();
    for step in steps {
        rate = step.rate.bits_per_second();
        points.push(Point { at, rate });
        at = at.saturating_add(nanos(step.lasts));
    }
    points.push(Point { at, rate });
    points
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

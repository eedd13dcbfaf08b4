//! Rate over time, as a sequence of pieces in each of which the rate is constant or goes linearly.

use super::{
    markov::Walk,
    on_off::Switching,
    piece::{FOREVER, Piece},
    rate_spec::RateSpec,
    timeline::{Playing, Start},
    waves::{Waves, Waving},
};
use crate::{seed::Seed, units::BitRate};
use rand::RngExt as _;

/// Waves with a random start begin at a time within their first hour.
const ANYWHERE: u64 = 3_600_000_000_000;

/// A running schedule: the current piece, and the source of the next.
#[derive(Debug, Clone)]
pub(super) struct Schedule {
    piece: Piece,
    source: Source,
}

#[derive(Debug, Clone)]
enum Source {
    Constant(u64),
    Playing(Playing),
    Waving(Waving),
    Switching(Box<Switching>),
    Walk(Box<Walk>),
    Joined(Join, Box<(Schedule, Schedule)>),
}

#[derive(Debug, Clone, Copy)]
enum Join {
    Times,
    Min,
}

impl Schedule {
    /// The schedule of `spec`, whose time zero is at link time `origin`.
    pub(super) fn new(spec: &RateSpec, seed: Seed, origin: u64) -> Self {
        let mut source = Source::new(spec, seed, origin);
        Self { piece: source.piece(origin), source }
    }

    /// The current piece.
    pub(super) const fn piece(&self) -> Piece {
        self.piece
    }

    /// Advances to the next piece.
    pub(super) fn advance(&mut self) {
        self.piece = self.source.piece(self.piece.end);
    }

    /// Advances to `to`; returns the bit·ns carried since `from` (which lies in the current piece). A timeline
    /// jumps; a random schedule has to be followed piece by piece.
    pub(super) fn skip(&mut self, from: u64, to: u64) -> u128 {
        if let Source::Playing(playing) = &self.source {
            self.piece = playing.piece(to);
            return playing.carried(from, to);
        }
        let before = self.piece.carried(from);
        let mut area = 0;
        while self.piece.end <= to {
            area += self.piece.carried(FOREVER);
            self.advance();
        }
        area + self.piece.carried(to) - before
    }
}

impl Source {
    fn new(spec: &RateSpec, seed: Seed, origin: u64) -> Self {
        let stream = || seed.named("schedule").stream();
        match spec {
            // "No limit" is a rate that no machine reaches, so the rules below apply unchanged.
            RateSpec::Unlimited => Self::Constant(BitRate::MAX.bits_per_second()),
            RateSpec::Constant(rate) => Self::Constant(rate.bits_per_second()),
            RateSpec::Steps(steps) => {
                Self::Playing(Playing::new(&steps.timeline, origin, &mut stream()))
            }
            RateSpec::Ramp(ramp) => {
                Self::Playing(Playing::new(&ramp.timeline, origin, &mut stream()))
            }
            RateSpec::Trace(trace) => {
                Self::Playing(Playing::new(&trace.timeline, origin, &mut stream()))
            }
            RateSpec::Waves(waves) => Self::Waving(Waving::new(waves, origin, lead(waves, seed))),
            RateSpec::OnOff(spec) => Self::Switching(Box::new(Switching::new(spec, stream()))),
            RateSpec::Markov(chain) => Self::Walk(Box::new(Walk::new(chain, stream()))),
            // Until the ladder is known.
            RateSpec::Relative(steps) => {
                Self::new(&RateSpec::on_ladder(steps, &|_| None), seed, origin)
            }
            RateSpec::Times(times) => {
                Self::joined(Join::Times, [&times.rate, &times.share], seed, origin)
            }
            RateSpec::Min(two) => Self::joined(Join::Min, [&two[0], &two[1]], seed, origin),
        }
    }

    /// The first draws the same random numbers as it would alone.
    fn joined(join: Join, [first, second]: [&RateSpec; 2], seed: Seed, origin: u64) -> Self {
        let name = match join {
            Join::Times => "times",
            Join::Min => "min",
        };
        let first = Schedule::new(first, seed, origin);
        let second = Schedule::new(second, seed.named(name), origin);
        Self::Joined(join, Box::new((first, second)))
    }

    /// The piece that starts at `now`, where the one before ended.
    fn piece(&mut self, now: u64) -> Piece {
        match self {
            Self::Constant(rate) => Piece::constant(now, FOREVER, *rate),
            Self::Playing(playing) => playing.piece(now),
            Self::Waving(waving) => waving.piece(now),
            Self::Switching(switching) => switching.piece(now),
            Self::Walk(walk) => walk.piece(now),
            Self::Joined(join, two) => {
                let (first, second) = &mut **two;
                for schedule in [&mut *first, &mut *second] {
                    while schedule.piece.end <= now {
                        schedule.advance();
                    }
                }
                let end = first.piece.end.min(second.piece.end);
                let (first, second) = (first.piece.within(now, end), second.piece.within(now, end));
                match join {
                    Join::Times => first.times(second.rate_at(now)),
                    Join::Min => lower(first, second),
                }
            }
        }
    }
}

fn lead(waves: &Waves, seed: Seed) -> u64 {
    match waves.start() {
        Start::At(at) => u64::try_from(at.as_nanos()).unwrap_or(u64::MAX),
        Start::Random => seed.named("schedule").stream().random_range(0..ANYWHERE),
    }
}

/// The lower of two pieces over the same time, up to where they cross.
fn lower(one: Piece, other: Piece) -> Piece {
    let (start, end) = (one.start, one.end);
    if one.is_constant() && other.is_constant() {
        return if one.rate_at(start) <= other.rate_at(start) { one } else { other };
    }
    let gap = |at| i128::from(one.rate_at(at)) - i128::from(other.rate_at(at));
    let (first, last) = (gap(start), gap(end));
    let low = if first < 0 || (first == 0 && last <= 0) { one } else { other };
    if first.signum() * last.signum() >= 0 {
        return low;
    }
    // They cross; the piece lasts at least a nanosecond, so that time advances.
    let length = u128::from(end - start);
    let cross = length * first.unsigned_abs() / (first.unsigned_abs() + last.unsigned_abs());
    low.within(start, start + (cross as u64).clamp(1, end - start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Distribution, OnOff, Ramp, Step, Steps, Times};
    use std::{sync::Arc, time::Duration};

    const KBIT: fn(u64) -> BitRate = BitRate::from_kilobits_per_second;
    const SECOND: Duration = Duration::from_secs(1);
    const NANOS: u64 = 1_000_000_000;

    fn steps(list: &[u64], repeat: bool) -> RateSpec {
        let step = |&rate: &u64| Step { lasts: SECOND, rate: KBIT(rate) };
        RateSpec::Steps(Arc::new(Steps::new(list.iter().map(step).collect(), repeat).unwrap()))
    }

    fn ramp(list: &[(u64, u64)]) -> RateSpec {
        let point = |&(at, rate): &(u64, u64)| (Duration::from_secs(at), KBIT(rate));
        RateSpec::Ramp(Arc::new(Ramp::new(list.iter().map(point).collect(), true).unwrap()))
    }

    /// Kilobits carried in each of the first `n` seconds.
    fn by_second(spec: &RateSpec, n: u64) -> Vec<u64> {
        let mut schedule = Schedule::new(spec, Seed::new(1), 0);
        let kilobits = |area: u128| (area / 1_000_000_000_000) as u64;
        (0..n).map(|s| kilobits(schedule.skip(s * NANOS, (s + 1) * NANOS))).collect()
    }

    #[test]
    fn steps_repeat_or_stay() {
        assert_eq!(by_second(&steps(&[1, 2], true), 5), [1, 2, 1, 2, 1]);
        assert_eq!(by_second(&steps(&[1, 2], false), 5), [1, 2, 2, 2, 2]);
        let mut stays = Schedule::new(&steps(&[1, 2], false), Seed::new(1), 0);
        stays.advance();
        assert_eq!(stays.piece().end, FOREVER);
    }

    #[test]
    fn the_lower_of_two() {
        let cap = RateSpec::Constant(KBIT(300));
        let up = ramp(&[(0, 0), (10, 1000)]);
        let both = RateSpec::Min(Arc::new([up.clone(), cap]));
        assert_eq!(by_second(&both, 5), [50, 150, 250, 300, 300]);
        let down = ramp(&[(0, 1000), (10, 0)]);
        let roof = RateSpec::Min(Arc::new([up, down]));
        assert_eq!(by_second(&roof, 10), [50, 150, 250, 350, 450, 450, 350, 250, 150, 50]);
    }

    #[test]
    fn a_rate_times_a_share() {
        let share = RateSpec::Steps(Arc::new(
            Steps::new(
                [1_000_000, 250_000, 0]
                    .map(|millionths| Step {
                        lasts: SECOND,
                        rate: BitRate::from_bits_per_second(millionths),
                    })
                    .to_vec(),
                true,
            )
            .unwrap(),
        ));
        let up = ramp(&[(0, 0), (10, 1000)]);
        let times = |rate: &RateSpec| {
            RateSpec::Times(Arc::new(Times::new(rate.clone(), share.clone()).unwrap()))
        };
        let product = times(&up);
        assert_eq!(by_second(&product, 5), [50, 37, 0, 350, 112]);
        assert!(Times::new(steps(&[1], true), up).is_err());
        assert_eq!(by_second(&times(&RateSpec::Constant(KBIT(800))), 3), [800, 200, 0]);
    }

    /// The second schedule draws from a stream of its own.
    #[test]
    fn an_outage_does_not_change_the_chances_of_the_rate() {
        let law = |ms| Distribution::exponential(Duration::from_millis(ms)).unwrap();
        let on_off = |rate| {
            let spec = OnOff::new(law(900), law(700), rate, BitRate::ZERO).unwrap();
            RateSpec::OnOff(Arc::new(spec))
        };
        let alone = by_second(&on_off(KBIT(1000)), 100);
        let capped = RateSpec::Min(Arc::new([on_off(KBIT(1000)), RateSpec::Constant(KBIT(2000))]));
        assert_eq!(by_second(&capped, 100), alone);
        let twice = RateSpec::Min(Arc::new([on_off(KBIT(1000)), on_off(KBIT(1000))]));
        assert_ne!(by_second(&twice, 100), alone);
    }
}

//! The bytes a link could have carried since its time zero: the integral of its schedule, with
//! silence in its stalls; and the inverse, the moment at which a given byte could have left.
//!
//! Both are exact: areas are counted in bit·nanoseconds, as whole numbers. Pieces are made when
//! time first reaches them and forgotten soon after it has passed, so a session of any length
//! holds a handful.

use super::{
    schedule::{Piece, Schedule},
    spec::LinkSpec,
    stall::{Stall, Stalls},
};
use crate::{seed::Seed, units::BitRate};
use std::{collections::VecDeque, time::Duration};

/// Bit·nanoseconds in a byte: 8 bits over a second of 10⁹ ns.
const BYTE: u128 = 8_000_000_000;
/// Pieces this far behind the latest question are forgotten.
const MEMORY: Duration = Duration::from_secs(2);
/// How far one question looks ahead through silence; the answer is then "ask again there".
const MAX_PIECES_AHEAD: usize = 4096;

/// A piece of constant rate, placed in time.
#[derive(Debug, Clone, Copy)]
struct Span {
    start: u64,
    /// `None` = for ever.
    end: Option<u64>,
    /// Bit·ns carried before `start`.
    area: u128,
    bits_per_second: u64,
}

impl Span {
    fn area_at(&self, nanos: u64) -> u128 {
        let nanos = self.end.map_or(nanos, |end| nanos.min(end));
        self.area + u128::from(nanos.saturating_sub(self.start)) * u128::from(self.bits_per_second)
    }
}

/// When a byte could leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// At this moment.
    At(Duration),
    /// Not before this moment; ask again then.
    NotBefore(Duration),
    /// Never, unless the link changes.
    Never,
}

/// Cumulative capacity over time.
#[derive(Debug, Clone)]
pub(super) struct Capacity {
    schedule: Schedule,
    /// What is left of the schedule's current piece.
    piece: (BitRate, Option<u64>),
    stalls: Option<Stalls>,
    /// The next stall not yet laid out in `spans`, or the one being laid out.
    stall: Option<Stall>,
    /// Stalls that may still be asked about.
    recent: VecDeque<Stall>,
    spans: VecDeque<Span>,
}

impl Capacity {
    /// The capacity of `spec` from `start` on, counting on from `area` (of an earlier capacity).
    fn starting(spec: &LinkSpec, seed: Seed, start: Duration, area: u128) -> Self {
        let mut schedule = Schedule::new(&spec.rate, seed);
        let start_nanos = nanos(start);
        let piece = placed(schedule.next_piece(), start_nanos);
        let mut stalls = spec.stall.as_ref().map(|stall| Stalls::new(stall, start, seed));
        let stall = stalls.as_mut().map(Stalls::next_stall);
        let mut capacity = Self {
            schedule,
            piece,
            stalls,
            stall,
            recent: VecDeque::new(),
            spans: VecDeque::with_capacity(4),
        };
        capacity.lay(start_nanos, area);
        capacity
    }

    pub(super) fn new(spec: &LinkSpec, seed: Seed) -> Self {
        Self::starting(spec, seed, Duration::ZERO, 0)
    }

    /// This capacity up to `now`, and that of `spec` (from its own time zero) after it.
    pub(super) fn spliced(mut self, now: Duration, spec: &LinkSpec, seed: Seed) -> Self {
        let area = self.span_at(nanos(now)).area_at(nanos(now));
        Self::starting(spec, seed, now, area)
    }

    /// Bytes that could have left by `now`.
    pub(super) fn at(&mut self, now: Duration) -> u64 {
        let now = nanos(now);
        let span = self.span_at(now);
        (span.area_at(now) / BYTE) as u64
    }

    /// The rate at `now`; zero in a stall.
    pub(super) fn rate(&mut self, now: Duration) -> BitRate {
        BitRate::from_bits_per_second(self.span_at(nanos(now)).bits_per_second)
    }

    /// The first moment at which `bytes` could have left.
    pub(super) fn when(&mut self, bytes: u64) -> When {
        let area = u128::from(bytes) * BYTE;
        for _ in 0..MAX_PIECES_AHEAD {
            let Some(last) = self.spans.back().copied() else { return When::Never };
            match last.end {
                Some(end) if last.area_at(end) < area => self.extend(last, end),
                None if last.bits_per_second == 0 && last.area < area => return When::Never,
                _ => return When::At(self.inverse(area)),
            }
        }
        let reached = self.spans.back().and_then(|span| span.end);
        reached.map_or(When::Never, |end| When::NotBefore(Duration::from_nanos(end)))
    }

    /// The first stall that overlaps `from..to` and starts after `after`.
    pub(super) fn stall_within(
        &self,
        from: Duration,
        to: Duration,
        after: Option<Duration>,
    ) -> Option<Stall> {
        let fresh = |stall: &&Stall| after.is_none_or(|after| stall.at > after);
        self.recent.iter().filter(fresh).find(|stall| stall.end() > from && stall.at < to).copied()
    }

    /// Where the cumulative area first reaches `area`, within the spans that are laid out.
    fn inverse(&self, area: u128) -> Duration {
        let index =
            self.spans.partition_point(|span| span.end.is_some_and(|end| span.area_at(end) < area));
        let Some(span) = self.spans.get(index) else { return Duration::ZERO };
        let missing = area.saturating_sub(span.area);
        let wait = if missing == 0 { 0 } else { missing.div_ceil(span.bits_per_second.into()) };
        Duration::from_nanos(span.start.saturating_add(u64::try_from(wait).unwrap_or(u64::MAX)))
    }

    fn span_at(&mut self, now: u64) -> Span {
        while let Some(&last) = self.spans.back() {
            match last.end {
                Some(end) if end <= now => self.extend(last, end),
                _ => break,
            }
        }
        self.forget(now);
        let index = self.spans.partition_point(|span| span.end.is_some_and(|end| end <= now));
        // Never empty, and `index` is in range: the loop above left a span that reaches `now`.
        self.spans.get(index).or(self.spans.back()).copied().unwrap_or(Span {
            start: now,
            end: None,
            area: 0,
            bits_per_second: 0,
        })
    }

    fn extend(&mut self, last: Span, end: u64) {
        self.lay(end, last.area_at(end));
    }

    /// Lays out the span that starts at `start`: up to where schedule or stall next changes.
    fn lay(&mut self, start: u64, area: u128) {
        while self.piece.1.is_some_and(|end| end <= start) {
            self.piece = placed(self.schedule.next_piece(), self.piece.1.unwrap_or(start));
        }
        let (rate, piece_end) = self.piece;
        let mut frozen = false;
        let mut end = piece_end;
        if let Some(stall) = self.stall {
            let (from, to) = (nanos(stall.at), nanos(stall.end()));
            if start >= from {
                frozen = true;
                end = Some(end.map_or(to, |end| end.min(to)));
                if end == Some(to) {
                    self.recent.push_back(stall);
                    self.stall = self.stalls.as_mut().map(Stalls::next_stall);
                }
            } else {
                end = Some(end.map_or(from, |end| end.min(from)));
            }
        }
        let bits_per_second = if frozen { 0 } else { rate.bits_per_second() };
        self.spans.push_back(Span { start, end, area, bits_per_second });
    }

    fn forget(&mut self, now: u64) {
        let horizon = now.saturating_sub(nanos(MEMORY));
        while self.spans.front().is_some_and(|span| span.end.is_some_and(|end| end < horizon)) {
            self.spans.pop_front();
        }
        while self.recent.front().is_some_and(|stall| nanos(stall.end()) < horizon) {
            self.recent.pop_front();
        }
    }
}

fn placed(piece: Piece, start: u64) -> (BitRate, Option<u64>) {
    (piece.rate, piece.lasts.map(|lasts| start.saturating_add(nanos(lasts))))
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Distribution, RateSpec, StallSpec, Step, Steps};
    use std::sync::Arc;

    const SECOND: Duration = Duration::from_secs(1);

    fn steps(list: &[(u64, u64)], repeat: bool) -> LinkSpec {
        let steps = list
            .iter()
            .map(|&(seconds, kilobits)| Step {
                lasts: Duration::from_secs(seconds),
                rate: BitRate::from_kilobits_per_second(kilobits),
            })
            .collect();
        let steps = Steps::new(steps, repeat).unwrap();
        LinkSpec { rate: RateSpec::Steps(Arc::new(steps)), ..LinkSpec::default() }
    }

    #[test]
    fn the_integral_of_steps() {
        let mut capacity = Capacity::new(&steps(&[(2, 8), (1, 0), (1, 80)], true), Seed::new(1));
        let at = |capacity: &mut Capacity, ms| capacity.at(Duration::from_millis(ms));
        assert_eq!(at(&mut capacity, 1500), 1500);
        assert_eq!(at(&mut capacity, 2000), 2000);
        assert_eq!(at(&mut capacity, 2900), 2000);
        assert_eq!(at(&mut capacity, 3500), 7000);
        assert_eq!(at(&mut capacity, 4000), 12_000);
        assert_eq!(at(&mut capacity, 5000), 13_000);
    }

    #[test]
    fn the_inverse_skips_silence_and_knows_never() {
        let mut capacity = Capacity::new(&steps(&[(2, 8), (1, 0), (1, 80)], true), Seed::new(1));
        assert_eq!(capacity.when(2000), When::At(2 * SECOND));
        assert_eq!(capacity.when(2001), When::At(3 * SECOND + Duration::from_micros(100)));
        let mut ends = Capacity::new(&steps(&[(2, 8), (1, 0)], false), Seed::new(1));
        assert_eq!(ends.when(2001), When::Never);
    }

    #[test]
    fn stalls_are_silence() {
        let mut spec = steps(&[(1, 8)], true);
        let fixed = |ms| Distribution::constant(Duration::from_millis(ms));
        spec.stall = Some(StallSpec::new(fixed(1500), fixed(250)).unwrap());
        let mut capacity = Capacity::new(&spec, Seed::new(1));
        assert_eq!(capacity.at(Duration::from_millis(1750)), 1500);
        assert_eq!(capacity.when(1501), When::At(Duration::from_millis(1751)));
        assert_eq!(capacity.rate(Duration::from_millis(1600)), BitRate::ZERO);
        assert_eq!(capacity.at(Duration::from_millis(3500)), 3000);
        let stall = capacity.stall_within(SECOND, 2 * SECOND, None).unwrap();
        assert_eq!((stall.at, stall.lasts), (fixed(1500).mean(), fixed(250).mean()));
        assert_eq!(capacity.stall_within(SECOND, 2 * SECOND, Some(stall.at)), None);
    }

    #[test]
    fn a_splice_counts_on() {
        let old = Capacity::new(&steps(&[(1, 8)], true), Seed::new(1));
        let mut new = old.spliced(SECOND, &steps(&[(1, 80)], true), Seed::new(1));
        assert_eq!(new.at(SECOND), 1000);
        assert_eq!(new.at(2 * SECOND), 11_000);
        assert_eq!(new.when(6000), When::At(Duration::from_millis(1500)));
    }

    #[test]
    fn a_long_session_holds_little() {
        let mut capacity = Capacity::new(&steps(&[(1, 8), (1, 16)], true), Seed::new(1));
        for second in 0..100_000 {
            capacity.at(Duration::from_secs(second));
        }
        assert!(capacity.spans.len() < 8, "{} spans", capacity.spans.len());
    }
}

//! The bytes a link could have carried since its time zero: the integral of its schedule, where stalls count as
//! rate zero; and the inverse, the time at which a given byte could have left.
//!
//! Both are exact: areas are counted in bit·nanoseconds, as whole numbers. Pieces are made when time first
//! reaches them and dropped soon after, so a session of any length holds only a few; a long time without a
//! query is skipped.

use super::{
    piece::{FOREVER, Piece},
    schedule::Schedule,
    spec::LinkSpec,
    stall::{Stall, Stalls},
};
use crate::{
    seed::Seed,
    units::{BitRate, LinkTime},
};
use std::collections::VecDeque;

/// Bit·nanoseconds in a byte: 8 bits over a second of 10⁹ ns.
const BYTE: u128 = 8_000_000_000;
/// Pieces this far behind the latest query are dropped, in nanoseconds.
const MEMORY: u64 = 2_000_000_000;
/// How many pieces one query looks ahead while the rate is zero; the result is then "not before".
const MAX_PIECES_AHEAD: usize = 4096;

/// A piece, and what was carried before it. In a stall the piece has rate zero.
#[derive(Debug, Clone, Copy)]
struct Span {
    piece: Piece,
    /// Bit·ns.
    area: u128,
    /// The same at its end.
    end: u128,
}

/// A link that is silent for ever.
const SILENCE: Span = Span { piece: Piece::constant(0, FOREVER, 0), area: 0, end: 0 };

impl Span {
    fn new(piece: Piece, area: u128) -> Self {
        Self { piece, area, end: area + piece.carried(piece.end) }
    }

    fn area_at(&self, nanos: u64) -> u128 {
        self.area + self.piece.carried(nanos)
    }
}

/// When a byte could leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// At this time.
    At(LinkTime),
    /// Not before this time; query again then.
    NotBefore(LinkTime),
    /// Never, unless the link changes.
    Never,
}

/// Cumulative capacity over time.
#[derive(Debug, Clone)]
pub(super) struct Capacity {
    schedule: Schedule,
    stalls: Option<Stalls>,
    /// The next stall not yet laid out in `spans`, or the one being laid out.
    stall: Option<Stall>,
    /// Stalls that may still be queried.
    recent: VecDeque<Stall>,
    /// Never empty.
    spans: VecDeque<Span>,
}

impl Capacity {
    /// The capacity of `spec` from `start` on, counting on from `area` (of an earlier capacity).
    fn starting(spec: &LinkSpec, seed: Seed, start: LinkTime, area: u128) -> Self {
        let mut stalls = spec.stall.as_ref().and_then(|stall| Stalls::new(stall, start, seed));
        let stall = stalls.as_mut().map(Stalls::next_stall);
        let start = nanos(start);
        let mut capacity = Self {
            schedule: Schedule::new(&spec.rate, seed, start),
            stalls,
            stall,
            recent: VecDeque::new(),
            spans: VecDeque::with_capacity(4),
        };
        capacity.lay(start, area);
        capacity
    }

    pub(super) fn new(spec: &LinkSpec, seed: Seed) -> Self {
        Self::starting(spec, seed, LinkTime::ZERO, 0)
    }

    /// This capacity up to `now`, and that of `spec` (from its own time zero) after it.
    pub(super) fn spliced(mut self, now: LinkTime, spec: &LinkSpec, seed: Seed) -> Self {
        let area = self.span_at(nanos(now)).area_at(nanos(now));
        Self::starting(spec, seed, now, area)
    }

    /// Bytes that could have left by `now`.
    pub(super) fn at(&mut self, now: LinkTime) -> u64 {
        let now = nanos(now);
        bytes(self.span_at(now).area_at(now))
    }

    /// The rate at `now`; zero in a stall.
    pub(super) fn rate(&mut self, now: LinkTime) -> BitRate {
        let now = nanos(now);
        BitRate::from_bits_per_second(self.span_at(now).piece.rate_at(now))
    }

    /// The first time at which `bytes` could have left.
    pub(super) fn when(&mut self, bytes: u64) -> When {
        let area = u128::from(bytes) * BYTE;
        // Bounded by all spans held, not by those one query adds: a link with rate zero is queried often.
        while self.spans.len() <= MAX_PIECES_AHEAD {
            let Some(last) = self.spans.back() else { return When::Never };
            if last.piece.end == FOREVER {
                let silent = last.piece.rate_at(last.piece.start) == 0;
                if silent && last.area < area {
                    return When::Never;
                }
            } else if last.end < area {
                let last = *last;
                self.extend(last);
                continue;
            }
            return When::At(self.inverse(area));
        }
        let Some(last) = self.spans.back() else { return When::Never };
        let reached = last.piece.end;
        if reached == FOREVER || last.end >= area {
            return When::At(self.inverse(area));
        }
        When::NotBefore(LinkTime::from_nanos(reached))
    }

    /// Whether there are stalls that may still be queried, or will be.
    pub(super) const fn may_stall(&self) -> bool {
        self.stall.is_some()
    }

    /// The first stall that overlaps `from..to` and starts after `after`.
    pub(super) fn stall_within(
        &self,
        from: LinkTime,
        to: LinkTime,
        after: Option<LinkTime>,
    ) -> Option<Stall> {
        let fresh = |stall: &&Stall| after.is_none_or(|after| stall.at > after);
        self.recent.iter().filter(fresh).find(|stall| stall.end() > from && stall.at < to).copied()
    }

    /// Where the cumulative area first reaches `area`, within the spans that are laid out.
    fn inverse(&self, area: u128) -> LinkTime {
        let earlier = |span: &Span| span.end < area;
        let index = match self.spans.back() {
            // Most often it is in the last one.
            Some(last) if last.area < area => self.spans.len() - 1,
            _ => self.spans.partition_point(earlier),
        };
        let Some(span) = self.spans.get(index) else { return LinkTime::ZERO };
        LinkTime::from_nanos(span.piece.reached(area.saturating_sub(span.area)))
    }

    fn span_at(&mut self, now: u64) -> &Span {
        while let Some(last) = self.spans.back() {
            if last.piece.end > now {
                break;
            }
            let last = *last;
            if now - last.piece.end > 2 * MEMORY {
                self.jump(last, now - MEMORY);
            } else {
                self.extend(last);
            }
        }
        self.forget(now);
        let index = match self.spans.back() {
            Some(last) if last.piece.start <= now => self.spans.len() - 1,
            _ => self.spans.partition_point(|span| span.piece.end <= now),
        };
        // Never empty, and `index` is in range: the loop above left a span that reaches `now`.
        self.spans.get(index).or(self.spans.back()).unwrap_or(&SILENCE)
    }

    fn extend(&mut self, last: Span) {
        self.lay(last.piece.end, last.end);
    }

    /// Lays out the span that starts at `start`: up to where schedule or stall next changes.
    fn lay(&mut self, start: u64, area: u128) {
        while self.schedule.piece().end <= start {
            self.schedule.advance();
        }
        let piece = self.schedule.piece();
        let (frozen, end) = self.until_stall(start, piece.end);
        let piece = if frozen { Piece::constant(start, end, 0) } else { piece.within(start, end) };
        self.spans.push_back(Span::new(piece, area));
    }

    /// Whether the link is stalled at `start`, and until when that holds (`end` at most).
    fn until_stall(&mut self, start: u64, end: u64) -> (bool, u64) {
        let Some(stall) = self.stall else { return (false, end) };
        let (from, to) = (nanos(stall.at), nanos(stall.end()));
        if start < from {
            return (false, end.min(from));
        }
        if to <= end {
            self.recent.push_back(stall);
            self.stall = self.stalls.as_mut().map(Stalls::next_stall);
        }
        (true, end.min(to))
    }

    /// Advances from the end of `last` to `to` in long steps; nothing before `to` is kept.
    fn jump(&mut self, last: Span, to: u64) {
        let mut now = last.piece.end;
        let mut area = last.end;
        while self.schedule.piece().end <= now {
            self.schedule.advance();
        }
        while now < to {
            let (frozen, until) = self.until_stall(now, to);
            let carried = self.schedule.skip(now, until);
            if !frozen {
                area += carried;
            }
            now = until;
        }
        self.spans.clear();
        self.lay(now, area);
    }

    fn forget(&mut self, now: u64) {
        let horizon = now.saturating_sub(MEMORY);
        while self.spans.front().is_some_and(|span| span.piece.end < horizon) {
            self.spans.pop_front();
        }
        while self.recent.front().is_some_and(|stall| nanos(stall.end()) < horizon) {
            self.recent.pop_front();
        }
    }
}

/// Whole bytes in an area: `area / BYTE` by parts of 32 bits, since dividing 128 bits is slow.
/// `BYTE` is 2¹² · 1953125, so each part's quotient fits.
fn bytes(area: u128) -> u64 {
    const ODD: u64 = 1_953_125;
    let area = area >> 12;
    let (high, low) = ((area >> 64) as u64, area as u64);
    if high == 0 {
        return low / ODD;
    }
    let middle = ((high % ODD) << 32) | (low >> 32);
    let rest = ((middle % ODD) << 32) | (low & 0xffff_ffff);
    // Beyond 2⁶⁴ bytes (580 years at the highest rate) it would not fit.
    ((high / ODD) << 32 << 32) | ((middle / ODD) << 32) | (rest / ODD)
}

/// Whole nanoseconds; what does not fit (584 years) is the longest time. Quicker than by the 128 bits of `as_nanos`.
const fn nanos(time: LinkTime) -> u64 {
    const SECOND: u64 = 1_000_000_000;
    let time = time.since_zero();
    time.as_secs().saturating_mul(SECOND).saturating_add(time.subsec_nanos() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{
            Distribution, OnOff, Ramp, RateSpec, Shape, StallSpec, Start, Step, Steps, Times,
            Trace, WHOLE, Wave, Waves,
        },
        units::Ratio,
    };
    use std::{sync::Arc, time::Duration};

    const S: fn(u64) -> LinkTime = LinkTime::from_secs;
    const MS: fn(u64) -> LinkTime = LinkTime::from_millis;

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
        let at = |capacity: &mut Capacity, ms| capacity.at(MS(ms));
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
        assert_eq!(capacity.when(2000), When::At(S(2)));
        assert_eq!(capacity.when(2001), When::At(S(3) + Duration::from_micros(100)));
        let mut ends = Capacity::new(&steps(&[(2, 8), (1, 0)], false), Seed::new(1));
        assert_eq!(ends.when(2001), When::Never);
    }

    #[test]
    fn stalls_are_silence() {
        let mut spec = steps(&[(1, 8)], true);
        let fixed = |ms| Distribution::constant(Duration::from_millis(ms));
        spec.stall = Some(StallSpec::new(fixed(1500), fixed(250)).unwrap());
        let mut capacity = Capacity::new(&spec, Seed::new(1));
        assert_eq!(capacity.at(MS(1750)), 1500);
        assert_eq!(capacity.when(1501), When::At(MS(1751)));
        assert_eq!(capacity.rate(MS(1600)), BitRate::ZERO);
        assert_eq!(capacity.at(MS(3500)), 3000);
        let stall = capacity.stall_within(S(1), S(2), None).unwrap();
        assert_eq!((stall.at, stall.lasts), (MS(1500), fixed(250).mean()));
        assert_eq!(capacity.stall_within(S(1), S(2), Some(stall.at)), None);
    }

    #[test]
    fn a_splice_counts_on() {
        let old = Capacity::new(&steps(&[(1, 8)], true), Seed::new(1));
        let mut new = old.spliced(S(1), &steps(&[(1, 80)], true), Seed::new(1));
        assert_eq!(new.at(S(1)), 1000);
        assert_eq!(new.at(S(2)), 11_000);
        assert_eq!(new.when(6000), When::At(MS(1500)));
    }

    /// A jump over idle hours ends where walking would have.
    #[test]
    fn a_jump_is_as_a_walk() {
        let ms = Duration::from_millis;
        let mut spec = steps(&[(1, 8), (2, 0), (3, 777)], true);
        let gap = Distribution::exponential(ms(7000)).unwrap();
        spec.stall = Some(StallSpec::new(gap, Distribution::constant(ms(900))).unwrap());
        let (mut walks, mut jumps) =
            (Capacity::new(&spec, Seed::new(1)), Capacity::new(&spec, Seed::new(1)));
        for hours in 1..4 {
            let end = S(3600 * hours);
            let mut now = end - Duration::from_secs(3600);
            while now < end {
                walks.at(now);
                now += ms(777);
            }
            let bytes = walks.at(end);
            assert_eq!(jumps.at(end), bytes);
            assert_eq!(walks.when(bytes + 100_000), jumps.when(bytes + 100_000));
        }
    }

    /// One of each kind of schedule, from the same numbers.
    fn kinds(list: &[(u64, u64)]) -> Vec<RateSpec> {
        let kbit = BitRate::from_kilobits_per_second;
        let ms = Duration::from_millis;
        let fast = list.iter().map(|&(lasts, rate)| Step { lasts: ms(lasts), rate: kbit(rate) });
        let mut at = Duration::ZERO;
        let points = list.iter().map(|&(lasts, rate)| {
            at += ms(lasts);
            (at - ms(list[0].0), kbit(rate))
        });
        let ramp = RateSpec::Ramp(Arc::new(Ramp::new(points.collect(), true).unwrap()));
        let steps = Arc::new(Steps::new(fast.clone().collect(), true).unwrap());
        let trace = Trace::new(fast, true, Start::Random).unwrap();
        let wave = |shape, period, amplitude| Wave {
            shape,
            amplitude: kbit(amplitude),
            period: ms(period),
            phase: Ratio::NONE,
        };
        let waves = vec![
            wave(Shape::Sine, 100 + list[0].0, list[0].1),
            wave(Shape::Saw, 100 + list[1].0, list[1].1),
        ];
        let waves = RateSpec::Waves(Arc::new(
            Waves::new(kbit(list[2].1 + 5), waves, Start::default()).unwrap(),
        ));
        let law = |mean| Distribution::exponential(ms(mean)).unwrap();
        let on_off = OnOff::new(law(list[0].0), law(list[1].0), kbit(700), kbit(list[0].1));
        let on_off = RateSpec::OnOff(Arc::new(on_off.unwrap()));
        let outage = OnOff::new(law(900), law(300), WHOLE, BitRate::ZERO).unwrap();
        let outage = RateSpec::OnOff(Arc::new(outage));
        let times = RateSpec::Times(Arc::new(Times::new(ramp.clone(), outage).unwrap()));
        let min = RateSpec::Min(Arc::new([ramp.clone(), waves.clone()]));
        let (steps, trace) = (RateSpec::Steps(steps), RateSpec::Trace(Arc::new(trace)));
        vec![steps, trace, ramp, waves, on_off, times, min]
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(40))]

        /// For every kind of schedule, under stalls: a byte leaves at the first nanosecond by which the
        /// integral has it, and the integral is the same whatever was queried before.
        #[test]
        fn integral_and_inverse_agree(
            list in proptest::collection::vec((20u64..3000, 1u64..20_000), 4..8),
            asked in proptest::collection::vec(1u64..400_000, 1..30),
            seed: u64,
        ) {
            for rate in kinds(&list) {
                let gap = Distribution::exponential(Duration::from_millis(2500)).unwrap();
                let stall = StallSpec::new(gap, Distribution::constant(Duration::from_millis(130)));
                let spec = LinkSpec { rate, stall: stall.ok(), ..LinkSpec::default() };
                let mut capacity = Capacity::new(&spec, Seed::new(seed));
                let (mut bytes, mut last) = (0, LinkTime::ZERO);
                for more in &asked {
                    bytes += more;
                    let When::At(time) = capacity.when(bytes) else { continue };
                    proptest::prop_assert!(time >= last);
                    let before = capacity.at(time.saturating_sub(Duration::from_nanos(1)));
                    proptest::prop_assert!(before < bytes, "{before} {bytes} {:?}", spec.rate);
                    let then = capacity.at(time);
                    proptest::prop_assert!(then >= bytes, "{then} {bytes} {:?}", spec.rate);
                    let mut fresh = Capacity::new(&spec, Seed::new(seed));
                    proptest::prop_assert_eq!(fresh.at(time), then);
                    last = time;
                }
            }
        }

        #[test]
        fn bytes_are_areas_divided(area in 0u128..(1 << 96), more in 0u128..(1 << 70)) {
            proptest::prop_assert_eq!(u128::from(bytes(area)), area / BYTE);
            proptest::prop_assert_eq!(u128::from(bytes(more)), more / BYTE);
        }
    }

    #[test]
    fn a_long_session_holds_little() {
        let mut capacity = Capacity::new(&steps(&[(1, 8), (1, 16)], true), Seed::new(1));
        for second in 0..100_000 {
            capacity.at(S(second));
        }
        assert!(capacity.spans.len() < 8, "{} spans", capacity.spans.len());
    }
}

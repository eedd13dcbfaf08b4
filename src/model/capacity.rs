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

    /// This capacity up to `now`, and after it that of `spec`, whose time zero is `start`.
    pub(super) fn spliced(
        mut self,
        now: LinkTime,
        spec: &LinkSpec,
        seed: Seed,
        start: LinkTime,
    ) -> Self {
        let at = nanos(now);
        let area = self.span_at(at).area_at(at);
        if start >= now {
            return Self::starting(spec, seed, now, area);
        }
        let mut next = Self::starting(spec, seed, start, 0);
        let piece = next.span_at(at).piece;
        // What `spec` would have carried before does not count.
        next.spans.clear();
        next.spans.push_back(Span::new(piece.within(at, piece.end), area));
        next
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
mod tests;

//! The bytes that wait at the bottleneck: in one queue, first come, first served, or in one queue (lane) per
//! connection.
//!
//! In one queue a position on the link is known at once. In lanes it is known when the bytes are served,
//! because the order depends on what arrives meanwhile. A lane holds as much as the one queue would (like
//! `flow_limit` of Linux's `fq`): a connection that fills its lane loses only its own packets.

use super::{
    super::{
        bucket::{Position, Release},
        fair_queue::{Backlog, FairQueue, Place},
    },
    Link,
};
use crate::units::LinkTime;
use std::{num::NonZeroU32, time::Duration};

impl Link {
    /// Queues `bytes` of body at `at`. Returns their position on the link if it is known now; else
    /// [`Self::booked`] returns it later. `place` is the connection's lane, one of `party` if it has none.
    pub(in crate::model) fn enqueue(
        &mut self,
        place: &mut Option<Place>,
        party: u64,
        at: LinkTime,
        bytes: NonZeroU32,
    ) -> Option<Position> {
        let bytes = self.counted(bytes);
        let Some(fair) = &mut self.fair else { return Some(self.book_counted(at, bytes)) };
        let known = place.take().filter(|place| fair.contains(place));
        let known = known.unwrap_or_else(|| fair.join(party));
        fair.push(place.insert(known), at, bytes);
        self.serve(at);
        None
    }

    /// The place of the next bytes in `place`'s lane that have been served.
    pub(in crate::model) fn booked(&mut self, place: Option<&Place>) -> Option<Position> {
        self.fair.as_mut()?.booked(place?)
    }

    /// Advances to `now`: whenever everything booked has left, the next lane is served.
    pub(in crate::model) fn serve(&mut self, now: LinkTime) {
        let Some(mut fair) = self.fair.take_if(|fair| !fair.is_empty()) else { return };
        while let Some(Release { at: left, is_final: true }) =
            self.release(Position::new(self.tail))
            && left <= now
            && let Some(next) = fair.pop()
        {
            let position = self.book_counted(next.since.max(left), next.bytes);
            fair.book(next, position);
        }
        self.fair = Some(fair);
    }

    /// Books what the rate counts as `bytes`, behind all that was booked before.
    fn book_counted(&mut self, at: LinkTime, bytes: NonZeroU32) -> Position {
        let capacity = self.capacity.at(at);
        let mut left = Some(bytes);
        while let Some(bytes) = left {
            let part = bytes.min(self.bucket.burst());
            self.tail = self.bucket.book(capacity, part).bytes();
            left = NonZeroU32::new(bytes.get() - part.get());
        }
        Position::new(self.tail)
    }

    /// Empties the queue, because the link has changed at `now`.
    pub(super) fn empty(&mut self, now: LinkTime) {
        let carried = self.capacity.at(now);
        if let Some(fair) = &mut self.fair {
            fair.clear(carried);
        }
    }

    /// The fair queue and a place in it, if both exist.
    fn lane<'a>(&'a self, place: Option<&'a Place>) -> Option<(&'a FairQueue, &'a Place)> {
        self.fair.as_deref().zip(place)
    }

    /// How many bytes of body the queue (the lane of `place`, if it is fair) still accepts at `now`.
    pub(in crate::model) fn room(&mut self, place: Option<&Place>, now: LinkTime) -> u64 {
        self.serve(now);
        let Backlog { waiting, last } = match (self.lane(place), &self.fair) {
            (Some((fair, place)), _) => fair.backlog(place),
            (None, Some(_)) => Backlog::default(),
            (None, None) => Backlog { waiting: 0, last: self.tail },
        };
        let backlog = waiting + last.saturating_sub(self.capacity.at(now));
        self.count.body(self.queue.saturating_sub(backlog))
    }

    /// The earliest time at which the queue accepts `bytes` more of body; `None` = not before the link changes.
    pub(in crate::model) fn room_for(
        &mut self,
        place: Option<&Place>,
        bytes: u64,
    ) -> Option<LinkTime> {
        let more = self.count.counted(bytes);
        let end = match self.lane(place) {
            None => self.tail + more,
            Some((fair, place)) => {
                let Backlog { waiting, last } = fair.backlog(place);
                if waiting + more <= self.queue {
                    // Bytes already booked on the link free the space.
                    last + waiting + more
                } else {
                    self.tail + fair.before(place) + waiting + more
                }
            }
        };
        self.release(Position::new(end.saturating_sub(self.queue))).map(|release| release.at)
    }

    /// The earliest time at which the first `bytes` of body that wait in `place`'s lane leave.
    pub(in crate::model) fn expected(
        &mut self,
        place: Option<&Place>,
        bytes: u64,
    ) -> Option<LinkTime> {
        let before = self.lane(place).map_or(0, |(fair, place)| fair.before(place));
        let end = self.tail + before + self.count.counted(bytes);
        self.release(Position::new(end)).map(|release| release.at)
    }

    /// How long a packet that comes at `now` waits for those that are booked; `None` = until the
    /// link changes.
    pub fn queueing_delay(&mut self, now: LinkTime) -> Option<Duration> {
        if self.tail <= self.capacity.at(now) {
            return Some(Duration::ZERO);
        }
        Some(self.release(Position::new(self.tail))?.at.since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::spec::LinkSpec;
    use super::*;
    use crate::{model::RateSpec, seed::Seed, units::BitRate};

    /// At 8 Mbit/s ten thousand bytes leave within 10 ms: what comes later goes behind them, and not before.
    #[test]
    fn who_waits_in_a_lane_goes_before_what_is_booked_later() {
        let rate = RateSpec::Constant(BitRate::from_bits_per_second(8_000_000));
        let spec = LinkSpec { rate, fair_queue: true, ..LinkSpec::default() };
        let mut link = Link::new(&spec, Seed::new(1));
        let (mut place, bytes) = (None, NonZeroU32::new(1000).unwrap());
        for _ in 0..10 {
            assert!(link.enqueue(&mut place, 1, LinkTime::ZERO, bytes).is_none());
        }
        let later = link.book(LinkTime::from_millis(100), bytes);
        for _ in 0..10 {
            assert!(link.booked(place.as_ref()).unwrap().bytes() < later.bytes());
        }
    }
}

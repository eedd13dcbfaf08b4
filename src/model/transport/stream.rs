//! One response on a connection: its bytes in flight, and those that have arrived.

use super::{
    super::{
        bucket::Position,
        lateness::{MOST_CATCH_UP, SLACK},
        link::Link,
    },
    connection::{Refusal, Segment, Transport},
};
use crate::units::LinkTime;
use std::{collections::VecDeque, num::NonZeroU32, time::Duration};

/// The shortest time until a stream that waits for its turn polls again.
const TURN: Duration = Duration::from_millis(1);

/// One response's segments on its connection.
#[derive(Debug, Default)]
pub(in crate::model) struct Stream {
    id: Option<u32>,
    segments: VecDeque<Segment>,
    under_way: u64,
    /// Why nothing more could be sent when last tried.
    refusal: Option<Refusal>,
    /// How late what arrived last was taken.
    late: Duration,
    /// When something was last taken.
    taken: LinkTime,
    /// The link's generation to which the positions of `segments` belong.
    generation: u64,
}

impl Stream {
    /// Bytes sent that the driver has not taken yet.
    pub(in crate::model) const fn under_way(&self) -> u64 {
        self.under_way
    }

    /// Records that there is nothing to send: the time until there is counts as idle.
    pub(in crate::model) const fn source_empty(&mut self) {
        self.late = Duration::ZERO;
    }

    /// Records that all available bytes have been sent.
    pub(in crate::model) const fn sent_all(&mut self) {
        self.refusal = None;
    }

    /// Whether another response on the connection waits for room in its window.
    pub(in crate::model) fn others_wait(&self, transport: &Transport, now: LinkTime) -> bool {
        transport.others_wait(self.id, now)
    }

    /// Since when the next bytes could have been sent, however late the driver polls (within limits): since
    /// there was room in window and queue, if they waited for that.
    fn since(&self, transport: &Transport, now: LinkTime) -> LinkTime {
        let since = match self.refusal {
            Some(Refusal::Window | Refusal::Turn) => transport.freed(),
            Some(Refusal::Queue(until)) => until.unwrap_or(now),
            None if now.since(self.taken) > SLACK => now,
            None => now.saturating_sub(self.late),
        };
        since.max(now.saturating_sub(MOST_CATCH_UP)).min(now)
    }

    /// Follows a live change of the link.
    pub(in crate::model) fn follow(
        &mut self,
        link: &mut Link,
        transport: &mut Transport,
        now: LinkTime,
    ) {
        transport.follow(link, now);
        if self.generation != link.generation() {
            self.generation = link.generation();
            let waiting = self.segments.iter_mut().filter(|s| !transport.has_left(s.end));
            for segment in waiting {
                segment.position = transport.position(segment.end);
            }
        }
    }

    /// Brings the connection up to `now`, as far as that matters before the next bytes are sent: when they wait
    /// for the window, acknowledgements are processed one by one, and bytes are sent after each.
    pub(in crate::model) fn advance(
        &mut self,
        link: &mut Link,
        transport: &mut Transport,
        now: LinkTime,
    ) {
        transport.leave(link, now);
        // Acknowledgements of other streams are processed by those streams.
        if !matches!(self.refusal, Some(Refusal::Window | Refusal::Turn))
            && !transport.others_wait(self.id, now)
        {
            while transport.process_next_ack(self.since(transport, now)) {}
        }
    }

    /// Sends up to `want` bytes, as of the time at which they could be sent; returns how many were sent. `lost`
    /// = the path loses their first copy.
    pub(in crate::model) fn send(
        &mut self,
        link: &mut Link,
        transport: &mut Transport,
        now: LinkTime,
        want: u64,
        lost: bool,
    ) -> Option<NonZeroU32> {
        let id = *self.id.get_or_insert_with(|| transport.join());
        loop {
            let since = self.since(transport, now);
            match transport.send(link, since, id, want, lost) {
                Ok(segment) => {
                    self.under_way += u64::from(segment.bytes);
                    self.segments.push_back(segment);
                    return NonZeroU32::new(segment.bytes);
                }
                Err(refusal) => {
                    self.refusal = Some(refusal);
                    let again = match refusal {
                        Refusal::Window => {
                            transport.leave(link, now);
                            transport.process_next_ack(now)
                        }
                        Refusal::Turn => false,
                        Refusal::Queue(until) => until.is_some_and(|t| since < t && t <= now),
                    };
                    if !again {
                        return None;
                    }
                }
            }
        }
    }

    /// Takes the bytes that have arrived by `now`, in order; returns their number.
    pub(in crate::model) fn take(
        &mut self,
        link: &mut Link,
        transport: &mut Transport,
        now: LinkTime,
    ) -> usize {
        transport.leave(link, now);
        let (mut bytes, mut last) = (0, None);
        while let Some(segment) = self.segments.front() {
            let hold = transport.hold(segment.end);
            if !transport.has_left(segment.end) || hold > now {
                break;
            }
            bytes += segment.bytes as usize;
            last = Some((segment.position, hold.max(segment.sent)));
            self.segments.pop_front();
        }
        if let Some((position, hold)) = last {
            let left = match position {
                Some(position) => link.release(position).map_or(now, |release| release.at),
                None => transport.departed(),
            };
            self.late = now.since(left.max(hold)).min(MOST_CATCH_UP);
            self.taken = now;
        }
        if let Some(front) = self.segments.front_mut()
            && front.position.is_none()
        {
            front.position = transport.position(front.end);
        }
        transport.fill(now);
        self.under_way -= bytes as u64;
        bytes
    }

    /// When to poll again; `None` = not before the link changes.
    pub(in crate::model) fn wait(
        &self,
        link: &mut Link,
        transport: &Transport,
        now: LinkTime,
    ) -> Option<LinkTime> {
        let front = self.segments.front();
        let queued = front.is_some_and(|segment| !transport.has_left(segment.end));
        let arrival = front.and_then(|segment| {
            let left = if queued { transport.departure(link, segment)?.at } else { LinkTime::ZERO };
            Some(left.max(transport.hold(segment.end)))
        });
        let room = match self.refusal {
            // While bytes of its own are in the queue, the link has work: acknowledgements can be
            // looked at when the next of them leave.
            Some(Refusal::Window) if queued && !transport.is_shared() => None,
            Some(Refusal::Window) => transport.next_room(link),
            // The stream whose turn it is polls at this time too.
            Some(Refusal::Turn) => {
                let soon = now + TURN;
                Some(transport.next_room(link).map_or(soon, |room| room.max(soon)))
            }
            Some(Refusal::Queue(until)) => until,
            None => None,
        };
        match (arrival, room) {
            (Some(arrival), Some(room)) => Some(arrival.min(room)),
            (arrival, room) => arrival.or(room),
        }
    }

    /// The position on the link of the first bytes in flight, if they have one, and when they were sent.
    pub(in crate::model) fn front(&self) -> Option<(Option<Position>, LinkTime)> {
        self.segments.front().map(|segment| (segment.position, segment.sent))
    }

    /// Whether nothing is in flight and nothing waits to be sent.
    pub(in crate::model) fn is_idle(&self) -> bool {
        self.segments.is_empty() && self.refusal.is_none()
    }
}

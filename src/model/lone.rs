//! One response after the other over a link that nothing else uses, without a loop over quanta.

use super::{
    PACKET,
    capacity::When,
    interruptions::Interruptions,
    link::WIRE_PACKET,
    private_link::{PrivateLink, counted, payload},
    spec::{Count, LinkSpec, OnDrop},
};
use crate::{seed::Seed, units::LinkTime};
use std::time::Duration;

/// Where in the link's capacity a response ends.
#[derive(Debug, Clone, Copy)]
struct End {
    /// Where its last byte leaves.
    position: u64,
    /// Where the bucket is full again.
    full: u64,
    /// Overhead not yet counted.
    owed: u64,
}

/// How a response over a [`Lone`] link ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoneEnd {
    /// When.
    pub at: LinkTime,
    /// The bytes of the body that have left.
    pub received: u64,
    /// The loss that cut it.
    pub cut: Option<OnDrop>,
}

/// Is asked at each step of time, with the time and the bytes of the body that have left, whether to give up.
pub struct LoneWatch<'a> {
    step: Duration,
    from: LinkTime,
    next: LinkTime,
    last: LinkTime,
    gives_up: &'a mut dyn FnMut(LinkTime, u64) -> bool,
}

impl std::fmt::Debug for LoneWatch<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoneWatch").field("next", &self.next).finish_non_exhaustive()
    }
}

impl<'a> LoneWatch<'a> {
    /// A watch over a response that starts at `start`, asked every `step` (at least 1 ms).
    #[must_use]
    pub fn new(
        start: LinkTime,
        step: Duration,
        gives_up: &'a mut dyn FnMut(LinkTime, u64) -> bool,
    ) -> Self {
        const LONGEST: Duration = Duration::from_secs(24 * 3600);
        let step = step.max(Duration::from_millis(1));
        let (next, last) = (start + step, start + LONGEST);
        Self { step, from: LinkTime::ZERO, next, last, gives_up }
    }

    /// The same, which need not be asked about what has left by `time`.
    #[must_use]
    pub const fn asked_from(mut self, time: LinkTime) -> Self {
        self.from = time;
        self
    }

    /// Asks up to `end`, while `sent` does not grow; returns when it gives up, if it does.
    fn pause(&mut self, end: LinkTime, sent: u64) -> Option<LinkTime> {
        if end <= self.from {
            return None;
        }
        while self.next <= end {
            let now = self.next;
            self.next += self.step;
            if (self.gives_up)(now, sent) {
                return Some(now);
            }
        }
        None
    }
}

/// What is sent in one step: a head, and bytes of the body, of which some were sent before.
#[derive(Debug, Clone, Copy)]
struct Piece {
    head: u64,
    before: u64,
    body: u64,
}

impl Piece {
    const fn bytes(self) -> u64 {
        self.head + self.body
    }
}

/// What came of a piece.
enum Sent {
    /// All of it has left, at this time.
    Whole(LinkTime),
    /// It was given up: when, and how many bytes of the body were sent by then.
    Part(LinkTime, u64),
}

/// A link's rate and stalls for responses that follow each other.
///
/// A [`ResponseShaper`](super::ResponseShaper) that is polled at each time it returns books its bytes without a gap. So its last
/// byte leaves when the link's capacity, counted from the bucket's state at the first one, reaches the size of
/// the response: one inverse of the capacity in place of thousands of bookings. Both methods give the same end,
/// except for the rounding of each quantum to a nanosecond.
#[derive(Debug)]
pub struct Lone {
    link: PrivateLink,
    /// Overhead not yet counted, in parts of a packet.
    owed: u64,
}

impl Lone {
    /// A link of `spec`, idle at its time zero; `None` if its responses go over a transport, packet by packet.
    #[must_use]
    pub fn new(spec: &LinkSpec, seed: Seed) -> Option<Self> {
        PrivateLink::new(spec, seed).map(|link| Self { link, owed: 0 })
    }

    /// Carries a response of `bytes`, after a head of `head` bytes, from `start` on, from one interruption to the
    /// next; returns how it ended. `None` if it never ends, and `watch` does not give it up within a day.
    pub fn carry(
        &mut self,
        start: LinkTime,
        head: u32,
        bytes: u64,
        interruptions: &mut Interruptions,
        mut watch: Option<LoneWatch<'_>>,
    ) -> Option<LoneEnd> {
        let (mut now, mut sent, mut head) = (start, 0, u64::from(head));
        let end = |at, received, cut| Some(LoneEnd { at, received, cut });
        if interruptions.is_empty() {
            let piece = Piece { head, before: 0, body: bytes };
            return match self.send(start, piece, &mut watch)? {
                Sent::Whole(at) => end(at, bytes, None),
                Sent::Part(at, received) => end(at, received, None),
            };
        }
        loop {
            let resume = match interruptions.take(sent, now) {
                Ok(resume) => resume,
                Err(cut) => return end(now, sent, Some(cut)),
            };
            if let Some(at) = watch.as_mut().and_then(|watch| watch.pause(resume, sent)) {
                return end(at, sent, None);
            }
            let next = interruptions.next_byte().min(bytes);
            let piece = Piece { head, before: sent, body: next - sent };
            now = match self.send(resume, piece, &mut watch)? {
                Sent::Whole(at) => at,
                Sent::Part(at, received) => return end(at, received, None),
            };
            (head, sent) = (0, next);
            if sent >= bytes {
                return end(now, sent, None);
            }
        }
    }

    /// Sends `piece` from `now` on; `None` if it never leaves.
    fn send(
        &mut self,
        now: LinkTime,
        piece: Piece,
        watch: &mut Option<LoneWatch<'_>>,
    ) -> Option<Sent> {
        let end = self.end(now, piece.bytes());
        match watch {
            None => {
                let at = self.when(end.position)?.max(now);
                self.commit(end);
                Some(Sent::Whole(at))
            }
            Some(watch) => {
                // Looked for without a watch only while that says nothing about the time after `from`.
                if watch.from > now
                    && let When::At(at) = self.link.when_known(end.position)
                    && at.max(now) <= watch.from
                {
                    self.commit(end);
                    watch.next = watch.next.max(at.max(now));
                    return Some(Sent::Whole(at.max(now)));
                }
                self.send_watched(now, piece, end, watch)
            }
        }
    }

    /// Sends `piece` from `now` to `end`, and asks `watch` on the way.
    fn send_watched(
        &mut self,
        now: LinkTime,
        piece: Piece,
        end: End,
        watch: &mut LoneWatch<'_>,
    ) -> Option<Sent> {
        if self.link.when_known(end.position) == When::Never {
            return None;
        }
        let first = end.position.saturating_sub(self.counted(piece.bytes()));
        while watch.next < watch.last {
            let time = watch.next.max(now);
            let reached = self.link.capacity_at(time);
            if reached >= end.position {
                self.commit(end);
                return Some(Sent::Whole(self.when(end.position)?.max(now)));
            }
            let left = payload(self.link.count, reached.saturating_sub(first)).min(piece.bytes());
            let received = piece.before + left.saturating_sub(piece.head);
            watch.next = time + watch.step;
            if (watch.gives_up)(time, received) {
                self.link.full = end.full - self.counted(piece.bytes()) + self.counted(left);
                return Some(Sent::Part(time, received));
            }
        }
        None
    }

    const fn commit(&mut self, end: End) {
        (self.link.full, self.owed) = (end.full, end.owed);
    }

    /// Bytes that the link could have carried by `now`; `None` without a limit.
    pub fn capacity(&mut self, now: LinkTime) -> Option<u64> {
        self.link.limited_capacity_at(now)
    }

    /// The end of a response of `bytes` that starts at `now`.
    fn end(&mut self, now: LinkTime, bytes: u64) -> End {
        let start = self.link.capacity_at(now);
        let owed = match self.link.count {
            Count::Wire => (bytes * WIRE_PACKET + self.owed) % PACKET,
            Count::Payload => 0,
        };
        let full = self.link.full.max(start) + self.counted(bytes);
        End { position: start.max(full.saturating_sub(self.link.burst)), full, owed }
    }

    /// What `bytes` of body count as.
    const fn counted(&self, bytes: u64) -> u64 {
        counted(self.link.count, bytes)
    }

    /// When the link could have carried this number of bytes; `None` = never, or only after thousands of parts
    /// of its schedule without any rate.
    fn when(&mut self, position: u64) -> Option<LinkTime> {
        self.link.when(position, LinkTime::new(Duration::MAX))
    }
}

//! One response that is sent over a link.

mod limits;
mod over_tcp;

use self::limits::Limits;
use super::{
    bucket::Position,
    lateness::{MOST_CATCH_UP, SLACK},
    link::Link,
    loss::Loss,
    rate_spec::RateSpec,
    session_round_robin::SessionRoundRobin,
    spec::{LinkSpec, LossSpec, OnDrop},
    stall::{ByteStalls, Stall},
    transport::{Stream, Transport, TransportSpec},
    verdict::Verdict,
};
use crate::{seed::Seed, units::BitRate};
use parking_lot::Mutex;
use std::{num::NonZeroU32, sync::Arc, time::Duration};

/// The delay of a retransmission on a link without latency: the smallest retransmission time-out of Linux's
/// TCP.
const SMALLEST_RETRANSMISSION: Duration = Duration::from_millis(200);

/// Bytes that have a position in the queue and wait for their release.
#[derive(Debug, Clone, Copy)]
struct Booked {
    bytes: usize,
    position: Position,
    /// The flow's time when it was booked.
    since: Duration,
    /// The link's generation when it was booked.
    generation: u64,
}

/// Bytes that wait for the session's turn to be booked.
#[derive(Debug, Clone, Copy)]
struct RequestedTurn {
    bytes: NonZeroU32,
    /// The link's generation at the time of the request.
    generation: u64,
}

/// One response: books its bytes on a [`Link`], a quantum at a time.
#[derive(Debug)]
pub struct Flow {
    sent: u64,
    /// Bytes of the head, which take time on the link before the first byte of the body.
    head: u32,
    booked: Option<Booked>,
    /// Its identifier among the responses that take turns, and what it has requested there.
    turn: Option<u64>,
    requested: Option<RequestedTurn>,
    /// Rates in addition to the link's.
    limits: Limits,
    loss: Option<(Box<Loss>, OnDrop)>,
    /// Stalls by bytes, and the last of them until it is reported.
    stalls: Option<Box<ByteStalls>>,
    stalled: Option<Stall>,
    retransmission: Duration,
    /// Nothing is booked before this time, because a lost packet is being sent again.
    resume: Duration,
    /// How late the driver was last time. A late wake-up is not a gap in the flow: the next bytes are booked as
    /// of the time they were due, or late timers would lower the rate.
    late: Duration,
    /// When bytes last passed.
    passed: Duration,
    /// Its part of a TCP connection, once it is polled with one.
    stream: Option<Box<Stream>>,
    /// When the limits allow more to be sent over TCP, if the limits are what delays it.
    held: Option<Option<Duration>>,
    /// The next bytes over TCP are lost on their way.
    losing: bool,
    /// Whether its connection loses packets for it over TCP: `Some(false)` until it is polled with one.
    shares_loss: Option<bool>,
}

impl Flow {
    /// A response over a link of `spec`, with random numbers from `seed`, and no faster than `own`.
    #[must_use]
    pub fn new(spec: &LinkSpec, own: Option<BitRate>, seed: Seed) -> Self {
        let own = own.map(|rate| {
            let spec = LinkSpec { rate: RateSpec::Constant(rate), ..LinkSpec::default() };
            Link::new(&spec, seed)
        });
        let in_bursts = |loss: LossSpec| {
            let shares = loss.model.has_memory() && loss.on_drop == OnDrop::Retransmit;
            (shares && spec.transport == TransportSpec::Tcp).then_some(false)
        };
        let shares_loss = spec.loss.and_then(in_bursts);
        let loss = spec.loss.map(|loss| {
            let stream = seed.named("loss").stream();
            (Box::new(Loss::new(loss.model, stream)), loss.on_drop)
        });
        let rtt = spec.latency.rtt;
        let retransmission = if rtt.is_zero() { SMALLEST_RETRANSMISSION } else { rtt };
        Self {
            sent: 0,
            head: 0,
            booked: None,
            turn: None,
            requested: None,
            limits: Limits::own(own),
            loss,
            stalls: spec.stall.as_ref().and_then(|s| ByteStalls::new(s, seed)).map(Box::new),
            stalled: None,
            retransmission,
            resume: Duration::ZERO,
            late: Duration::ZERO,
            passed: Duration::ZERO,
            stream: None,
            held: None,
            losing: false,
            shares_loss,
        }
    }

    /// Sets the round trip: how late a lost packet arrives from now on.
    pub const fn set_round_trip(&mut self, rtt: Duration) {
        self.retransmission = if rtt.is_zero() { SMALLEST_RETRANSMISSION } else { rtt };
    }

    /// Bytes passed so far.
    #[must_use]
    pub const fn sent(&self) -> u64 {
        self.sent
    }

    /// Counts `bytes` of a head that has been sent: the first bytes of the body come after the time that the
    /// link takes for them.
    pub const fn follow_head(&mut self, bytes: u32) {
        self.head = bytes;
    }

    /// Also limits the response to a rate of its own, that of `link`.
    pub fn keep_to(&mut self, link: Link) {
        self.limits.keep_to(link);
    }

    /// Also limits the response by `limits`, in place of earlier ones (but not of its own rate). Each may be
    /// shared with other responses.
    pub fn limit(&mut self, limits: Vec<Arc<Mutex<Link>>>) {
        self.limits.share(limits);
    }

    /// Removes it from the responses that take turns. To be called when the response ends.
    pub fn leave(&mut self, turns: &mut SessionRoundRobin) {
        self.requested = None;
        if let Some(turn) = self.turn.take() {
            turns.leave(turn);
        }
    }

    /// Records that there is nothing to send: the time until there is counts as idle.
    pub fn source_empty(&mut self) {
        self.late = Duration::ZERO;
        if let Some(stream) = &mut self.stream {
            stream.source_empty();
        }
    }

    /// Returns whether some of `available` bytes may pass at `now`. Once bytes are booked, `available` must not
    /// shrink until they have passed.
    ///
    /// `transport` is the TCP connection of the response, the same one in every call; without it the link's
    /// rate applies from the first byte on. Over TCP, bytes that are not available yet cannot be in flight:
    /// with less than [`Transport::window`] available, the window is not the limit.
    pub fn poll(
        &mut self,
        link: &mut Link,
        transport: Option<&mut Transport>,
        now: Duration,
        available: usize,
    ) -> Verdict {
        match transport {
            None => self.poll_link(link, None, now, available),
            Some(transport) => self.poll_transport(link, transport, now, available),
        }
    }

    /// The same without a transport, for a response that shares one position on the link with others of its
    /// session through `turns`, the same in every call.
    pub fn poll_in_turn(
        &mut self,
        link: &mut Link,
        turns: &mut SessionRoundRobin,
        now: Duration,
        available: usize,
    ) -> Verdict {
        turns.advance(link, now);
        self.poll_link(link, Some(turns), now, available)
    }

    fn poll_link(
        &mut self,
        link: &mut Link,
        turns: Option<&mut SessionRoundRobin>,
        now: Duration,
        available: usize,
    ) -> Verdict {
        let generation = link.generation();
        if self.booked.is_some_and(|booked| booked.generation != generation) {
            self.booked = None;
            self.late = Duration::ZERO;
        }
        self.requested.take_if(|requested| requested.generation != generation);
        if now.saturating_sub(self.passed) > SLACK {
            self.late = Duration::ZERO;
        }
        if self.booked.is_none() && self.requested.is_none() {
            if let Some((action, at_byte)) = self.dropped(now) {
                return Verdict::Drop { action, at_byte };
            }
            self.stall(now, available);
            if now < self.resume {
                return Verdict::Wait(Some(self.resume));
            }
            let most = match turns {
                None => link.quantum(now),
                Some(_) => link.turn(now),
            };
            let Some(bytes) = self.quantum(most, now, available) else {
                return Verdict::Pass(0);
            };
            self.book_head(link, now);
            match turns {
                None => self.book(link, now, bytes),
                Some(turns) => return self.request_turn(link, turns, now, bytes),
            }
        } else if let (Some(turns), Some(_)) = (turns, self.requested) {
            return self.take_turn(link, turns, now);
        }
        self.release(link, now)
    }

    /// Requests the session's turn to book `bytes`.
    fn request_turn(
        &mut self,
        link: &mut Link,
        turns: &mut SessionRoundRobin,
        now: Duration,
        bytes: NonZeroU32,
    ) -> Verdict {
        let since = now.saturating_sub(self.late).max(self.resume);
        let turn = *self.turn.get_or_insert_with(|| turns.join());
        turns.request(turn, bytes, since);
        self.requested = Some(RequestedTurn { bytes, generation: link.generation() });
        turns.advance(link, now);
        self.take_turn(link, turns, now)
    }

    /// Takes the place that was booked for it, if its turn has come.
    fn take_turn(
        &mut self,
        link: &mut Link,
        turns: &mut SessionRoundRobin,
        now: Duration,
    ) -> Verdict {
        let (Some(turn), Some(RequestedTurn { bytes, generation })) = (self.turn, self.requested)
        else {
            return Verdict::Pass(0);
        };
        let Some(granted) = turns.take(turn) else {
            return Verdict::Wait(turns.wait(link, turn));
        };
        self.requested = None;
        self.limits.book(granted.since, bytes);
        self.booked = Some(Booked {
            bytes: bytes.get() as usize,
            position: granted.position,
            since: granted.since,
            generation,
        });
        self.release(link, now)
    }

    /// The next stall that delays the response, returned once.
    pub fn take_stall(&mut self, link: &mut Link, now: Duration) -> Option<Stall> {
        if let Some(stall) = self.stalled.take() {
            return Some(stall);
        }
        let booked = self.booked.map(|booked| (Some(booked.position), booked.since));
        let over_tcp = || self.stream.as_ref()?.front();
        let (position, since) = booked.or_else(over_tcp)?;
        // A future stall is certain only if it comes before a release that is final.
        let until = match position.and_then(|position| link.release(position)) {
            Some((time, true)) => time,
            _ => now,
        };
        link.take_stall(since, until)
    }

    /// The loss at the next byte, if there is one. A retransmission delays the flow.
    fn dropped(&mut self, now: Duration) -> Option<(OnDrop, u64)> {
        let (loss, action) = self.loss.as_mut()?;
        let at_byte = loss.next_byte().filter(|byte| *byte <= self.sent)?;
        loss.advance(*action);
        if *action != OnDrop::Corrupt {
            self.resume = now.saturating_sub(self.late) + self.retransmission;
        }
        Some((*action, at_byte))
    }

    /// Delays the flow if a stall comes before the next byte.
    fn stall(&mut self, now: Duration, available: usize) {
        let Some(stalls) = self.stalls.as_mut() else { return };
        if available > 0 && stalls.next_byte() <= self.sent {
            let at = now.saturating_sub(self.late).max(self.resume);
            let lasts = stalls.take_next();
            self.resume = at + lasts;
            self.stalled = Some(Stall { at, lasts });
        }
    }

    /// How much to book: `most`, as far as there are bytes, and up to the next loss.
    fn quantum(&mut self, most: NonZeroU32, now: Duration, available: usize) -> Option<NonZeroU32> {
        let mut most = most.get();
        if let Some(limit) = self.limits.quantum(now) {
            most = most.min(limit.get());
        }
        let mut bytes = u64::from(most).min(available as u64);
        if let Some(lost) = self.loss.as_ref().and_then(|(loss, _)| loss.next_byte()) {
            bytes = bytes.min(lost - self.sent);
        }
        if let Some(stalls) = &self.stalls {
            bytes = bytes.min(stalls.next_byte() - self.sent);
        }
        NonZeroU32::new(bytes as u32)
    }

    fn book_head(&mut self, link: &mut Link, now: Duration) {
        let head = std::mem::take(&mut self.head);
        if head > 0 {
            let since = now.saturating_sub(self.late).max(self.resume);
            link.book_all(since, head);
            self.limits.book_head(since, head);
        }
    }

    fn book(&mut self, link: &mut Link, now: Duration, bytes: NonZeroU32) {
        let since = now.saturating_sub(self.late).max(self.resume);
        self.booked = Some(Booked {
            bytes: bytes.get() as usize,
            position: link.book(since, bytes),
            since,
            generation: link.generation(),
        });
        self.limits.book(since, bytes);
    }

    fn release(&mut self, link: &mut Link, now: Duration) -> Verdict {
        let Some(booked) = self.booked else { return Verdict::Pass(0) };
        let Some((mut time, mut last)) = link.release(booked.position) else {
            return Verdict::Wait(None);
        };
        let Some((limit, sure)) = self.limits.release() else {
            return Verdict::Wait(None);
        };
        (time, last) = (time.max(limit), last && sure);
        if time > now || !last {
            return Verdict::Wait(Some(time));
        }
        self.booked = None;
        self.sent += booked.bytes as u64;
        // Bytes that were free to go when they were booked were not late.
        self.late = (now - time.max(booked.since).min(now)).min(MOST_CATCH_UP);
        self.passed = now;
        Verdict::Pass(booked.bytes)
    }
}

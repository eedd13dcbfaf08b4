//! When the next bytes of one message may leave.

mod limits;
mod over_link;
mod over_tcp;

pub use self::limits::ResponseLimit;
use self::{
    limits::{Hold, Limits},
    over_link::{Booking, RequestedTurn},
    over_tcp::TcpAccess,
};
use super::{
    bucket::Release,
    link::Link,
    link_access::LinkAccess,
    loss::{Loss, retransmission},
    rate_spec::RateSpec,
    round_trips::RoundTrips,
    session_round_robin::SessionRoundRobin,
    spec::{LinkSpec, LossSpec, OnDrop},
    stall::{ByteStalls, Stall},
    transport::{Stream, TransportSpec},
    verdict::Verdict,
};
use crate::{
    seed::Seed,
    units::{BitRate, LinkTime},
};
use std::time::Duration;

/// One response on its way over a link. [`Self::poll`] returns when its next bytes may leave, and what else
/// happens to it: link, limits, turn order, simulated TCP, losses, stalls.
///
/// It has no clock: time is an argument, in link time. The proxy polls it in real time; the simulated player polls
/// it in virtual time, at the times that it returns. The same type shapes requests on the uplink.
#[derive(Debug)]
pub struct ResponseShaper {
    sent: u64,
    /// Bytes of the head, which take time on the link before the first byte of the body.
    head: u32,
    booked: Option<Booking>,
    /// Its identifier among the responses that take turns, and what it has requested there.
    turn: Option<u64>,
    requested: Option<RequestedTurn>,
    /// Rates in addition to the link's.
    limits: Limits,
    loss: Option<(Box<Loss>, OnDrop)>,
    /// Stalls by bytes, and the last of them until it is returned.
    stalls: Option<Box<ByteStalls>>,
    stalled: Option<Stall>,
    returns_stalls: bool,
    /// What the poll after a stall returns.
    deferred: Option<Deferred>,
    /// Round trips that change with time.
    round_trips: Option<RoundTrips>,
    /// How late a lost packet arrives.
    retransmission: Duration,
    /// Nothing is booked before this time, because a lost packet is being sent again.
    resume: LinkTime,
    /// How late the driver was last time. A late wake-up is not a gap in the response: the next bytes are booked
    /// as of the time they were due, or late timers would lower the rate.
    late: Duration,
    /// When bytes last left.
    passed: LinkTime,
    /// Its part of a simulated TCP connection, once it is polled with one.
    stream: Option<Box<Stream>>,
    /// Set if the limits are what delays it over TCP.
    held: Option<Hold>,
    /// The next bytes over TCP are lost on their way.
    losing: bool,
    /// Whether its connection loses packets for it over TCP: `Some(false)` until it is polled with one.
    shares_loss: Option<bool>,
}

/// A verdict that was not returned, because a stall came before it.
#[derive(Debug, Clone, Copy)]
struct Deferred {
    /// When it was made. At another time it is made again.
    at: LinkTime,
    verdict: Verdict,
}

impl ResponseShaper {
    /// A response over a link of `spec`, with random numbers from `seed`, and no faster than `own`.
    #[must_use]
    pub fn new(spec: &LinkSpec, own: Option<BitRate>, seed: Seed) -> Self {
        let in_bursts = |loss: LossSpec| {
            let shares = loss.model.has_memory() && loss.on_drop == OnDrop::Retransmit;
            (shares && spec.transport == TransportSpec::Tcp).then_some(false)
        };
        let loss = spec.loss.map(|loss| {
            let stream = seed.named("loss").stream();
            (Box::new(Loss::new(loss.model, stream)), loss.on_drop)
        });
        let mut shaper = Self {
            sent: 0,
            head: 0,
            booked: None,
            turn: None,
            requested: None,
            limits: Limits::default(),
            loss,
            stalls: spec.stall.as_ref().and_then(|s| ByteStalls::new(s, seed)).map(Box::new),
            stalled: None,
            returns_stalls: true,
            deferred: None,
            round_trips: spec.latency.schedule.clone(),
            retransmission: retransmission(spec.latency.rtt),
            resume: LinkTime::ZERO,
            late: Duration::ZERO,
            passed: LinkTime::ZERO,
            stream: None,
            held: None,
            losing: false,
            shares_loss: spec.loss.and_then(in_bursts),
        };
        if let Some(rate) = own {
            let spec = LinkSpec { rate: RateSpec::Constant(rate), ..LinkSpec::default() };
            shaper.keep_to(Link::new(&spec, seed));
        }
        shaper
    }

    /// The same, but [`Verdict::Stalled`] is never returned: a stall is a wait like any other. For drivers that do
    /// not report stalls; those of a link are then left to the other responses on it.
    #[must_use]
    pub const fn without_stall_verdicts(mut self) -> Self {
        self.returns_stalls = false;
        self
    }

    /// Sets the round trip: how late a lost packet arrives. A schedule of round trips in the link's specification
    /// has priority.
    pub const fn set_round_trip(&mut self, rtt: Duration) {
        self.retransmission = retransmission(rtt);
    }

    /// Bytes that have left so far.
    #[must_use]
    pub const fn sent(&self) -> u64 {
        self.sent
    }

    /// Counts `bytes` of a head that has been sent: the first bytes of the body come after the time that the
    /// link takes for them.
    pub const fn follow_head(&mut self, bytes: u32) {
        self.head = bytes;
    }

    /// Also limits the response to the rate of `link`, for as long as it lasts.
    pub fn keep_to(&mut self, link: Link) {
        self.limits.keep_to(link);
    }

    /// Also limits the response by `limits`, in place of those set before. Limits of [`Self::keep_to`] stay.
    pub fn set_limits(&mut self, limits: Vec<ResponseLimit>) {
        self.limits.replace(limits);
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

    /// Returns whether some of `available` bytes may leave at `now`, which is link time. Once bytes are booked,
    /// `available` must not shrink until they have left.
    ///
    /// Over simulated TCP, bytes that are not available yet cannot be in flight: with less than
    /// [`Transport::window`](super::Transport::window) available, the window is not the limit.
    pub fn poll(
        &mut self,
        access: &mut LinkAccess<'_>,
        now: LinkTime,
        available: usize,
    ) -> Verdict {
        let verdict = match self.deferred.take().filter(|deferred| deferred.at == now) {
            Some(Deferred { verdict, .. }) => verdict,
            None => self.poll_next(access, now, available),
        };
        let waits = matches!(verdict, Verdict::Wait(_) | Verdict::Paused);
        if waits
            && self.returns_stalls
            && let Some(stall) = self.take_stall(access.link, now)
        {
            self.deferred = Some(Deferred { at: now, verdict });
            return Verdict::Stalled(stall);
        }
        verdict
    }

    /// The same without stalls.
    fn poll_next(
        &mut self,
        access: &mut LinkAccess<'_>,
        now: LinkTime,
        available: usize,
    ) -> Verdict {
        self.follow_round_trips(access, now);
        let Some(transport) = access.transport.as_deref_mut() else {
            return self.poll_over_link(access, now, available);
        };
        let (link, limits) = (&mut *access.link, &mut *access.limits);
        self.poll_over_tcp(TcpAccess { link, transport, limits }, now, available)
    }

    /// Sets the round trip that the link's schedule has at `now`.
    fn follow_round_trips(&mut self, access: &mut LinkAccess<'_>, now: LinkTime) {
        let Some(schedule) = &self.round_trips else { return };
        let rtt = schedule.at(access.link.running(now));
        self.retransmission = retransmission(rtt);
        if let Some(transport) = access.transport.as_deref_mut() {
            transport.set_rtt(rtt);
        }
    }

    /// The next stall that delays the response, returned once.
    fn take_stall(&mut self, link: &mut Link, now: LinkTime) -> Option<Stall> {
        if let Some(stall) = self.stalled.take() {
            return Some(stall);
        }
        if !link.may_stall() {
            return None;
        }
        let booked = self.booked.map(|booked| (Some(booked.position), booked.since));
        let over_tcp = || self.stream.as_ref()?.front();
        let (position, since) = booked.or_else(over_tcp)?;
        // A future stall is certain only if it comes before a release that is final.
        let until = match position.and_then(|position| link.release(position)) {
            Some(Release { at, is_final: true }) => at,
            _ => now,
        };
        link.take_stall(since, until)
    }

    /// The loss at the next byte, if there is one. A retransmission delays the response.
    fn dropped(&mut self, now: LinkTime) -> Option<(OnDrop, u64)> {
        let (loss, action) = self.loss.as_mut()?;
        let at_byte = loss.next_byte().filter(|byte| *byte <= self.sent)?;
        loss.advance(*action);
        if *action != OnDrop::Corrupt {
            self.resume = now.saturating_sub(self.late) + self.retransmission;
        }
        Some((*action, at_byte))
    }

    /// Delays the response if a stall comes before the next byte.
    fn stall(&mut self, now: LinkTime, available: usize) {
        let at = self.since(now);
        let Some(stalls) = self.stalls.as_mut() else { return };
        if available > 0 && stalls.next_byte() <= self.sent {
            let lasts = stalls.take_next();
            self.resume = at + lasts;
            self.stalled = Some(Stall { at, lasts });
        }
    }

    /// Books the head, on the link and on the limits, before the first bytes of the body.
    fn book_head(&mut self, link: &mut Link, limits: &mut [Link], now: LinkTime) {
        let head = std::mem::take(&mut self.head);
        if head > 0 {
            let since = self.since(now);
            link.book_all(since, head);
            self.limits.book_head(limits, since, head);
        }
    }

    /// Since when the next bytes could have left, however late the driver polls.
    fn since(&self, now: LinkTime) -> LinkTime {
        now.saturating_sub(self.late).max(self.resume)
    }
}

#[cfg(test)]
mod tests;

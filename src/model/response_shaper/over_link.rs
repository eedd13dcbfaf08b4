//! A response without simulated TCP: it books its bytes on the link, a quantum at a time.

use super::{
    super::{
        bucket::Position,
        lateness::{MOST_CATCH_UP, SLACK},
        link_access::LinkAccess,
        verdict::Verdict,
    },
    ResponseShaper,
};
use crate::units::LinkTime;
use std::{num::NonZeroU32, time::Duration};

/// Bytes that have a position in the queue and wait for their release.
#[derive(Debug, Clone, Copy)]
pub(super) struct Booking {
    bytes: usize,
    pub(super) position: Position,
    /// The response's time when they were booked.
    pub(super) since: LinkTime,
    /// The link's generation when they were booked.
    generation: u64,
}

/// Bytes that wait for the session's turn to be booked.
#[derive(Debug, Clone, Copy)]
pub(super) struct RequestedTurn {
    bytes: NonZeroU32,
    /// The link's generation at the time of the request.
    generation: u64,
}

impl ResponseShaper {
    /// Books a quantum if none is booked, and releases it when its time has come.
    pub(super) fn poll_over_link(
        &mut self,
        access: &mut LinkAccess<'_>,
        now: LinkTime,
        available: usize,
    ) -> Verdict {
        if let Some(turns) = access.turns.as_deref_mut() {
            turns.advance(access.link, now);
        }
        self.forget_void(access.link.generation());
        if now.since(self.passed) > SLACK {
            self.late = Duration::ZERO;
        }
        if self.booked.is_some() {
            return self.release(access, now);
        }
        if self.requested.is_some() && access.turns.is_some() {
            return self.take_turn(access, now);
        }
        if let Some((action, at_byte)) = self.dropped(now) {
            return Verdict::Drop { action, at_byte };
        }
        self.stall(now, available);
        if now < self.resume {
            return Verdict::Wait(self.resume);
        }
        let most =
            if access.turns.is_some() { access.link.turn(now) } else { access.link.quantum(now) };
        let Some(bytes) = self.quantum(access, most, now, available) else {
            return Verdict::Pass(0);
        };
        self.book_head(access.link, access.limits, now);
        if access.turns.is_some() {
            return self.request_turn(access, now, bytes);
        }
        let since = self.since(now);
        self.booked = Some(Booking {
            bytes: bytes.get() as usize,
            position: access.link.book(since, bytes),
            since,
            generation: access.link.generation(),
        });
        self.limits.book(access.limits, since, bytes);
        self.release(access, now)
    }

    /// Drops what was booked or requested before the link changed to `generation`.
    fn forget_void(&mut self, generation: u64) {
        if self.booked.is_some_and(|booked| booked.generation != generation) {
            self.booked = None;
            self.late = Duration::ZERO;
        }
        self.requested.take_if(|requested| requested.generation != generation);
    }

    /// Requests the session's turn to book `bytes`.
    fn request_turn(
        &mut self,
        access: &mut LinkAccess<'_>,
        now: LinkTime,
        bytes: NonZeroU32,
    ) -> Verdict {
        let since = self.since(now);
        if let Some(turns) = access.turns.as_deref_mut() {
            let turn = *self.turn.get_or_insert_with(|| turns.join());
            turns.request(turn, bytes, since);
            self.requested = Some(RequestedTurn { bytes, generation: access.link.generation() });
            turns.advance(access.link, now);
        }
        self.take_turn(access, now)
    }

    /// Takes the position that was booked for it, if its turn has come.
    fn take_turn(&mut self, access: &mut LinkAccess<'_>, now: LinkTime) -> Verdict {
        let (Some(turns), Some(turn), Some(RequestedTurn { bytes, generation })) =
            (access.turns.as_deref_mut(), self.turn, self.requested)
        else {
            return Verdict::Pass(0);
        };
        let Some(granted) = turns.take(turn) else {
            return Verdict::wait(turns.wait(access.link, turn));
        };
        self.requested = None;
        self.limits.book(access.limits, granted.since, bytes);
        self.booked = Some(Booking {
            bytes: bytes.get() as usize,
            position: granted.position,
            since: granted.since,
            generation,
        });
        self.release(access, now)
    }

    /// How much to book: `most`, as far as there are bytes, and up to the next loss or stall.
    fn quantum(
        &mut self,
        access: &mut LinkAccess<'_>,
        most: NonZeroU32,
        now: LinkTime,
        available: usize,
    ) -> Option<NonZeroU32> {
        let mut most = most.get();
        if let Some(limit) = self.limits.quantum(access.limits, now) {
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

    /// Lets the booked bytes leave if link and limits release them.
    fn release(&mut self, access: &mut LinkAccess<'_>, now: LinkTime) -> Verdict {
        let Some(booked) = self.booked else { return Verdict::Pass(0) };
        let Some(link) = access.link.release(booked.position) else { return Verdict::Paused };
        let Some(limits) = self.limits.release(access.limits) else { return Verdict::Paused };
        let time = link.at.max(limits.at);
        if !link.has_passed(now) || !limits.has_passed(now) {
            return Verdict::Wait(time);
        }
        self.booked = None;
        self.sent += booked.bytes as u64;
        // Bytes that were free to go when they were booked were not late.
        self.late = (now - time.max(booked.since).min(now)).min(MOST_CATCH_UP);
        self.passed = now;
        Verdict::Pass(booked.bytes)
    }
}

//! The bytes of one direction of a tunnel that its sender has sent and its receiver does not have yet: they wait for
//! their latency, and then for the link.

use crate::proxy::body::{
    link_driver::{LinkDriver, LinkOutcome},
    session_timer::SessionTimer,
    uplink_loss::round_trip,
};
use crate::{
    model::OnDrop,
    sessions::Session,
    units::{BitRate, SessionTime},
};
use bytes::{Buf as _, BytesMut};
use std::{
    collections::VecDeque,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

/// The most bytes of one read.
pub(super) const LARGEST_READ: usize = 32 * 1024;
/// The most bytes held, whatever the link.
const LARGEST_WINDOW: usize = 4 * 1024 * 1024;
/// Bytes that come within this time of each other are held together, so that many small pieces need few entries.
const SAME_TIME: Duration = Duration::from_millis(1);

/// Which link the bytes pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Towards {
    /// The downlink.
    Player,
    /// The uplink.
    Origin,
}

impl Towards {
    /// The current one-way latency: half of the round trip, unless the profile has one for each direction.
    fn latency(self, session: &Session) -> Duration {
        let round_trip = round_trip(session);
        let down = session.arming().link.latency.downlink.min(round_trip);
        match self {
            Self::Player | Self::Origin if down.is_zero() => round_trip / 2,
            Self::Player => down,
            Self::Origin => round_trip - down,
        }
    }
}

/// Bytes between their sender and their receiver.
pub(super) struct Flow {
    session: Arc<Session>,
    towards: Towards,
    link: LinkDriver,
    /// The one-way latency when bytes last came.
    latency: Duration,
    timer: SessionTimer,
    /// Bytes that wait for their latency, with the time at which they reach the link.
    delayed: VecDeque<(SessionTime, BytesMut)>,
    /// Bytes at the link, and how many these are.
    at_link: VecDeque<BytesMut>,
    at_link_bytes: usize,
    /// Bytes of both.
    held: usize,
    /// How many of the bytes at the link may leave.
    credit: usize,
}

/// What happens to the bytes at the link.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    /// Some may leave: see [`Flow::leaving`].
    Leave {
        /// How many.
        bytes: usize,
        /// The time.
        now: SessionTime,
        /// How long they have waited for the link.
        waited: Duration,
    },
    /// A packet is lost.
    Lost {
        /// The effect of the loss.
        action: OnDrop,
        /// Its first byte, counted from the start of the tunnel.
        at_byte: u64,
    },
}

impl Flow {
    /// Bytes of a tunnel in `session` that pass `link`, starting with `first`.
    pub(super) fn new(
        session: &Arc<Session>,
        towards: Towards,
        link: LinkDriver,
        first: &[u8],
    ) -> Self {
        let mut flow = Self {
            session: Arc::clone(session),
            towards,
            link,
            latency: towards.latency(session),
            timer: SessionTimer::default(),
            delayed: VecDeque::new(),
            at_link: VecDeque::new(),
            at_link_bytes: 0,
            held: 0,
            credit: 0,
        };
        flow.push(first);
        flow
    }

    /// Adds bytes that have come from the sender. They take the latency that the link has now.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let latency = self.towards.latency(&self.session);
        if latency != self.latency {
            self.latency = latency;
            self.link.set_round_trip(round_trip(&self.session));
        }
        self.held += bytes.len();
        let due = self.session.now() + self.latency;
        match self.delayed.back_mut() {
            // Also if the round trip has become shorter: bytes do not overtake each other.
            Some((last, piece)) if due < *last + SAME_TIME => piece.extend_from_slice(bytes),
            _ => self.delayed.push_back((due, BytesMut::from(bytes))),
        }
    }

    /// Whether no more bytes are to be read for now, as with a full window.
    pub(super) fn is_full(&self) -> bool {
        // What is held before is needed to keep the link busy, in any case.
        self.held >= 2 * LARGEST_READ && {
            let arming = self.session.arming();
            let peak = match self.towards {
                Towards::Player => arming.link.rate.peak(),
                Towards::Origin => arming.profile.uplink.rate.peak(),
            };
            self.held >= window(peak, self.latency, self.link.window().unwrap_or_default())
        }
    }

    /// Whether nothing is held.
    pub(super) const fn is_empty(&self) -> bool {
        self.held == 0
    }

    /// Whether bytes are held that may not leave yet.
    pub(super) const fn waits_for_link(&self) -> bool {
        self.held > 0 && self.credit == 0
    }

    /// The next bytes that may leave, possibly not all of them.
    pub(super) fn leaving(&self) -> &[u8] {
        self.at_link.front().map_or(&[], |piece| &piece[..piece.len().min(self.credit)])
    }

    /// Records that `bytes` of [`Self::leaving`] have left.
    pub(super) fn left(&mut self, bytes: usize) {
        self.credit -= bytes;
        self.at_link_bytes -= bytes;
        self.held -= bytes;
        if let Some(piece) = self.at_link.front_mut() {
            piece.advance(bytes);
            if piece.is_empty() {
                self.at_link.pop_front();
            }
        }
    }

    /// Waits until the link lets bytes leave. To be called when all bytes that may leave have left.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        loop {
            let next = self.end_latency();
            if self.at_link_bytes == 0 {
                self.link.source_empty();
                let Some(next) = next else { return Poll::Pending };
                ready!(self.timer.poll_until(&self.session, next, cx));
                continue;
            }
            match self.link.poll(cx, self.at_link_bytes) {
                Poll::Ready(LinkOutcome::Pass { bytes, now, waited }) => {
                    self.credit = bytes;
                    return Poll::Ready(Step::Leave { bytes, now, waited });
                }
                Poll::Ready(LinkOutcome::Stalled(_)) => {}
                Poll::Ready(LinkOutcome::Drop { action, at_byte }) => {
                    return Poll::Ready(Step::Lost { action, at_byte });
                }
                Poll::Pending => {
                    // With more bytes at the link, more can be in flight over simulated TCP.
                    let Some(next) = next else { return Poll::Pending };
                    ready!(self.timer.poll_until(&self.session, next, cx));
                }
            }
        }
    }

    /// Moves the bytes whose latency is over to the link. Returns when the next ones reach it.
    fn end_latency(&mut self) -> Option<SessionTime> {
        let now = self.session.now();
        loop {
            let (due, _) = self.delayed.front()?;
            if *due > now {
                return Some(*due);
            }
            let (_, piece) = self.delayed.pop_front()?;
            self.at_link_bytes += piece.len();
            self.at_link.push_back(piece);
        }
    }
}

/// The most bytes held on a link with the highest rate `peak`: those that wait for `latency`, those `in_flight` over
/// simulated TCP, and some to keep the link busy. With more, a fast sender would not notice that the link is slow.
fn window(peak: BitRate, latency: Duration, in_flight: u64) -> usize {
    let delayed = peak.bytes_per_second() * latency.as_secs_f64();
    let window = delayed + in_flight as f64 + (2 * LARGEST_READ) as f64;
    window.min(LARGEST_WINDOW as f64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_is_that_of_the_link() {
        let of = |kilobits, millis, in_flight| {
            let peak = BitRate::from_kilobits_per_second(kilobits);
            window(peak, Duration::from_millis(millis), in_flight)
        };
        assert_eq!(of(800, 0, 0), 65_536);
        // 100,000 bytes per second for half a second.
        assert_eq!(of(800, 500, 0), 65_536 + 50_000);
        assert_eq!(of(800, 500, 14_600), 65_536 + 50_000 + 14_600);
        assert_eq!(of(0, 500, 0), 65_536);
        assert_eq!(window(BitRate::MAX, Duration::from_secs(1), 0), LARGEST_WINDOW);
        assert_eq!(window(BitRate::MAX, Duration::ZERO, 0), 65_536);
    }
}

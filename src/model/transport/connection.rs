//! The sending side of one TCP connection: the bytes in flight, and how many more may be sent.

use super::{
    super::{
        PACKET,
        bucket::{Position, Release},
        fair_queue::Place,
        lateness::SLACK,
        link::Link,
        loss::Loss,
    },
    gaps::Gaps,
    losses::Losses,
    round_trip::RoundTrip,
    shares::{Room, Shares},
    window::Window,
};
use crate::units::LinkTime;
use std::{collections::VecDeque, num::NonZeroU32, time::Duration};

/// Bytes in flight: sent together, and acknowledged together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment {
    /// Where they end, counted from the connection's first byte.
    pub(super) end: u64,
    pub(super) bytes: u32,
    /// Its place on the link, once it has one.
    pub(super) position: Option<Position>,
    pub(super) sent: LinkTime,
    stream: u32,
    loss: Option<Lost>,
}

impl Segment {
    const fn start(&self) -> u64 {
        self.end - self.bytes as u64
    }
}

/// Where the first copy of a segment was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lost {
    /// On the path: the sender has not detected it yet.
    Path,
    /// At the bottleneck's full queue: the window has been cut.
    Queue,
}

/// Why nothing can be sent now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The window is full.
    Window,
    /// The window has room, but it is another stream's turn.
    Turn,
    /// The bottleneck's queue is full; until then, if that is known.
    Queue(Option<LinkTime>),
}

/// One TCP connection of the player, at its sender. It lives as long as the connection and is shared by the
/// responses sent over it.
///
/// It belongs to one [`Link`]: a connection that serves two sessions has a transport in each.
#[derive(Debug, Clone, Default)]
pub struct Transport {
    /// The round trip without any queue.
    rtt: Duration,
    /// The session it belongs to, and its lane there, where the bottleneck's queue is fair.
    party: u64,
    place: Option<Place>,
    window: Window,
    trip: RoundTrip,
    gaps: Gaps,
    shares: Shares,
    losses: Losses,
    /// Sent, and not yet through the bottleneck.
    queued: VecDeque<Segment>,
    /// Through the bottleneck, with the time at which the sender receives the acknowledgement.
    unacknowledged: VecDeque<(LinkTime, Segment)>,
    in_flight: u64,
    /// Ends of what was sent, has left the bottleneck, was acknowledged.
    sent: u64,
    left: u64,
    acknowledged: u64,
    /// Losses before this byte belong to the flight for which the window was cut last.
    recovery: u64,
    /// Bytes before this one were part of a flight that the window held back.
    limited: u64,
    /// The most that was in flight in this round, which lasts until byte `round` is acknowledged.
    peak: u64,
    round: u64,
    last_sent: LinkTime,
    /// When something last left the bottleneck.
    departed: LinkTime,
    last_cut: LinkTime,
    /// When room was last freed in the window.
    freed: LinkTime,
    /// The next segment to be sent was dropped by the full queue.
    overflowed: bool,
    /// The link's generation to which the positions of `queued` belong.
    generation: u64,
}

impl Transport {
    /// A new connection over a path with this round trip (without queueing).
    #[must_use]
    pub fn new(rtt: Duration) -> Self {
        Self { rtt, ..Self::default() }
    }

    /// The same, as one of the connections of session number `party`, which identifies the session in a shared
    /// fair queue.
    #[must_use]
    pub const fn of(mut self, party: u64) -> Self {
        self.party = party;
        self
    }

    /// Sets the path's round trip from now on.
    pub const fn set_rtt(&mut self, rtt: Duration) {
        self.rtt = rtt;
    }

    /// The congestion window, in bytes: the most that can be in flight.
    #[must_use]
    pub const fn window(&self) -> u64 {
        self.window.bytes()
    }

    /// Bytes sent and not yet acknowledged.
    #[must_use]
    pub const fn in_flight(&self) -> u64 {
        self.in_flight
    }

    /// The round trip as measured, queueing included; `None` before the first acknowledgement.
    #[must_use]
    pub fn round_trip(&self) -> Option<Duration> {
        self.trip.smoothed()
    }

    /// Loses the packets that `loss` selects, from the next packet on. `loss` counts that packet as its first.
    pub(in crate::model) fn lose_by(&mut self, loss: Option<Box<Loss>>) {
        self.losses = Losses::from(self.sent, loss);
    }

    /// Whether the connection has no loss model.
    pub(in crate::model) const fn has_no_loss(&self) -> bool {
        self.losses.is_none()
    }

    /// How many bytes may be sent before the next one that is lost.
    pub(in crate::model) fn loss_ahead(&self) -> Option<u64> {
        self.losses.ahead(self.sent)
    }

    /// Advances to the next loss.
    pub(in crate::model) fn lose_next(&mut self) {
        self.losses.advance();
    }

    pub(super) const fn join(&mut self) -> u32 {
        self.shares.join()
    }

    /// When room was last freed.
    pub(super) const fn freed(&self) -> LinkTime {
        self.freed
    }

    /// After a live change of the link, books again what waits at the bottleneck, in its order.
    pub(super) fn follow(&mut self, link: &mut Link, now: LinkTime) {
        if self.generation == link.generation() {
            return;
        }
        let changed = link.changed();
        self.leave(link, changed);
        self.generation = link.generation();
        for segment in &mut self.queued {
            let bytes = NonZeroU32::new(segment.bytes).unwrap_or(NonZeroU32::MIN);
            segment.position = link.enqueue(&mut self.place, self.party, now, bytes);
        }
    }

    /// The position on the link of the segment that ends at `end` and waits at the bottleneck, if it has one.
    pub(super) fn position(&self, end: u64) -> Option<Position> {
        let at = self.queued.binary_search_by_key(&end, |segment| segment.end).ok()?;
        self.queued.get(at)?.position
    }

    /// When `segment` of this connection, which waits at the bottleneck, leaves it; `None` = not before the link
    /// changes.
    pub(super) fn departure(&self, link: &mut Link, segment: &Segment) -> Option<Release> {
        if let Some(position) = segment.position.or_else(|| self.position(segment.end)) {
            return link.release(position);
        }
        let first = self.queued.partition_point(|segment| segment.position.is_some());
        let start = self.queued.get(first).map_or(segment.start(), Segment::start);
        let at = link.expected(self.place.as_ref(), segment.end - start)?;
        Some(Release { at, is_final: false })
    }

    /// When something last left the bottleneck.
    pub(super) const fn departed(&self) -> LinkTime {
        self.departed
    }

    /// Advances the bottleneck to `now`: segments leave it.
    pub(super) fn leave(&mut self, link: &mut Link, now: LinkTime) {
        link.serve(now);
        self.find_places(link);
        while let Some(segment) = self.queued.front() {
            let Some(release) = segment.position.and_then(|place| link.release(place)) else {
                break;
            };
            if !release.has_passed(now) {
                break;
            }
            let left = release.at;
            let (segment, heard) = (*segment, left + self.rtt);
            self.queued.pop_front();
            (self.left, self.departed) = (segment.end, left);
            if segment.loss.is_some() {
                self.gaps.open(segment.start(), heard);
            }
            self.unacknowledged.push_back((heard, segment));
        }
    }

    /// Reads the positions of the segments that have been served in its lane.
    fn find_places(&mut self, link: &mut Link) {
        if self.place.is_none() {
            return;
        }
        let first = self.queued.partition_point(|segment| segment.position.is_some());
        for segment in self.queued.iter_mut().skip(first) {
            segment.position = link.booked(self.place.as_ref());
            if segment.position.is_none() {
                return;
            }
        }
    }

    /// Processes the next acknowledgement, if it arrives by `now`.
    pub(super) fn process_next_ack(&mut self, now: LinkTime) -> bool {
        let Some(&(at, segment)) = self.unacknowledged.front().filter(|(at, _)| *at <= now) else {
            return false;
        };
        self.unacknowledged.pop_front();
        self.process_outcome(at, &segment);
        true
    }

    /// Processes, at `at`, the acknowledgement or the loss of a segment.
    fn process_outcome(&mut self, at: LinkTime, segment: &Segment) {
        self.in_flight -= u64::from(segment.bytes);
        self.shares.acknowledged(segment.stream, segment.bytes.into());
        self.acknowledged = segment.end;
        self.freed = at;
        if segment.loss == Some(Lost::Path) {
            self.lost(at, segment);
        } else {
            self.trip.measure(at.since(segment.sent));
            let fresh = segment.end > self.recovery;
            if fresh && self.was_limited(segment.end) {
                let rtt = self.trip.smoothed().unwrap_or(self.rtt);
                self.window.grow(segment.bytes.into(), at, rtt);
            } else {
                self.window.unused(at);
            }
        }
        if segment.end >= self.round {
            (self.round, self.peak) = (self.sent, self.in_flight);
        }
    }

    /// A segment was lost on the path. The sender detects it by the acknowledgements of later segments; without
    /// any, by its time-out.
    fn lost(&mut self, at: LinkTime, segment: &Segment) {
        let fresh = segment.end > self.recovery;
        // Room kept free for a larger piece must not lead to a deeper cut.
        let flight = if self.was_limited(segment.end) {
            u64::MAX
        } else {
            self.in_flight + u64::from(segment.bytes)
        };
        if self.sent == segment.end {
            let time_out = segment.sent + self.trip.time_out();
            self.gaps.extend(segment.start(), time_out.max(at));
            self.window.collapse(flight);
        } else if fresh {
            self.window.cut(flight);
        }
        if fresh {
            (self.recovery, self.last_cut) = (self.sent, at);
        }
    }

    /// Whether the window, not the response, was what limited the flight that ends at `end`; in slow start half
    /// a window counts as limited (Linux's `tcp_is_cwnd_limited`).
    fn was_limited(&self, end: u64) -> bool {
        let half_used = || self.window.in_slow_start() && self.window.bytes() < 2 * self.peak;
        end <= self.limited || half_used()
    }

    /// Sends up to `want` bytes of `stream` at `at`; `lost` = their first copy won't arrive.
    pub(super) fn send(
        &mut self,
        link: &mut Link,
        at: LinkTime,
        stream: u32,
        want: u64,
        lost: bool,
    ) -> Result<Segment, Refusal> {
        let at = at.max(self.last_sent);
        if self.in_flight == 0 && at > self.last_sent + self.trip.time_out() {
            self.window.restart();
        }
        let bytes = self.fitting(link, at, stream, want)?;
        let bytes = self.admitted(link, at, bytes)?;
        let size = NonZeroU32::new(u32::try_from(bytes).unwrap_or(u32::MAX));
        let Some(size) = size else { return Err(Refusal::Window) };
        self.sent += bytes;
        self.in_flight += bytes;
        self.peak = self.peak.max(self.in_flight);
        self.last_sent = at;
        self.shares.sent(stream, bytes);
        let loss = if std::mem::take(&mut self.overflowed) {
            Some(Lost::Queue)
        } else {
            lost.then_some(Lost::Path)
        };
        let position = link.enqueue(&mut self.place, self.party, at, size);
        let segment =
            Segment { end: self.sent, bytes: size.get(), position, sent: at, stream, loss };
        self.queued.push_back(segment);
        Ok(segment)
    }

    /// How many of `want` bytes the window has room for, in whole segments. Rather than send a little
    /// at a time, it waits for a whole quantum, or an eighth of itself, where more room comes soon.
    fn fitting(
        &mut self,
        link: &mut Link,
        at: LinkTime,
        stream: u32,
        want: u64,
    ) -> Result<u64, Refusal> {
        let most = want.min(link.unit(at).get().into());
        let window = self.window.bytes();
        let free = window.saturating_sub(self.in_flight);
        let patience = self.patience();
        let Some(room) = self.shares.room(stream, at, Room { window, free }, patience) else {
            if self.in_flight == 0 {
                return Ok(most.min(PACKET));
            }
            self.limited = self.sent;
            return Err(Refusal::Turn);
        };
        let packet = most.min(PACKET);
        let enough = most.min(window / 8 / self.shares.count()).max(packet);
        if self.in_flight > 0 && (room < packet || room < enough && self.more_room_soon(link, at)) {
            self.limited = self.sent;
            return Err(Refusal::Window);
        }
        Ok(most.min((room - room % PACKET).max(PACKET)))
    }

    /// A stream that waits for room and was not polled for this long does not need it: each acknowledgement
    /// wakes all waiting streams.
    fn patience(&self) -> Duration {
        self.trip.smoothed().unwrap_or(self.rtt) + SLACK
    }

    /// Whether another stream than `stream` waits for room in the window at `now`.
    pub(super) fn others_wait(&self, stream: Option<u32>, now: LinkTime) -> bool {
        self.shares.others_wait(stream, now.saturating_sub(self.patience()))
    }

    /// Whether an acknowledgement comes within an eighth of a round trip.
    fn more_room_soon(&self, link: &mut Link, at: LinkTime) -> bool {
        let soon = at + self.trip.smoothed().unwrap_or(self.rtt) / 8;
        self.next_room(link).is_some_and(|room| room <= soon)
    }

    /// How many of `bytes` the bottleneck's queue has room for; zero = the first of them is dropped.
    fn admitted(&mut self, link: &mut Link, at: LinkTime, bytes: u64) -> Result<u64, Refusal> {
        let room = link.room(self.place.as_ref(), at);
        if room >= bytes.min(PACKET) {
            return Ok(bytes.min(room));
        }
        let round_trip = self.trip.smoothed().unwrap_or(self.rtt);
        if self.acknowledged >= self.recovery && at >= self.last_cut + round_trip {
            // In slow start the flight has grown larger than what fits; a burst after a pause does not show
            // that.
            let overshot = self.window.in_slow_start();
            self.window.cut(if overshot { self.in_flight } else { u64::MAX });
            (self.recovery, self.last_cut) = (self.sent, at);
            self.overflowed = true;
        }
        Err(Refusal::Queue(link.room_for(self.place.as_ref(), bytes.min(PACKET))))
    }

    /// Removes the gaps that are filled by `now`.
    pub(super) fn fill(&mut self, now: LinkTime) {
        self.gaps.fill(now);
    }

    /// The earliest time at which the bytes up to `end` can be delivered, considering losses.
    pub(super) fn hold(&self, end: u64) -> LinkTime {
        self.gaps.hold(end)
    }

    /// Whether what ends at `end` has left the bottleneck.
    pub(super) const fn has_left(&self, end: u64) -> bool {
        end <= self.left
    }

    /// Whether several streams share the window, so that one's room depends on another's bytes.
    pub(super) fn is_shared(&self) -> bool {
        self.shares.several()
    }

    /// When the next acknowledgement comes; in a fair queue, at the earliest.
    pub(super) fn next_room(&self, link: &mut Link) -> Option<LinkTime> {
        if let Some((heard, _)) = self.unacknowledged.front() {
            return Some(*heard);
        }
        let front = self.queued.front()?;
        match self.departure(link, front)? {
            Release { at, is_final: false } if front.position.is_some() => Some(at),
            Release { at, .. } => Some(at + self.rtt),
        }
    }
}

//! One direction of one session's network, shared by its responses.

mod queueing;

use super::{
    PACKET,
    bucket::{Bucket, Position, Release},
    capacity::{Capacity, When},
    fair_queue::FairQueue,
    rate_spec::RateSpec,
    spec::{Count, LinkSpec},
    stall::Stall,
    transport::QueueSize,
};
use crate::{
    seed::Seed,
    units::{BitRate, LinkTime},
};
use std::{num::NonZeroU32, time::Duration};

/// A quantum is one packet, as on a real link. Where a packet takes longer than this, a quantum is what the rate carries
/// in this time: it bounds gaps, and what a single packet can add to a measurement.
const LONGEST_GAP: Duration = Duration::from_millis(10);
/// Where packets follow each other faster than this, a quantum is what the rate carries in this time: it bounds wake-ups
/// to 4000 a second. With a longer quantum, the bytes in a 10 ms window would vary by one quantum, which is too
/// much.
const SHORTEST_GAP: Duration = Duration::from_micros(250);
/// A turn among sessions lasts longer, so that a late wake-up does not miss the next turn.
const SHORTEST_TURN: Duration = Duration::from_millis(1);
/// A full packet as a kernel's shaper counts it: 14 bytes of Ethernet, 20 of IPv4, 32 of TCP.
pub(super) const WIRE_PACKET: u64 = PACKET + 66;
/// The smallest and the largest number of bytes that a link sends at once.
const SMALLEST_QUANTUM: u64 = 128;
const LARGEST_QUANTUM: u64 = 256 * 1024;

/// A running link. Responses book their bytes on it, a quantum at a time and in turn, so that each gets the
/// same share.
#[derive(Debug)]
pub struct Link {
    capacity: Capacity,
    bucket: Bucket,
    seed: Seed,
    /// Counts live changes, so that each draws its own random numbers.
    changes: u64,
    limited: bool,
    count: Count,
    /// Overhead not yet booked, in parts of a packet: see [`Count::Wire`].
    owed: u64,
    /// The start of the last stall that was returned.
    last_stall: Option<LinkTime>,
    /// The queue size (of each lane, if there are lanes), in bytes; used only by transports.
    queue: u64,
    /// The lanes in which connections wait, if the queue is fair.
    fair: Option<Box<FairQueue>>,
    /// The end of what is booked.
    tail: u64,
    changed: LinkTime,
    /// The number of the run of its schedules, and when they have started.
    schedule_run: u64,
    started: LinkTime,
}

impl Link {
    /// A link of `spec`, idle at its time zero. Its bucket is full; if the rate is zero, it is empty, so that no burst
    /// passes.
    #[must_use]
    pub fn new(spec: &LinkSpec, seed: Seed) -> Self {
        let silent = spec.rate.peak() == BitRate::ZERO;
        let (burst, capacity) = (burst(spec), Capacity::new(spec, seed));
        Self {
            capacity,
            bucket: if silent { Bucket::empty_at(burst, 0) } else { Bucket::new(burst) },
            seed,
            changes: 0,
            limited: spec.rate != RateSpec::Unlimited,
            count: spec.count,
            owed: 0,
            last_stall: None,
            queue: queue(spec),
            fair: spec.fair_queue.then(Box::default),
            tail: 0,
            changed: LinkTime::ZERO,
            schedule_run: 0,
            started: LinkTime::ZERO,
        }
    }

    /// A link of `spec`, idle, whose schedule and stalls start at `start`.
    #[must_use]
    pub fn starting(start: LinkTime, spec: &LinkSpec, seed: Seed) -> Self {
        if start.is_zero() {
            return Self::new(spec, seed);
        }
        let mut link = Self::new(&LinkSpec::default(), seed);
        link.change(start, spec);
        link
    }

    /// Becomes a link of `spec`, whose schedule and stalls start at `now`, with an empty bucket, so no burst
    /// passes. Earlier bookings are void and must be made again (see [`Self::generation`]): quanta of a fast
    /// link would block a slow one for seconds.
    pub fn change(&mut self, now: LinkTime, spec: &LinkSpec) {
        self.change_on(now, spec, self.changes + 1, now);
    }

    /// The same, with schedule and stalls that have started at `start`, and with the random numbers of their run: run 0
    /// has those that the link was made with. The link is as if `spec` had been in force since `start`.
    pub fn change_on(
        &mut self,
        now: LinkTime,
        spec: &LinkSpec,
        schedule_run: u64,
        start: LinkTime,
    ) {
        self.serve(now);
        self.changes += 1;
        let seed = if schedule_run == 0 { self.seed } else { self.seed.numbered(schedule_run) };
        self.capacity = self.capacity.clone().spliced(now, spec, seed, start);
        self.limited = spec.rate != RateSpec::Unlimited;
        self.count = spec.count;
        self.bucket = Bucket::empty_at(burst(spec), self.capacity.at(now));
        // A stall that goes on was returned already.
        self.last_stall = self.last_stall.filter(|_| schedule_run == self.schedule_run);
        self.schedule_run = schedule_run;
        self.queue = queue(spec);
        self.fair = spec.fair_queue.then(|| self.fair.take().unwrap_or_default());
        self.empty(now);
        self.tail = 0;
        (self.changed, self.started) = (now, start);
    }

    /// The number of live changes. Bookings of another generation are void.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.changes
    }

    /// How long its schedules have run by `now`.
    #[must_use]
    pub const fn running(&self, now: LinkTime) -> Duration {
        now.since(self.started)
    }

    /// When it was last changed.
    pub(super) const fn changed(&self) -> LinkTime {
        self.changed
    }

    /// Books more than a quantum, behind everything booked before: bytes whose booking a change has voided
    /// (bytes sent at once on a fast link are many quanta of a slow one), or a head.
    pub(super) fn book_all(&mut self, now: LinkTime, bytes: u32) -> Position {
        let quantum = self.quantum(now).get();
        let mut left = bytes;
        loop {
            let part = clamp(left.min(quantum).into());
            left = left.saturating_sub(part.get());
            let position = self.book(now, part);
            if left == 0 {
                return position;
            }
        }
    }

    /// Bytes that the link could have carried by `now`, idle or not.
    pub fn carried(&mut self, now: LinkTime) -> u64 {
        self.capacity.at(now)
    }

    /// The rate at `now` (zero in a stall); `None` = no limit.
    pub fn rate(&mut self, now: LinkTime) -> Option<BitRate> {
        let rate = self.capacity.rate(now);
        (self.limited || rate == BitRate::ZERO).then_some(rate)
    }

    /// How many bytes to book at once at `now`.
    pub fn quantum(&mut self, now: LinkTime) -> NonZeroU32 {
        self.fitting(now, SHORTEST_GAP)
    }

    /// How many bytes to book at once at `now` where sessions take turns.
    pub(super) fn turn(&mut self, now: LinkTime) -> NonZeroU32 {
        self.fitting(now, SHORTEST_TURN)
    }

    /// What the link carries in `gap`, a packet at least, if that fits the bucket with its overhead.
    fn fitting(&mut self, now: LinkTime, gap: Duration) -> NonZeroU32 {
        let bytes = clamp(quantum(self.capacity.rate(now), gap)).min(self.bucket.burst());
        clamp(self.count.body(bytes.get().into()).max(1))
    }

    /// Books `bytes` behind all that was booked before.
    pub fn book(&mut self, now: LinkTime, bytes: NonZeroU32) -> Position {
        // Bytes that wait in lanes came first.
        self.serve(now);
        let capacity = self.capacity.at(now);
        let bytes = self.counted(bytes);
        let position = self.bucket.book(capacity, bytes);
        self.tail = position.bytes();
        position
    }

    /// How many bytes a transport sends at once at `now`: a quantum, in whole packets where it holds any, but
    /// never so much that it alone fills the queue; while the rate is zero, a packet.
    pub(super) fn unit(&mut self, now: LinkTime) -> NonZeroU32 {
        if self.capacity.rate(now) == BitRate::ZERO {
            let most = clamp(WIRE_PACKET).min(self.bucket.burst());
            return clamp(self.count.body(most.get().into()).clamp(1, PACKET));
        }
        let most = u64::from(self.quantum(now).get()).min((self.queue / 4).max(PACKET));
        clamp(if most > PACKET { most - most % PACKET } else { most })
    }

    /// How many bytes of the link `bytes` of body need. A rest of less than a byte is kept for later.
    fn counted(&mut self, bytes: NonZeroU32) -> NonZeroU32 {
        if self.count == Count::Payload {
            return bytes;
        }
        let parts = u64::from(bytes.get()) * WIRE_PACKET + self.owed;
        self.owed = parts % PACKET;
        clamp(parts / PACKET)
    }

    /// When the bytes booked at `position` leave; `None` = never, unless the link changes.
    pub fn release(&mut self, position: Position) -> Option<Release> {
        match self.capacity.when(position.bytes()) {
            When::At(at) => Some(Release { at, is_final: true }),
            When::NotBefore(at) => Some(Release { at, is_final: false }),
            When::Never => None,
        }
    }

    /// Whether there may be a stall that was not returned before.
    pub(super) fn may_stall(&self) -> bool {
        self.capacity.may_stall()
    }

    /// The next stall within `from..to` that was not returned before.
    pub fn take_stall(&mut self, from: LinkTime, to: LinkTime) -> Option<Stall> {
        let stall = self.capacity.stall_within(from, to, self.last_stall)?;
        self.last_stall = Some(stall.at);
        Some(stall)
    }
}

/// How many bytes leave at once at `rate`, if they are to come no faster than one in `gap`.
fn quantum(rate: BitRate, gap: Duration) -> u64 {
    let packet = in_time(rate, LONGEST_GAP).clamp(SMALLEST_QUANTUM, PACKET);
    in_time(rate, gap).clamp(packet, LARGEST_QUANTUM)
}

/// The depth of the bucket. By default one turn at the highest rate: a link gets no credit for idle time beyond
/// this granularity.
pub(super) fn burst(spec: &LinkSpec) -> NonZeroU32 {
    let turn = || quantum(spec.rate.peak(), SHORTEST_TURN);
    clamp(spec.burst.map_or_else(turn, |burst| burst.bytes().max(1)))
}

/// The bytes that may wait at the bottleneck; without a rate there is none. Holds a quantum at
/// least, or nothing could ever be sent.
fn queue(spec: &LinkSpec) -> u64 {
    if spec.rate == RateSpec::Unlimited {
        return u64::MAX;
    }
    QueueSize::bytes(spec.queue, spec.rate.peak(), spec.latency.rtt).max(spec.count.counted(PACKET))
}

impl Count {
    /// The most bytes of body that count as no more than `counted`.
    fn body(self, counted: u64) -> u64 {
        match self {
            Self::Payload => counted,
            Self::Wire => scaled(counted, PACKET, WIRE_PACKET),
        }
    }

    /// What `body` bytes count as at most.
    fn counted(self, body: u64) -> u64 {
        match self {
            Self::Payload => body,
            Self::Wire => scaled(body, WIRE_PACKET, PACKET).saturating_add(1),
        }
    }
}

/// `bytes`·`times`/`per`, rounded down.
fn scaled(bytes: u64, times: u64, per: u64) -> u64 {
    let scaled = u128::from(bytes) * u128::from(times) / u128::from(per);
    u64::try_from(scaled).unwrap_or(u64::MAX)
}

/// Bytes that `rate` carries in `time`.
fn in_time(rate: BitRate, time: Duration) -> u64 {
    (rate.bytes_per_second() * time.as_secs_f64()) as u64
}

fn clamp(bytes: u64) -> NonZeroU32 {
    NonZeroU32::new(u32::try_from(bytes).unwrap_or(u32::MAX)).unwrap_or(NonZeroU32::MIN)
}

//! One direction of one session: what its responses share.

use super::{
    PACKET,
    bucket::{Bucket, Position},
    capacity::{Capacity, When},
    rate_spec::RateSpec,
    spec::{Count, LinkSpec},
    stall::Stall,
};
use crate::{seed::Seed, units::BitRate};
use std::{num::NonZeroU32, time::Duration};

/// A quantum is one packet, as on a real link, but where a packet takes longer than this, it is
/// this much time of the rate: bounds gaps, and what a single packet can add to a measurement.
const LONGEST_GAP: Duration = Duration::from_millis(10);
/// Where packets follow each other faster than this, a quantum is this much time of the rate:
/// bounds wake-ups to 1000 a second.
const SHORTEST_GAP: Duration = Duration::from_millis(1);
/// A full packet as a kernel's shaper counts it: 14 bytes of Ethernet, 20 of IPv4, 32 of TCP.
const WIRE_PACKET: u64 = PACKET + 66;
/// Even the slowest link sends this much at once; even the fastest no more than that.
const SMALLEST_QUANTUM: u64 = 128;
const LARGEST_QUANTUM: u64 = 256 * 1024;

/// A link at work. Responses book their bytes on it, a quantum at a time and in turn, so that each
/// gets the same share.
#[derive(Debug)]
pub struct Link {
    capacity: Capacity,
    bucket: Bucket,
    seed: Seed,
    /// Counts live changes, so that each has chances of its own.
    changes: u64,
    limited: bool,
    count: Count,
    /// Overhead not yet booked, in parts of a packet: see [`Count::Wire`].
    owed: u64,
    /// The start of the last stall that was taken note of.
    told: Option<Duration>,
}

impl Link {
    /// A link of `spec`, idle at its time zero, with a full bucket.
    #[must_use]
    pub fn new(spec: &LinkSpec, seed: Seed) -> Self {
        Self {
            capacity: Capacity::new(spec, seed),
            bucket: Bucket::new(burst(spec)),
            seed,
            changes: 0,
            limited: spec.rate != RateSpec::Unlimited,
            count: spec.count,
            owed: 0,
            told: None,
        }
    }

    /// Becomes a link of `spec`, whose schedule and stalls start at `now`, with an empty bucket: no
    /// burst is handed out. What was booked before is void, and books again (see
    /// [`Self::generation`]): quanta of a fast link would block a slow one for seconds.
    pub fn change(&mut self, now: Duration, spec: &LinkSpec) {
        self.changes += 1;
        let seed = self.seed.numbered(self.changes);
        self.capacity = self.capacity.clone().spliced(now, spec, seed);
        self.limited = spec.rate != RateSpec::Unlimited;
        self.count = spec.count;
        self.bucket = Bucket::empty_at(burst(spec), self.capacity.at(now));
        self.told = None;
    }

    /// How often it was changed. Bookings of another generation are void.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.changes
    }

    /// Bytes that the link could have carried by `now`, idle or not.
    pub fn carried(&mut self, now: Duration) -> u64 {
        self.capacity.at(now)
    }

    /// The rate at `now` (zero in a stall); `None` = no limit.
    pub fn rate(&mut self, now: Duration) -> Option<BitRate> {
        let rate = self.capacity.rate(now);
        (self.limited || rate == BitRate::ZERO).then_some(rate)
    }

    /// How many bytes to book at once at `now`.
    pub fn quantum(&mut self, now: Duration) -> NonZeroU32 {
        let quantum = clamp(quantum(self.capacity.rate(now))).min(self.bucket.burst());
        match self.count {
            Count::Payload => quantum,
            // With its overhead it must fit the bucket.
            Count::Wire => clamp((u64::from(quantum.get()) * PACKET / WIRE_PACKET).max(1)),
        }
    }

    /// Books `bytes` behind all that was booked before.
    pub fn book(&mut self, now: Duration, bytes: NonZeroU32) -> Position {
        let capacity = self.capacity.at(now);
        let bytes = self.counted(bytes);
        self.bucket.book(capacity, bytes)
    }

    /// What the rate counts for `bytes` of body; what doesn't make a whole byte is kept for later.
    fn counted(&mut self, bytes: NonZeroU32) -> NonZeroU32 {
        if self.count == Count::Payload {
            return bytes;
        }
        let parts = u64::from(bytes.get()) * WIRE_PACKET + self.owed;
        self.owed = parts % PACKET;
        clamp(parts / PACKET)
    }

    /// When the bytes booked at `position` leave, and whether that is final; `None` = never, unless
    /// the link changes. What is not final is the earliest moment to ask again.
    pub fn release(&mut self, position: Position) -> Option<(Duration, bool)> {
        match self.capacity.when(position.bytes()) {
            When::At(time) => Some((time, true)),
            When::NotBefore(time) => Some((time, false)),
            When::Never => None,
        }
    }

    /// The next stall within `from..to` that was not taken before.
    pub fn take_stall(&mut self, from: Duration, to: Duration) -> Option<Stall> {
        let stall = self.capacity.stall_within(from, to, self.told)?;
        self.told = Some(stall.at);
        Some(stall)
    }
}

/// How many bytes leave at once at `rate`.
fn quantum(rate: BitRate) -> u64 {
    let packet = in_time(rate, LONGEST_GAP).clamp(SMALLEST_QUANTUM, PACKET);
    in_time(rate, SHORTEST_GAP).clamp(packet, LARGEST_QUANTUM)
}

/// The depth of the bucket. By default one quantum at the highest rate: a link has no memory of
/// having been idle, so nothing but the granularity is given away.
fn burst(spec: &LinkSpec) -> NonZeroU32 {
    clamp(spec.burst.map_or_else(|| quantum(spec.rate.peak()), |burst| burst.bytes().max(1)))
}

/// Bytes that `rate` carries in `time`.
fn in_time(rate: BitRate, time: Duration) -> u64 {
    (rate.bytes_per_second() * time.as_secs_f64()) as u64
}

fn clamp(bytes: u64) -> NonZeroU32 {
    NonZeroU32::new(u32::try_from(bytes).unwrap_or(u32::MAX)).unwrap_or(NonZeroU32::MIN)
}

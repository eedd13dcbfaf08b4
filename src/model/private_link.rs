//! A link that only the responses of one player use: its capacity, and the bucket of its burst. Where a response ends
//! follows from them without a loop over quanta.

use super::{
    PACKET,
    capacity::{Capacity, When},
    link::{WIRE_PACKET, burst},
    rate_spec::RateSpec,
    spec::{Count, LinkSpec},
    transport::TransportSpec,
};
use crate::{
    seed::Seed,
    units::{BitRate, LinkTime},
};

/// A link's rate and stalls, and what was booked on it.
#[derive(Debug)]
pub(super) struct PrivateLink {
    capacity: Capacity,
    limited: bool,
    /// The size of the bucket, in bytes.
    pub(super) burst: u64,
    /// The bucket is full again when the link could have carried this number of bytes.
    pub(super) full: u64,
    /// What counts as bytes on the link.
    pub(super) count: Count,
    /// What it could have carried by the time that was asked for last.
    known: (LinkTime, u64),
}

impl PrivateLink {
    /// A link of `spec`, idle at its time zero; `None` if its responses go over a transport, packet by packet.
    pub(super) fn new(spec: &LinkSpec, seed: Seed) -> Option<Self> {
        if spec.transport != TransportSpec::None {
            return None;
        }
        let burst = u64::from(burst(spec).get());
        let silent = spec.rate.peak() == BitRate::ZERO;
        Some(Self {
            capacity: Capacity::new(spec, seed),
            limited: spec.rate != RateSpec::Unlimited,
            burst,
            full: if silent { burst } else { 0 },
            count: spec.count,
            known: (LinkTime::ZERO, 0),
        })
    }

    /// Bytes that the link could have carried by `now`.
    pub(super) fn capacity_at(&mut self, now: LinkTime) -> u64 {
        if self.known.0 != now {
            self.known = (now, self.capacity.at(now));
        }
        self.known.1
    }

    /// The same; `None` without a limit.
    pub(super) fn limited_capacity_at(&mut self, now: LinkTime) -> Option<u64> {
        self.limited.then(|| self.capacity.at(now))
    }

    /// When the link could have carried this number of bytes, from the part of its schedule that is known so far.
    pub(super) fn when_known(&mut self, position: u64) -> When {
        self.capacity.when(position)
    }

    /// When the link could have carried this number of bytes, if that is by `limit`; `None` = never, later, or only after
    /// thousands of parts of its schedule without any rate.
    pub(super) fn when(&mut self, position: u64, limit: LinkTime) -> Option<LinkTime> {
        const ROUNDS: u32 = 16;
        for _ in 0..ROUNDS {
            match self.capacity.when(position) {
                When::At(time) => return (time <= limit).then_some(time),
                When::NotBefore(time) if time < limit => {
                    self.capacity.at(time);
                }
                When::NotBefore(_) | When::Never => return None,
            }
        }
        None
    }
}

/// What `bytes` of a response count as on a link.
pub(super) const fn counted(count: Count, bytes: u64) -> u64 {
    match count {
        Count::Payload => bytes,
        Count::Wire => bytes * WIRE_PACKET / PACKET,
    }
}

/// The bytes of a response in `counted` bytes of a link.
pub(super) const fn payload(count: Count, counted: u64) -> u64 {
    match count {
        Count::Payload => counted,
        Count::Wire => counted * PACKET / WIRE_PACKET,
    }
}

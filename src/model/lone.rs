//! One response after the other over a link that nothing else uses, without a loop over quanta.

use super::{
    PACKET,
    capacity::{Capacity, When},
    link::{WIRE_PACKET, burst},
    rate_spec::RateSpec,
    spec::{Count, Gap, LinkSpec},
    transport::TransportSpec,
};
use crate::{
    seed::Seed,
    units::{BitRate, LinkTime},
};
use std::time::Duration;

/// Where in the link's capacity a response ends.
#[derive(Debug, Clone, Copy)]
struct End {
    /// Where its last byte leaves.
    position: u64,
    /// Where the bucket is full again.
    full: u64,
}

/// A link's rate and stalls for responses that follow each other.
///
/// A [`ResponseShaper`](super::ResponseShaper) that is polled at each time it returns books its bytes without a gap. So its last
/// byte leaves when the link's capacity, counted from the bucket's state at the first one, reaches the size of
/// the response: one inverse of the capacity in place of thousands of bookings. Both methods give the same end,
/// except for the rounding of each quantum to a nanosecond.
#[derive(Debug)]
pub struct Lone {
    capacity: Capacity,
    limited: bool,
    burst: u64,
    /// The bucket is full again when the link could have carried this number of bytes.
    full: u64,
    count: Count,
    /// Overhead not yet counted, in parts of a packet.
    owed: u64,
}

impl Lone {
    /// A link of `spec`, idle at its time zero; `None` if its responses go packet by packet: with
    /// loss, stalls by bytes, or a transport.
    #[must_use]
    pub fn new(spec: &LinkSpec, seed: Seed) -> Option<Self> {
        let by_bytes =
            spec.stall.as_ref().is_some_and(|stall| matches!(stall.every, Gap::Bytes(_)));
        if spec.loss.is_some() || by_bytes || spec.transport != TransportSpec::None {
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
            owed: 0,
        })
    }

    /// Sends `bytes` from `now` on; returns when the last of them leaves, or `None` if it never does.
    pub fn carry(&mut self, now: LinkTime, bytes: u64) -> Option<LinkTime> {
        let End { position, full } = self.end(now, bytes);
        let end = self.when(position)?;
        self.full = full;
        Some(end.max(now))
    }

    /// Sends `bytes` from `now` on and calls `watch` every `step`, with the time and the bytes that have left,
    /// until it returns `true` or the last byte has left. Returns both at that time; `None` if the response
    /// never ends and `watch` does not return `true` within a day.
    pub fn carry_watched(
        &mut self,
        now: LinkTime,
        bytes: u64,
        step: Duration,
        mut watch: impl FnMut(LinkTime, u64) -> bool,
    ) -> Option<(LinkTime, u64)> {
        const LONGEST: Duration = Duration::from_secs(24 * 3600);
        let before = (self.full, self.owed);
        let End { position, full } = self.end(now, bytes);
        if self.capacity.when(position) == When::Never {
            return None;
        }
        let first = position.saturating_sub(self.counted(bytes));
        let mut time = now;
        while time < now + LONGEST {
            time += step.max(Duration::from_millis(1));
            let reached = self.capacity.at(time);
            if reached >= position {
                self.full = full;
                return Some((self.when(position)?.max(now), bytes));
            }
            let left = self.body(reached.saturating_sub(first)).min(bytes);
            if watch(time, left) {
                (self.full, self.owed) = before;
                self.full = self.end(now, left).full;
                return Some((time, left));
            }
        }
        None
    }

    /// Bytes that the link could have carried by `now`; `None` without a limit.
    pub fn capacity(&mut self, now: LinkTime) -> Option<u64> {
        self.limited.then(|| self.capacity.at(now))
    }

    /// The end of a response of `bytes` that starts at `now`.
    fn end(&mut self, now: LinkTime, bytes: u64) -> End {
        let start = self.capacity.at(now);
        if self.count == Count::Wire {
            self.owed = (bytes * WIRE_PACKET + self.owed) % PACKET;
        }
        let full = self.full.max(start) + self.counted(bytes);
        End { position: start.max(full.saturating_sub(self.burst)), full }
    }

    /// What `bytes` of body count as.
    const fn counted(&self, bytes: u64) -> u64 {
        match self.count {
            Count::Payload => bytes,
            Count::Wire => bytes * WIRE_PACKET / PACKET,
        }
    }

    /// The body in `counted` bytes.
    const fn body(&self, counted: u64) -> u64 {
        match self.count {
            Count::Payload => counted,
            Count::Wire => counted * PACKET / WIRE_PACKET,
        }
    }

    /// When the link could have carried this number of bytes; `None` = never, or only after thousands of parts
    /// of its schedule without any rate.
    fn when(&mut self, position: u64) -> Option<LinkTime> {
        const ROUNDS: u32 = 16;
        for _ in 0..ROUNDS {
            match self.capacity.when(position) {
                When::At(time) => return Some(time),
                When::NotBefore(time) => {
                    self.capacity.at(time);
                }
                When::Never => return None,
            }
        }
        None
    }
}

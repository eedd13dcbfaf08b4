//! Where the time of an exchange went.

use crate::{event::Measured, observers::request_fields::ms};
use serde::Serialize;
use std::{ops::AddAssign, time::Duration};

/// The parts of an exchange's duration. They add up to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::observers) struct Split {
    /// The latency of the link.
    pub(in crate::observers) latency: Duration,
    /// Delays, hangs and pauses of rules.
    pub(in crate::observers) fault: Duration,
    /// Waits for the origin: for its headers, and for bytes of its body.
    pub(in crate::observers) origin: Duration,
    /// Waits for the rate of the link.
    pub(in crate::observers) token: Duration,
    /// Waits in injected stalls of the link, and in pauses of the network.
    pub(in crate::observers) stall: Duration,
    /// The rest: bytes on their way, and the proxy itself.
    pub(in crate::observers) transfer: Duration,
}

impl Split {
    /// The parts of an exchange that took `total`, with the `latency` drawn for it, while the link was stalled for
    /// `stalled`. Each part is at most what those before it leave.
    pub(in crate::observers) fn new(
        total: Duration,
        latency: Duration,
        measured: &Measured,
        stalled: Duration,
    ) -> Self {
        let mut left = total;
        let mut take = |part: Duration| {
            let part = part.min(left);
            left -= part;
            part
        };
        let latency = take(latency);
        let fault = take(measured.rule_wait);
        let origin = take(measured.origin_wait);
        let stall = stalled.min(measured.shaper_wait);
        let token = measured.shaper_wait - stall;
        let (stall, token) = (take(stall), take(token));
        Self { latency, fault, origin, token, stall, transfer: left }
    }
}

impl AddAssign for Split {
    fn add_assign(&mut self, other: Self) {
        self.latency += other.latency;
        self.fault += other.fault;
        self.origin += other.origin;
        self.token += other.token;
        self.stall += other.stall;
        self.transfer += other.transfer;
    }
}

/// The parts in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(in crate::observers) struct SplitView {
    latency: f64,
    fault: f64,
    origin: f64,
    token: f64,
    stall: f64,
    transfer: f64,
}

impl From<Split> for SplitView {
    fn from(split: Split) -> Self {
        Self {
            latency: ms(split.latency),
            fault: ms(split.fault),
            origin: ms(split.origin),
            token: ms(split.token),
            stall: ms(split.stall),
            transfer: ms(split.transfer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(total: u64, stalled: u64) -> Split {
        let ms = Duration::from_millis;
        let measured = Measured {
            shaper_wait: ms(400),
            origin_wait: ms(50),
            rule_wait: ms(200),
            ..Measured::default()
        };
        Split::new(ms(total), ms(100), &measured, ms(stalled))
    }

    #[test]
    fn the_parts_add_up() {
        let ms = Duration::from_millis;
        let expected = Split {
            latency: ms(100),
            fault: ms(200),
            origin: ms(50),
            token: ms(250),
            stall: ms(150),
            transfer: ms(250),
        };
        assert_eq!(split(1000, 150), expected);
    }

    /// A player that left early did not wait for all of it.
    #[test]
    fn no_part_is_longer_than_what_is_left() {
        let ms = Duration::from_millis;
        let split = split(250, 9000);
        assert_eq!((split.latency, split.fault), (ms(100), ms(150)));
        assert_eq!((split.origin, split.stall, split.token, split.transfer), Default::default());
    }
}

//! The parameters of a transport.

use crate::units::{BitRate, ByteSize};
use std::time::Duration;

/// A queue of no stated size holds at least this: with less, a first flight of ten segments and
/// another response's would not fit.
const SMALLEST_DEFAULT: u64 = 32 * 1024;

/// What carries responses over a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TransportSpec {
    /// No transport model: the link's rate applies from the first byte on.
    #[default]
    None,
    /// TCP: slow start, CUBIC, retransmissions.
    Tcp,
}

impl TransportSpec {
    /// The name used in files, labels and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Tcp => "tcp",
        }
    }
}

/// How much may wait at the bottleneck before packets are dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QueueSize {
    /// A number of bytes.
    Bytes(ByteSize),
    /// What the link carries in this time at its highest rate. (A queue is memory: it does not
    /// shrink with the rate. At a lower rate the same bytes take longer.)
    Time(Duration),
}

impl QueueSize {
    /// The size in bytes on a link whose highest rate is `peak`; without a stated size, what the
    /// link carries in a round trip (Villamizar and Song 1994), at least 32 KiB.
    pub(in crate::model) fn bytes(size: Option<Self>, peak: BitRate, rtt: Duration) -> u64 {
        let carried = |time: Duration| (peak.bytes_per_second() * time.as_secs_f64()) as u64;
        match size {
            Some(Self::Bytes(size)) => size.bytes(),
            Some(Self::Time(time)) => carried(time),
            None => carried(rtt).max(SMALLEST_DEFAULT),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_bytes_or_time_at_the_highest_rate_or_a_round_trip() {
        let ms = Duration::from_millis;
        let peak = BitRate::from_kilobits_per_second(8000);
        let bytes = |size| QueueSize::bytes(size, peak, ms(100));
        assert_eq!(bytes(Some(QueueSize::Bytes(ByteSize::from_bytes(5000)))), 5000);
        assert_eq!(bytes(Some(QueueSize::Time(ms(20)))), 20_000);
        assert_eq!(bytes(None), 100_000);
        assert_eq!(QueueSize::bytes(None, peak, ms(1)), 32 * 1024);
    }
}

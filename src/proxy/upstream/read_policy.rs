//! How connections to origins are read: in small pieces for slow links, without limits for fast ones.

use crate::units::BitRate;

/// How a connection to an origin is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ReadPolicy {
    /// The most bytes per read.
    pub(super) at_once: u64,
    /// The kernel's receive buffer in bytes, if it is limited.
    pub(super) unread: Option<usize>,
}

impl ReadPolicy {
    pub(super) const FREE: Self = Self { at_once: u64::MAX, unread: None };

    /// The policies for links up to a rate, the slowest first. A read of just under 16 KiB keeps hyper from doubling its
    /// buffer: with the read size of fast links, thousands of slow downloads would hold gigabytes, and with a smaller
    /// one a link would wait for many pieces per second. The kernel would hold some megabytes of each body, and a
    /// thousand bodies would fill its TCP memory, after which it drops packets. The receive buffer of the slowest links
    /// is enough for a round trip of a second; faster links may need more than a system allows to set.
    pub(super) const SLOW: [(BitRate, Self); 2] = [
        (
            BitRate::from_bits_per_second(2_000_000),
            Self { at_once: 16 * 1024 - 1, unread: Some(256 * 1024) },
        ),
        (BitRate::from_bits_per_second(10_000_000), Self { at_once: 16 * 1024 - 1, unread: None }),
    ];

    /// The policy for a link with the highest rate `peak`.
    pub(super) fn of(peak: BitRate) -> Self {
        let slow = Self::SLOW.iter().find(|(most, _)| peak <= *most);
        slow.map_or(Self::FREE, |(_, read_policy)| *read_policy)
    }
}

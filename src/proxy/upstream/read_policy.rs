//! How connections to origins are read: as slow links need it, and as fast ones do.

use crate::units::BitRate;

/// How a connection to an origin is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ReadPolicy {
    /// Bytes at once, at the most.
    pub(super) at_once: u64,
    /// Bytes that the kernel may hold besides, if that is bounded.
    pub(super) unread: Option<usize>,
}

impl ReadPolicy {
    pub(super) const FREE: Self = Self { at_once: u64::MAX, unread: None };

    /// For links up to a rate, the slowest first. Sixteen KiB, just under what would make hyper double its buffer
    /// once more: with what fast links take at once thousands of slow downloads would hold gigabytes;
    /// with less a link would wait for many pieces a second. The kernel would
    /// hold some megabytes of each body, and a thousand bodies fill all the memory that it has for TCP:
    /// from then on it drops what comes. What it may hold at the slowest links is enough for a round trip of
    /// a second; faster ones may need more than a system lets one ask for.
    pub(super) const SLOW: [(BitRate, Self); 2] = [
        (
            BitRate::from_bits_per_second(2_000_000),
            Self { at_once: 16 * 1024 - 1, unread: Some(256 * 1024) },
        ),
        (BitRate::from_bits_per_second(10_000_000), Self { at_once: 16 * 1024 - 1, unread: None }),
    ];

    /// For a link that takes `peak` at the most.
    pub(super) fn of(peak: BitRate) -> Self {
        let slow = Self::SLOW.iter().find(|(most, _)| peak <= *most);
        slow.map_or(Self::FREE, |(_, intake)| *intake)
    }
}

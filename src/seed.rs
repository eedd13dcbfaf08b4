//! Named streams of random numbers, one per model and request, all derived from one seed.
//!
//! Every random number in the program is derived from one 64-bit seed through names: for what concerns a request,
//! the session, the path of the file, the attempt and the model; for a link, the session or the name of the link, and
//! the model. `docs/architecture.md` has the table. Two runs with the same requests draw the same numbers, in whatever order the requests come,
//! because no two models share a stream.

use rand_pcg::Pcg64Mcg;
use std::{fmt, str::FromStr};

/// A stream of random numbers whose sequence is fixed by the generator's definition (PCG XSL-RR
/// 128/64 MCG, O'Neill 2014), not by a crate's version.
pub type Stream = Pcg64Mcg;

/// The name of a child of a [`Seed`], hashed: for names that are used often, such as paths of segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(u64);

impl Name {
    /// The name `text`.
    #[must_use]
    pub const fn new(text: &str) -> Self {
        // FNV-1a over the name, then mixed: cheap and portable; names are few and not under an attacker's
        // control.
        let (mut hash, mut left) = (0xcbf2_9ce4_8422_2325_u64, text.as_bytes());
        while let [byte, rest @ ..] = left {
            hash = (hash ^ *byte as u64).wrapping_mul(0x0000_0100_0000_01b3);
            left = rest;
        }
        Self(mix(hash))
    }
}

/// The root of a tree of random streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Seed(u64);

impl Seed {
    /// The seed `value`.
    #[must_use]
    pub const fn new(value: u64) -> Self {
        Self(value)
    }

    /// The number that replays everything under this seed.
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0
    }

    /// The seed of the child called `name`.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        self.child(Name::new(name))
    }

    /// The seed of the child with this name: the same as [`Self::named`] with its text.
    #[must_use]
    pub const fn child(self, name: Name) -> Self {
        Self(mix(self.0 ^ name.0))
    }

    /// The seed of child number `ordinal`.
    #[must_use]
    pub const fn numbered(self, ordinal: u64) -> Self {
        Self(mix(self.0 ^ mix(ordinal.wrapping_add(0x9e37_79b9_7f4a_7c15))))
    }

    /// The stream of numbers that belongs to this seed.
    #[must_use]
    pub fn stream(self) -> Stream {
        let (high, low) = (mix(self.0), mix(self.0 ^ 0xa076_1d64_78bd_642f));
        Stream::new((u128::from(high) << 64) | u128::from(low))
    }
}

/// SplitMix64's finaliser (Steele, Lea, Flood 2014): a bijection that spreads every bit.
const fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Seed {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt as _;
    use std::collections::HashSet;

    /// The first draws must not change: a seed in an old bug report must still replay.
    #[test]
    fn the_sequence_never_changes() {
        let mut stream = Seed::new(42).named("stall").numbered(3).stream();
        let draws: Vec<u64> = (0..3).map(|_| stream.random()).collect();
        assert_eq!(draws, [18253308629285617326, 17410009741098922530, 6172351009709117485]);
    }

    #[test]
    fn children_differ_from_each_other_and_from_their_parent() {
        let root = Seed::new(1);
        let mut seen = HashSet::from([root]);
        for ordinal in 0..10_000 {
            assert!(seen.insert(root.numbered(ordinal)));
        }
        for name in ["latency", "stall", "loss", "schedule", "rule"] {
            assert!(seen.insert(root.named(name)));
        }
    }

    #[test]
    fn a_stream_is_even() {
        let mut stream = Seed::new(7).stream();
        let mean = (0..100_000).map(|_| stream.random::<f64>()).sum::<f64>() / 100_000.0;
        assert!((mean - 0.5).abs() < 0.005, "mean {mean}");
    }
}

//! Corruption of body bytes; the length does not change.

use crate::units::{ByteSize, Ratio};
use std::fmt;

/// Corruption of a body; its length does not change. The seed of the request decides which bytes change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Corruption {
    /// The kind of corruption.
    pub damage: Damage,
    /// The share of the units that change: bytes for flips and zeros, packets for `ts-sync`, boxes
    /// for `box-size`.
    pub rate: Ratio,
    /// The first byte that may change.
    pub from: ByteSize,
    /// The byte after the last that may change; `None` = the end.
    pub to: Option<ByteSize>,
}

/// Kinds of corruption.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Damage {
    /// One random bit of a byte is flipped.
    BitFlips,
    /// A byte becomes zero.
    Zeros,
    /// The sync byte (0x47) at the start of a 188-byte packet of MPEG-TS becomes zero.
    TsSync,
    /// The size field of a top-level ISO BMFF box is increased by one.
    BoxSize,
}

impl Damage {
    /// Every kind.
    pub const ALL: &[Self] = &[Self::BitFlips, Self::Zeros, Self::TsSync, Self::BoxSize];

    /// The name used in files and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BitFlips => "bit-flips",
            Self::Zeros => "zeros",
            Self::TsSync => "ts-sync",
            Self::BoxSize => "box-size",
        }
    }

    /// The default share: one byte in a thousand, or every packet or box.
    #[must_use]
    pub fn usual_rate(self) -> Ratio {
        match self {
            Self::BitFlips | Self::Zeros => Ratio::new(0.001).unwrap_or(Ratio::ALL),
            Self::TsSync | Self::BoxSize => Ratio::ALL,
        }
    }
}

impl fmt::Display for Corruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { damage, rate, from, to } = self;
        write!(f, "{} at {rate}", damage.as_str())?;
        match (from.bytes(), to) {
            (0, None) => Ok(()),
            (_, None) => write!(f, " from {from}"),
            (_, Some(to)) => write!(f, " from {from} to {to}"),
        }
    }
}

//! A size in bytes.

use super::quantity::{UnitError, serde_by_text, split};
use std::{fmt, str::FromStr};

/// A number of bytes; written `64 KiB` (base 1024) or `64 kB` (base 1000).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ByteSize(u64);

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

impl ByteSize {
    /// A size of `bytes`.
    #[must_use]
    pub const fn from_bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// A size of `kibibytes` times 1024 bytes.
    #[must_use]
    pub const fn from_kibibytes(kibibytes: u64) -> Self {
        Self(kibibytes.saturating_mul(KIB))
    }

    /// The number of bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        self.0
    }

    /// The number of bytes, for sizes of things in memory; saturates on small machines.
    #[must_use]
    pub fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            n if n >= GIB && n % GIB == 0 => write!(f, "{} GiB", n / GIB),
            n if n >= MIB && n % MIB == 0 => write!(f, "{} MiB", n / MIB),
            n if n >= KIB && n % KIB == 0 => write!(f, "{} KiB", n / KIB),
            n => write!(f, "{n} B"),
        }
    }
}

impl FromStr for ByteSize {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        const HINT: &str = "write a number and B, kB, KiB, MB, MiB, GB or GiB, as in `64 KiB`";
        let wrong = || UnitError::new(text, "a size", HINT);
        let (number, unit) = split(text).ok_or_else(wrong)?;
        let scale = match unit {
            "B" => 1,
            "kB" | "KB" => 1_000,
            "KiB" => KIB,
            "MB" => 1_000_000,
            "MiB" => MIB,
            "GB" => 1_000_000_000,
            "GiB" => GIB,
            _ => return Err(wrong()),
        };
        Ok(Self((number * scale as f64).round() as u64))
    }
}

serde_by_text!(ByteSize);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_bases() {
        assert_eq!("64 KiB".parse(), Ok(ByteSize(65_536)));
        assert_eq!("64kB".parse(), Ok(ByteSize(64_000)));
        assert_eq!("1.5 MiB".parse(), Ok(ByteSize(1_572_864)));
        insta::assert_snapshot!("64".parse::<ByteSize>().unwrap_err(), @"`64` is not a size: write a number and B, kB, KiB, MB, MiB, GB or GiB, as in `64 KiB`");
    }

    proptest! {
        #[test]
        fn printed_then_read_is_the_same_size(bytes in 0u64..1 << 50) {
            prop_assert_eq!(ByteSize(bytes).to_string().parse(), Ok(ByteSize(bytes)));
        }
    }
}

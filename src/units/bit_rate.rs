//! A rate in bits per second.

use super::quantity::{UnitError, serde_by_text, split, trim};
use std::{fmt, str::FromStr};

/// Bits per second, base 1000 (as tc and systemd count rates). Zero means that nothing passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct BitRate(u64);

impl BitRate {
    /// No bits at all.
    pub const ZERO: Self = Self(0);
    /// The highest rate: 1 Tbit/s.
    pub const MAX: Self = Self(1_000_000_000_000);

    /// A rate of `bits` per second, capped at [`BitRate::MAX`].
    #[must_use]
    pub const fn from_bits_per_second(bits: u64) -> Self {
        if bits > Self::MAX.0 { Self::MAX } else { Self(bits) }
    }

    /// A rate of `kilobits` (1000 bits) per second, capped at [`BitRate::MAX`].
    #[must_use]
    pub const fn from_kilobits_per_second(kilobits: u64) -> Self {
        Self::from_bits_per_second(kilobits.saturating_mul(1000))
    }

    /// Bits per second.
    #[must_use]
    pub const fn bits_per_second(self) -> u64 {
        self.0
    }

    /// Bytes per second, as a real number.
    #[must_use]
    pub fn bytes_per_second(self) -> f64 {
        self.0 as f64 / 8.0
    }
}

impl fmt::Display for BitRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = self.0 as f64;
        match self.0 {
            0..1_000 => write!(f, "{} bit/s", self.0),
            1_000..1_000_000 => write!(f, "{} kbit/s", trim(bits / 1e3)),
            1_000_000..1_000_000_000 => write!(f, "{} Mbit/s", trim(bits / 1e6)),
            _ => write!(f, "{} Gbit/s", trim(bits / 1e9)),
        }
    }
}

impl FromStr for BitRate {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        const HINT: &str = "write a number and bit/s, kbit/s, Mbit/s or Gbit/s, as in `5 Mbit/s`";
        let wrong = |hint: &str| UnitError::new(text, "a rate", hint);
        let (number, unit) = split(text).ok_or_else(|| wrong(HINT))?;
        if counts_bytes(unit) {
            return Err(wrong("rates are in bits: multiply by 8 and write kbit/s or Mbit/s"));
        }
        let scale = scale(unit).ok_or_else(|| wrong(HINT))?;
        let bits = (number * scale).round();
        if bits > Self::MAX.0 as f64 {
            return Err(wrong("the highest rate is 1000 Gbit/s; leave `rate` out for no limit"));
        }
        Ok(Self(bits as u64))
    }
}

serde_by_text!(BitRate);

/// Bits per second in a unit, in any of the spellings in use: `kbit/s`, `kb/s`, `Kbps`. No
/// prefix is ambiguous: `mbps` can't mean a thousandth.
fn scale(unit: &str) -> Option<f64> {
    let lower = unit.to_ascii_lowercase();
    let prefix =
        ["bit/s", "bits/s", "bps", "b/s"].iter().find_map(|unit| lower.strip_suffix(unit))?;
    match prefix {
        "" => Some(1.0),
        "k" => Some(1e3),
        "m" => Some(1e6),
        "g" => Some(1e9),
        _ => None,
    }
}

/// Whether a unit counts bytes: `B` after the prefix, as in `MB/s` and `MBps`, or the word.
fn counts_bytes(unit: &str) -> bool {
    let per_second = unit.strip_suffix("/s").or_else(|| unit.strip_suffix("ps")).unwrap_or(unit);
    let lower = unit.to_ascii_lowercase();
    matches!(
        per_second.strip_suffix('B'),
        Some("" | "k" | "K" | "Ki" | "m" | "M" | "Mi" | "g" | "G" | "Gi")
    ) || lower.contains("byte")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_every_unit() {
        let bits = |text: &str| text.parse::<BitRate>().map(BitRate::bits_per_second);
        assert_eq!(bits("5 Mbit/s"), Ok(5_000_000));
        assert_eq!(bits("1.5Mbps"), Ok(1_500_000));
        assert_eq!(bits("300 kbit/s"), Ok(300_000));
        assert_eq!(bits("0 bit/s"), Ok(0));
        assert_eq!(bits("1 Gbit/s"), Ok(1_000_000_000));
        for spelled in [
            "500 kbps",
            "500kbps",
            "500 Kbps",
            "500 KBit/s",
            "500 kb/s",
            "500 Kb/s",
            "0.5 mbps",
            "0.5Mb/s",
            "0.5 MBIT/S",
        ] {
            assert_eq!(bits(spelled), Ok(500_000), "{spelled}");
            assert_eq!(spelled.parse::<BitRate>().unwrap().to_string(), "500 kbit/s");
        }
        for bytes in [
            "1 MBps",
            "1 B/s",
            "1 kB/s",
            "1 KBps",
            "1 MiB/s",
            "1 GB/s",
            "1 MB",
            "1 Mbyte/s",
            "1 bytes/s",
        ] {
            let message = bytes.parse::<BitRate>().unwrap_err().to_string();
            assert!(message.contains("multiply by 8"), "{message}");
        }
        for wrong in ["1 kibit/s", "500 kbit", "1 xbit/s", "1 m", "1 M", "1 /s"] {
            assert!(wrong.parse::<BitRate>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn says_what_to_write() {
        let message = |text: &str| text.parse::<BitRate>().unwrap_err().to_string();
        insta::assert_snapshot!(message("5"), @"`5` is not a rate: write a number and bit/s, kbit/s, Mbit/s or Gbit/s, as in `5 Mbit/s`");
        insta::assert_snapshot!(message("2 MB/s"), @"`2 MB/s` is not a rate: rates are in bits: multiply by 8 and write kbit/s or Mbit/s");
        insta::assert_snapshot!(message("9000 Gbit/s"), @"`9000 Gbit/s` is not a rate: the highest rate is 1000 Gbit/s; leave `rate` out for no limit");
        assert!("-1 Mbit/s".parse::<BitRate>().is_err());
        assert!("NaN Mbit/s".parse::<BitRate>().is_err());
    }

    proptest! {
        /// Printing keeps three decimals of the chosen unit, so what is read back is within 0.05 %.
        #[test]
        fn printed_then_read_is_the_same_rate(bits in 0u64..=1_000_000_000_000) {
            let back: BitRate = BitRate::from_bits_per_second(bits).to_string().parse().unwrap();
            let error = (back.bits_per_second() as f64 - bits as f64).abs();
            prop_assert!(error <= bits as f64 * 5e-4);
        }
    }
}

//! A share between 0 and 1.

use super::quantity::{UnitError, split, trim};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{fmt, str::FromStr};

/// A probability or share, 0 to 1; written `0.02` or `2 %`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Ratio(f64);

impl Ratio {
    /// Never.
    pub const NONE: Self = Self(0.0);
    /// Always.
    pub const ALL: Self = Self(1.0);

    /// A share of `value`; `None` unless it is within 0 and 1.
    #[must_use]
    pub fn new(value: f64) -> Option<Self> {
        (0.0..=1.0).contains(&value).then_some(Self(value))
    }

    /// The share as a number, 0 to 1.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", trim(self.0 * 100.0))
    }
}

const HINT: &str = "write a number from 0 to 1, as in `0.02`, or a percentage, as in `\"2 %\"`";

impl FromStr for Ratio {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let wrong = || UnitError::new(text, "a ratio", HINT);
        let (number, unit) = split(text).ok_or_else(wrong)?;
        let value = match unit {
            "" => number,
            "%" => number / 100.0,
            _ => return Err(wrong()),
        };
        Self::new(value).ok_or_else(wrong)
    }
}

impl Serialize for Ratio {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(self.0)
    }
}

impl<'de> Deserialize<'de> for Ratio {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Ratio;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a ratio: 0 to 1, or a percentage in quotes")
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Ratio, E> {
                Ratio::new(value)
                    .ok_or_else(|| E::custom(UnitError::new(&value.to_string(), "a ratio", HINT)))
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Ratio, E> {
                self.visit_f64(value as f64)
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Ratio, E> {
                self.visit_f64(value as f64)
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<Ratio, E> {
                value.parse().map_err(E::custom)
            }
        }

        from.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_percentages() {
        assert_eq!("2 %".parse(), Ok(Ratio(0.02)));
        assert_eq!("0.5".parse(), Ok(Ratio(0.5)));
        assert_eq!(Ratio(0.125).to_string(), "12.5 %");
        insta::assert_snapshot!("130 %".parse::<Ratio>().unwrap_err(), @r#"`130 %` is not a ratio: write a number from 0 to 1, as in `0.02`, or a percentage, as in `"2 %"`"#);
        assert_eq!(Ratio::new(f64::NAN), None);
    }
}

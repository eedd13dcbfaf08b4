//! Spans of time: [`Duration`] written with a unit, as in `900 ms`, `1.5 s`, `2m`, `1 h 30 m`.
//!
//! For serde: `#[serde(with = "units::span")]`, and [`option`] for a span that may be left out.

use super::quantity::{UnitError, split, trim};
use serde::{Deserialize, Deserializer, Serializer, de::Error};
use std::{borrow::Cow, time::Duration};

const HINT: &str = "write a number and us, ms, s, m or h, as in `30 ms` or `2 m`";
/// Longer than any session; keeps all later arithmetic far from its limits.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// Reads a span: one or more numbers, each with its unit.
///
/// # Errors
/// When a number or unit is missing, or the whole exceeds a year.
pub fn parse(text: &str) -> Result<Duration, UnitError> {
    let wrong = |hint: &str| UnitError::new(text, "a span of time", hint);
    let mut rest = text.trim();
    let mut seconds = 0.0;
    if rest.is_empty() {
        return Err(wrong(HINT));
    }
    while !rest.is_empty() {
        let (number, tail) = split(rest).ok_or_else(|| wrong(HINT))?;
        let end = tail.find(|c: char| !c.is_alphabetic()).unwrap_or(tail.len());
        seconds += number
            * match &tail[..end] {
                "us" | "µs" | "μs" => 1e-6,
                "ms" => 1e-3,
                "s" | "sec" => 1.0,
                "m" | "min" => 60.0,
                "h" => 3600.0,
                _ => return Err(wrong(HINT)),
            };
        rest = tail[end..].trim();
    }
    match Duration::try_from_secs_f64(seconds) {
        Ok(span) if span <= LONGEST => Ok(span),
        _ => Err(wrong("the longest span is a year")),
    }
}

/// Reads a span that is more than 0.
///
/// # Errors
/// When it is no span, or 0.
pub fn positive(text: &str) -> Result<Duration, UnitError> {
    let wrong = || UnitError::new(text, "a span of time", "write more than 0, as in `30 s`");
    parse(text).and_then(|span| if span.is_zero() { Err(wrong()) } else { Ok(span) })
}

/// Prints a span in its largest fitting unit: `30 ms`, `1.5 s`, `10 m`.
#[must_use]
pub fn print(span: Duration) -> String {
    let seconds = span.as_secs_f64();
    let whole = span.subsec_nanos() == 0;
    match span.as_secs() {
        0 if span.is_zero() => "0 s".to_owned(),
        0 if span < Duration::from_millis(1) => format!("{} us", trim(seconds * 1e6)),
        0 => format!("{} ms", trim(seconds * 1e3)),
        n if whole && n % 3600 == 0 => format!("{} h", n / 3600),
        n if whole && n % 60 == 0 => format!("{} m", n / 60),
        _ => format!("{} s", trim(seconds)),
    }
}

/// Serialises by [`print()`].
///
/// # Errors
/// The serialiser's own.
pub fn serialize<S: Serializer>(span: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&print(*span))
}

/// Deserialises by [`parse`].
///
/// # Errors
/// As [`parse`].
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    parse(&Cow::<'de, str>::deserialize(from)?).map_err(D::Error::custom)
}

/// The same for a span that may be left out (with `#[serde(default)]`).
pub mod option {
    use super::{Cow, Deserialize, Deserializer, Duration, Error, Serializer, parse, print};

    /// Serialises `None` as nothing.
    ///
    /// # Errors
    /// The serialiser's own.
    pub fn serialize<S: Serializer>(span: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
        match span {
            Some(span) => to.serialize_some(&print(*span)),
            None => to.serialize_none(),
        }
    }

    /// Deserialises a missing or null value as `None`.
    ///
    /// # Errors
    /// As [`parse`].
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
        let text = Option::<Cow<'de, str>>::deserialize(from)?;
        text.map(|text| parse(&text).map_err(D::Error::custom)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_every_unit() {
        assert_eq!(parse("30 ms"), Ok(Duration::from_millis(30)));
        assert_eq!(parse("1h30m"), Ok(Duration::from_secs(5400)));
        assert_eq!(parse("1.5 s"), Ok(Duration::from_millis(1500)));
        assert_eq!(parse("250us"), Ok(Duration::from_micros(250)));
    }

    #[test]
    fn says_what_to_write() {
        insta::assert_snapshot!(parse("30").unwrap_err(), @"`30` is not a span of time: write a number and us, ms, s, m or h, as in `30 ms` or `2 m`");
        insta::assert_snapshot!(parse("9999999 h").unwrap_err(), @"`9999999 h` is not a span of time: the longest span is a year");
        assert!(parse("").is_err());
        assert!(parse("-2 s").is_err());
        assert!(
            positive("0s").unwrap_err().to_string().ends_with("write more than 0, as in `30 s`")
        );
        assert_eq!(positive("2 s"), Ok(Duration::from_secs(2)));
    }

    proptest! {
        #[test]
        fn printed_then_read_is_the_same_span(milliseconds in 0u64..10_000_000) {
            let span = Duration::from_millis(milliseconds);
            prop_assert_eq!(parse(&print(span)), Ok(span));
        }
    }
}

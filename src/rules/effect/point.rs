//! A point in a body: by bytes, by share, or by time.

use crate::units::{ByteSize, Ratio, span};
use std::{fmt, time::Duration};

/// A point in a body, from its start (or, for a range, from the start of what is sent).
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Point {
    /// After a number of bytes. A shorter body does not reach it.
    Bytes(ByteSize),
    /// A number of bytes before the end. In a body that is not longer than this, the point is at the start.
    FromEnd(ByteSize),
    /// After this share of the bytes, rounded down.
    Share(Ratio),
    /// This long after the first byte was sent.
    After(Duration),
}

/// The hint in errors.
pub(in crate::rules) const HINT: &str = "write bytes (`64 KiB`), bytes before the end (`-1 KiB`), \
                                         a share (`50 %`) or a time after the first byte (`2 s`)";

impl Point {
    /// The byte offset in a body of `length` bytes; `None` if the point is a time, if the length is
    /// needed but unknown, or if the body is shorter.
    #[must_use]
    pub fn offset(self, length: Option<u64>) -> Option<u64> {
        match self {
            Self::Bytes(at) => {
                Some(at.bytes()).filter(|at| length.is_none_or(|length| *at <= length))
            }
            Self::FromEnd(back) => length.map(|length| length.saturating_sub(back.bytes())),
            Self::Share(share) => length.map(|length| (length as f64 * share.get()) as u64),
            Self::After(_) => None,
        }
    }

    /// Whether the offset depends on the length of the body.
    #[must_use]
    pub const fn needs_length(self) -> bool {
        matches!(self, Self::FromEnd(_) | Self::Share(_))
    }

    /// Reads `64 KiB`, `-1 KiB`, `50 %` or `2 s`.
    pub(in crate::rules) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(back) = text.strip_prefix('-') {
            return back.trim().parse().ok().map(Self::FromEnd);
        }
        if text.ends_with('%') {
            return text.parse().ok().map(Self::Share);
        }
        let bytes = text.parse().ok().map(Self::Bytes);
        bytes.or_else(|| span::parse(text).ok().map(Self::After))
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(at) => at.fmt(f),
            Self::FromEnd(back) => write!(f, "-{back}"),
            Self::Share(share) => share.fmt(f),
            Self::After(time) => f.write_str(&span::print(*time)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_where_it_says() {
        let at = |text: &str, length| Point::parse(text).unwrap().offset(length);
        assert_eq!(at("64 B", Some(100)), Some(64));
        assert_eq!(at("64 B", None), Some(64));
        assert_eq!(at("101 B", Some(100)), None);
        assert_eq!(at("-1 B", Some(100)), Some(99));
        assert_eq!(at("-101 B", Some(100)), Some(0));
        assert_eq!(at("50 %", Some(101)), Some(50));
        assert_eq!(at("100 %", Some(101)), Some(101));
        assert_eq!(at("50 %", None), None);
        assert_eq!(at("2 s", Some(100)), None);
        for text in ["", "5", "-", "-2 s", "120 %", "-50 %", "x"] {
            assert_eq!(Point::parse(text), None, "{text}");
        }
    }

    #[test]
    fn printed_as_written() {
        for text in ["64 KiB", "-1 B", "12.5 %", "1.5 s"] {
            assert_eq!(Point::parse(text).unwrap().to_string(), text);
        }
    }
}

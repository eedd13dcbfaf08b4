//! The `Range` header, RFC 9110 section 14.2: which part of a resource was requested.

use std::ops::Range;

use http::HeaderMap;
use http::header::RANGE;

/// What to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Everything: no range was requested, or none that this origin supports.
    Whole,
    /// These bytes, at least one, all of which exist.
    Part(Range<u64>),
    /// The range begins past the end.
    Unsatisfiable,
}

/// Reads the header against a resource of `length` bytes. Ranges in other units, malformed ones and several at
/// once are ignored, as the standard allows: the response is the whole.
pub(super) fn wanted(headers: &HeaderMap, length: u64) -> Wanted {
    let mut lines = headers.get_all(RANGE).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return Wanted::Whole };
    line.to_str().ok().and_then(|text| part(text, length)).unwrap_or(Wanted::Whole)
}

/// `bytes=FIRST-LAST`, `bytes=FIRST-` or `bytes=-SUFFIX`.
fn part(text: &str, length: u64) -> Option<Wanted> {
    let (unit, spec) = text.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (first, last) = spec.trim().split_once('-')?;
    let range = match (first, last) {
        ("", suffix) => length.saturating_sub(position(suffix)?)..length,
        (first, "") => position(first)?..length,
        (first, last) => {
            let (first, last) = (position(first)?, position(last)?);
            if last < first {
                return None;
            }
            first..last.saturating_add(1).min(length)
        }
    };
    Some(if range.start < range.end { Wanted::Part(range) } else { Wanted::Unsatisfiable })
}

/// Digits only; a number that does not fit counts as the largest.
fn position(digits: &str) -> Option<u64> {
    let valid = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    valid.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_100(text: &str) -> Wanted {
        let mut headers = HeaderMap::new();
        headers.insert(RANGE, text.parse().unwrap());
        wanted(&headers, 100)
    }

    #[test]
    fn satisfiable_ranges_are_parts() {
        assert_eq!(of_100("bytes=0-0"), Wanted::Part(0..1));
        assert_eq!(of_100("bytes=10-19"), Wanted::Part(10..20));
        assert_eq!(of_100("bytes=90-"), Wanted::Part(90..100));
        assert_eq!(of_100("bytes=-10"), Wanted::Part(90..100));
        assert_eq!(of_100("bytes=-1000"), Wanted::Part(0..100));
        assert_eq!(of_100("Bytes=99-99999999999999999999999"), Wanted::Part(99..100));
        assert_eq!(of_100("bytes=0-18446744073709551615"), Wanted::Part(0..100));
    }

    #[test]
    fn ranges_behind_the_end_are_unsatisfiable() {
        for text in ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=99999999999999999999-"] {
            assert_eq!(of_100(text), Wanted::Unsatisfiable, "{text}");
        }
    }

    #[test]
    fn malformed_foreign_and_multiple_ranges_are_ignored() {
        let ignored = "bytes|bytes=|bytes=-|bytes=a-b|bytes=5-4|bytes=+1-2|bytes=1 -2|bytes=--5\
                       |bytes=0-1,4-5|seconds=0-1|=0-1|bytes=1-2-3|bytes=0x1-2";
        for text in ignored.split('|') {
            assert_eq!(of_100(text), Wanted::Whole, "{text}");
        }
        let mut twice = HeaderMap::new();
        twice.append(RANGE, "bytes=0-1".parse().unwrap());
        twice.append(RANGE, "bytes=2-3".parse().unwrap());
        assert_eq!(wanted(&twice, 100), Wanted::Whole);
        assert_eq!(wanted(&HeaderMap::new(), 100), Wanted::Whole);
    }
}

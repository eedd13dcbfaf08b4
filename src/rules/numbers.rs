//! Sets of whole numbers: single numbers, lists, and ranges with both ends included.

/// A set of numbers, as ranges with both ends included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Numbers(Vec<(u64, u64)>);

/// The hint in errors.
pub(super) const HINT: &str =
    "write a number from 1, a range with both ends included (`2..4`, `3..`, `..4`), or a list";

/// The hint in errors where 0 is allowed.
pub(super) const HINT_FROM_0: &str =
    "write a number from 0, a range with both ends included (`2..4`, `3..`, `..4`), or a list";

impl Numbers {
    pub(super) const fn new(ranges: Vec<(u64, u64)>) -> Self {
        Self(ranges)
    }

    /// Whether the set has a multiple of `step`.
    pub(super) fn has_multiple_of(&self, step: u64) -> bool {
        self.0.iter().any(|(first, last)| {
            first.checked_next_multiple_of(step).is_some_and(|multiple| multiple <= *last)
        })
    }

    pub(super) fn contains(&self, number: u64) -> bool {
        self.0.iter().any(|(first, last)| (*first..=*last).contains(&number))
    }
}

/// Reads `3`, `2..4` (2, 3 and 4), `3..` (3 and above) or `..4` (4 and below). `Err` is the
/// problem.
pub(super) fn range(text: &str) -> Result<(u64, u64), String> {
    range_from(1, text)
}

/// The same for numbers that count from `lowest` (0 or 1).
pub(super) fn range_from(lowest: u64, text: &str) -> Result<(u64, u64), String> {
    let number = |text: &str| match text.trim().parse::<u64>() {
        Ok(number) if number < lowest => Err(format!("is below {lowest}")),
        Ok(number) => Ok(number),
        Err(_) => Err(format!("`{text}` is not a number or a range")),
    };
    let Some((first, last)) = text.split_once("..") else {
        return number(text).map(|only| (only, only));
    };
    // `2..=4`, Rust's spelling of `2..4`, is accepted too: it has no other meaning here.
    let (first, last) = (first.trim(), last.strip_prefix('=').unwrap_or(last).trim());
    if first.is_empty() && last.is_empty() {
        return Err(format!("`{text}` has neither a start nor an end"));
    }
    let low = if first.is_empty() { lowest } else { number(first)? };
    let high = if last.is_empty() { u64::MAX } else { number(last)? };
    if high < low {
        return Err(format!("`{text}` ends before it starts"));
    }
    Ok((low, high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_included() {
        assert_eq!(range("3"), Ok((3, 3)));
        assert_eq!(range("2..4"), Ok((2, 4)));
        assert_eq!(range("2 ..= 4"), Ok((2, 4)));
        assert_eq!(range("5.."), Ok((5, u64::MAX)));
        assert_eq!(range("..4"), Ok((1, 4)));
        let numbers = Numbers::new(vec![(1, 1), (3, 4)]);
        let inside: Vec<u64> = (0..6).filter(|n| numbers.contains(*n)).collect();
        assert_eq!(inside, [1, 3, 4]);
    }

    #[test]
    fn what_names_no_number_is_refused() {
        for text in ["0", "-1", "..", "4..2", "x", "1.5", "", "0..3", "1..x"] {
            assert!(range(text).is_err(), "{text}");
        }
    }
}

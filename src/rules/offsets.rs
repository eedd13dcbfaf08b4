//! Sets of signed offsets: single numbers, lists, and ranges with both ends included.

/// The hint in errors.
pub(super) const HINT: &str = "write a whole number as in `0`, `1` or `-2`, a range with both ends included (`-3..-1`, `1..`, `..-1`), or a list";

/// A set of offsets, as ranges with both ends included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Offsets(Vec<(i64, i64)>);

impl Offsets {
    pub(super) const fn new(ranges: Vec<(i64, i64)>) -> Self {
        Self(ranges)
    }

    /// Whether the offset from number `from` to number `to` is in the set.
    pub(super) fn contains(&self, from: u64, to: u64) -> bool {
        let (least, most) = (i128::from(i64::MIN), i128::from(i64::MAX));
        let offset = (i128::from(to) - i128::from(from)).clamp(least, most);
        self.0
            .iter()
            .any(|(first, last)| (i128::from(*first)..=i128::from(*last)).contains(&offset))
    }
}

/// Reads `-3`, `-3..-1`, `1..` or `..-1`.
pub(super) fn range(text: &str) -> Option<(i64, i64)> {
    let Some((first, last)) = text.split_once("..") else {
        return text.trim().parse().ok().map(|only| (only, only));
    };
    let end = |text: &str, open: i64| match text.trim() {
        "" => Some(open),
        text => text.parse().ok(),
    };
    let open = first.trim().is_empty() && last.trim().is_empty();
    let range = end(first, i64::MIN).zip(end(last, i64::MAX));
    range.filter(|(low, high)| !open && low <= high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_directions() {
        assert_eq!(range("-3"), Some((-3, -3)));
        assert_eq!(range("-3 .. -1"), Some((-3, -1)));
        assert_eq!(range("1.."), Some((1, i64::MAX)));
        assert_eq!(range("..-1"), Some((i64::MIN, -1)));
        let set = Offsets::new(vec![(-2, -2), (1, i64::MAX)]);
        let inside: Vec<u64> = (6..14).filter(|number| set.contains(10, *number)).collect();
        assert_eq!(inside, [8, 11, 12, 13]);
        assert!(set.contains(0, u64::MAX));
    }

    #[test]
    fn what_is_no_distance() {
        for text in ["", "..", "2..1", "x", "1.5", "-", "1..x"] {
            assert_eq!(range(text), None, "{text}");
        }
    }
}

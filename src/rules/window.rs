//! A window of session time: start included, end excluded.

use crate::units::{UnitError, span};
use std::time::Duration;

/// From `start` (included) to `end` (excluded), in session time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    start: Duration,
    end: Duration,
}

/// The hint in errors.
const HINT: &str =
    "write a start and an end, as in `10 s..30 s`, or one of them: `30 s..`, `..10 s`";

impl Window {
    pub(super) fn contains(self, moment: Duration) -> bool {
        (self.start..self.end).contains(&moment)
    }

    /// Reads `10 s..30 s`, `30 s..` or `..10 s`. `Err` holds a problem and what to write instead.
    pub(super) fn parse(text: &str) -> Result<Self, (String, String)> {
        let wrong = |problem: String| (problem, HINT.to_owned());
        let unit = |e: UnitError| (format!("`{}` is not {}", e.text.trim(), e.wanted), e.hint);
        let (start, end) =
            text.split_once("..").ok_or_else(|| wrong(format!("`{text}` is not a window")))?;
        let (start, end) = (start.trim(), end.trim());
        if start.is_empty() && end.is_empty() {
            return Err(wrong(format!("`{text}` has no ends")));
        }
        let from = if start.is_empty() { Ok(Duration::ZERO) } else { span::parse(start) };
        let to = if end.is_empty() { Ok(Duration::MAX) } else { span::parse(end) };
        let window = Self { start: from.map_err(unit)?, end: to.map_err(unit)? };
        if window.end <= window.start {
            return Err(wrong(format!("`{text}` ends before it starts")));
        }
        Ok(window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn the_start_is_in_and_the_end_is_out() {
        let window = Window::parse("10 s..30 s").unwrap();
        let inside = [9, 10, 29, 30].map(|at| window.contains(S(at)));
        assert_eq!(inside, [false, true, true, false]);
        assert!(Window::parse("30 s..").unwrap().contains(S(1_000_000)));
        assert!(Window::parse("..10 s").unwrap().contains(S(0)));
    }

    #[test]
    fn what_is_no_window_is_refused() {
        for text in ["10 s", "30 s..10 s", "5 s..5 s", "..", "10..30", "x..y"] {
            assert!(Window::parse(text).is_err(), "{text}");
        }
    }
}

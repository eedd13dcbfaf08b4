//! A window of time on one clock: start included, end excluded.

use crate::units::{UnitError, span};
use std::time::Duration;

/// From `start` (included) to `end` (excluded); `T` is an instant of the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window<T> {
    start: T,
    end: T,
}

/// The hint in errors.
const HINT: &str =
    "write a start and an end, as in `10 s..30 s`, or one of them: `30 s..`, `..10 s`";

impl<T: Copy + PartialOrd> Window<T> {
    pub(super) fn contains(self, moment: T) -> bool {
        (self.start..self.end).contains(&moment)
    }

    /// Reads `10 s..30 s`, `30 s..` or `..10 s`. `instant` makes an instant of the time since time zero. `Err` holds a
    /// problem and what to write instead.
    pub(super) fn parse(text: &str, instant: fn(Duration) -> T) -> Result<Self, (String, String)> {
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
        let (from, to) = (from.map_err(unit)?, to.map_err(unit)?);
        let window = Self { start: instant(from), end: instant(to) };
        if window.end <= window.start {
            return Err(wrong(format!("`{text}` ends before it starts")));
        }
        Ok(window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::SessionTime;

    const S: fn(u64) -> SessionTime = SessionTime::from_secs;

    fn parse(text: &str) -> Result<Window<SessionTime>, (String, String)> {
        Window::parse(text, SessionTime::new)
    }

    #[test]
    fn the_start_is_in_and_the_end_is_out() {
        let window = parse("10 s..30 s").unwrap();
        let inside = [9, 10, 29, 30].map(|at| window.contains(S(at)));
        assert_eq!(inside, [false, true, true, false]);
        assert!(parse("30 s..").unwrap().contains(S(1_000_000)));
        assert!(parse("..10 s").unwrap().contains(S(0)));
    }

    #[test]
    fn what_is_no_window_is_refused() {
        for text in ["10 s", "30 s..10 s", "5 s..5 s", "..", "10..30", "x..y"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}

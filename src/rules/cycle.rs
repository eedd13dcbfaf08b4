//! A repeating pattern of up and down phases.

use crate::units::span;
use std::time::Duration;

/// Phases in sequence, repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cycle {
    /// For each phase, whether it is down, and how long it lasts.
    phases: Vec<(bool, Duration)>,
    length: Duration,
}

/// The hint in errors.
pub(super) const HINT: &str = "write phases, as in `up 20 s, down 10 s` (or `u20d10`, in seconds), \
                               at least one of them `down`";

/// The most phases in a pattern.
const MOST_PHASES: usize = 64;

impl Cycle {
    /// Reads `up 20 s, down 10 s`, or the short `u20d10`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let phases: Vec<_> = if text.contains([' ', ',']) {
            text.split(',').map(phase).collect::<Option<_>>()?
        } else {
            short(text)?
        };
        let length = phases.iter().map(|(_, span)| *span).sum();
        let goes_down = phases.iter().any(|(down, span)| *down && !span.is_zero());
        (goes_down && phases.len() <= MOST_PHASES).then_some(Self { phases, length })
    }

    /// Whether it is in a down phase `time` after its first phase began. A phase includes its start, not its end.
    pub(super) fn is_down(&self, time: Duration) -> bool {
        let mut rest = time.as_nanos() % self.length.as_nanos().max(1);
        for (down, span) in &self.phases {
            if rest < span.as_nanos() {
                return *down;
            }
            rest -= span.as_nanos();
        }
        false
    }
}

fn phase(text: &str) -> Option<(bool, Duration)> {
    let (word, time) = text.trim().split_once(' ')?;
    let down = match word {
        "down" => true,
        "up" => false,
        _ => return None,
    };
    Some((down, span::parse(time).ok()?))
}

fn short(text: &str) -> Option<Vec<(bool, Duration)>> {
    let mut phases = Vec::new();
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let down = match letter {
            'd' => true,
            'u' => false,
            _ => return None,
        };
        let tail = &rest[1..];
        let end = tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len());
        let seconds: u32 = tail[..end].parse().ok()?;
        phases.push((down, Duration::from_secs(seconds.into())));
        rest = &tail[end..];
    }
    Some(phases)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn down_begins_where_up_ends() {
        for text in ["up 20 s, down 10 s", "u20d10"] {
            let cycle = Cycle::parse(text).unwrap();
            let down =
                [0, 19, 20, 29, 30, 49, 50, 59, 60].map(|s| cycle.is_down(Duration::from_secs(s)));
            assert_eq!(down, [false, false, true, true, false, false, true, true, false], "{text}");
        }
        let quick = Cycle::parse("down 500 ms,up 1 s").unwrap();
        let down = [0, 499, 500, 1500].map(|ms| quick.is_down(Duration::from_millis(ms)));
        assert_eq!(down, [true, true, false, true]);
    }

    #[test]
    fn what_is_never_down_is_refused() {
        for text in ["", "up 20 s", "u20", "d0", "down", "20 s", "x20", "d20x", "down 10"] {
            assert_eq!(Cycle::parse(text), None, "{text}");
        }
    }
}

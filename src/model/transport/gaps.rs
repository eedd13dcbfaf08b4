//! Lost bytes that delay those behind them: TCP delivers in order.

use crate::units::LinkTime;
use std::collections::VecDeque;

/// What begins at byte `start` arrives no sooner than `until`.
#[derive(Debug, Clone, Copy)]
struct Gap {
    start: u64,
    until: LinkTime,
}

/// The gaps of a connection, in order of their bytes.
#[derive(Debug, Clone, Default)]
pub(super) struct Gaps {
    gaps: VecDeque<Gap>,
}

impl Gaps {
    /// The bytes from `start` on are delayed until `until`.
    pub(super) fn open(&mut self, start: u64, until: LinkTime) {
        self.gaps.push_back(Gap { start, until });
    }

    /// The gap at `start`, if still open, lasts until `until`.
    pub(super) fn extend(&mut self, start: u64, until: LinkTime) {
        if let Some(gap) = self.gaps.iter_mut().find(|gap| gap.start == start) {
            gap.until = gap.until.max(until);
        }
    }

    /// Removes the gaps that are filled by `now`.
    pub(super) fn fill(&mut self, now: LinkTime) {
        while self.gaps.front().is_some_and(|gap| gap.until <= now) {
            self.gaps.pop_front();
        }
    }

    /// Until when a byte that ends at `end` is delayed; zero if it is not.
    pub(super) fn hold(&self, end: u64) -> LinkTime {
        let before = self.gaps.iter().take_while(|gap| gap.start < end);
        before.map(|gap| gap.until).max().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_holds_up_what_is_behind_it() {
        let ms = LinkTime::from_millis;
        let mut gaps = Gaps::default();
        gaps.open(1000, ms(50));
        gaps.open(3000, ms(70));
        assert_eq!(gaps.hold(1000), ms(0));
        assert_eq!(gaps.hold(1001), ms(50));
        assert_eq!(gaps.hold(9000), ms(70));
        gaps.extend(1000, ms(200));
        assert_eq!(gaps.hold(9000), ms(200));
        gaps.fill(ms(200));
        assert_eq!(gaps.hold(9000), ms(0));
    }
}

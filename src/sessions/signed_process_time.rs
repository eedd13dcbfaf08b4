//! Process times that may be before the start of the process.

use crate::units::ProcessTime;
use std::time::Duration;

/// A process time that is before time zero for what happened before this process started, in a session that another
/// replica began. Times more than 292 years from time zero are cut to that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct SignedProcessTime {
    nanos: i64,
}

impl SignedProcessTime {
    /// Time zero of the process.
    pub(super) const ZERO: Self = Self { nanos: 0 };

    /// The time `nanos` nanoseconds after time zero, or before it if negative.
    pub(super) const fn from_nanos(nanos: i64) -> Self {
        Self { nanos }
    }

    /// The nanoseconds after time zero.
    pub(super) const fn as_nanos(self) -> i64 {
        self.nanos
    }

    /// The time `span` later.
    pub(super) fn saturating_add(self, span: Duration) -> Self {
        Self { nanos: self.nanos.saturating_add(nanos(span)) }
    }

    /// The time `span` earlier.
    pub(super) fn saturating_sub(self, span: Duration) -> Self {
        Self { nanos: self.nanos.saturating_sub(nanos(span)) }
    }

    /// The time since `earlier`; zero if that is later.
    pub(super) fn since(self, earlier: Self) -> Duration {
        let nanos = self.nanos.saturating_sub(earlier.nanos);
        Duration::from_nanos(nanos.max(0).unsigned_abs())
    }

    /// The process time; time zero for what was before it.
    pub(super) fn or_zero(self) -> ProcessTime {
        ProcessTime::new(self.since(Self::ZERO))
    }
}

impl From<ProcessTime> for SignedProcessTime {
    fn from(time: ProcessTime) -> Self {
        Self { nanos: nanos(time.since_zero()) }
    }
}

fn nanos(span: Duration) -> i64 {
    i64::try_from(span.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_before_the_process_are_times_too() {
        let second = Duration::from_secs(1);
        let before = SignedProcessTime::ZERO.saturating_sub(3 * second);
        assert_eq!(before.as_nanos(), -3_000_000_000);
        assert_eq!(before.or_zero(), ProcessTime::ZERO);
        assert_eq!(before.saturating_add(5 * second).or_zero(), ProcessTime::from_secs(2));
        let now = SignedProcessTime::from(ProcessTime::from_secs(4));
        assert_eq!((now.since(before), before.since(now)), (7 * second, Duration::ZERO));
        assert!(before < SignedProcessTime::ZERO && SignedProcessTime::ZERO < now);
        let last = SignedProcessTime::from(ProcessTime::new(Duration::MAX));
        assert_eq!(last.as_nanos(), i64::MAX);
    }
}

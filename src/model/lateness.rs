//! How late a driver may poll and still count as delayed by its timers.

use std::time::Duration;

/// A driver that is woken late may make up for at most this much: the slack of timers on a busy machine and a
/// proxy's spacing of wake-ups, not a suspended process.
pub(super) const MOST_CATCH_UP: Duration = Duration::from_millis(50);
/// A driver that polls again later than this after bytes have passed was not late, but its receiver did not
/// take them: the time until then counts as idle.
pub(super) const SLACK: Duration = Duration::from_millis(55);

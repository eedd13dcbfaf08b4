//! How late a driver may poll and still count as delayed by its timers.

use std::time::Duration;

/// The most time that a driver may make up for when it is woken late. It covers late timers on a busy machine and a proxy's
/// spacing of wake-ups, and not a process that was suspended.
pub(super) const MOST_CATCH_UP: Duration = Duration::from_millis(50);
/// If a driver polls again later than this after bytes have passed, its timer was not late: its receiver did not take the
/// bytes. The time until then counts as idle.
pub(super) const SLACK: Duration = Duration::from_millis(55);

//! How late a driver may ask, and still be taken for one whose timers are slow.

use std::time::Duration;

/// A driver that is woken late may make up for at most this much: the slack of timers on a busy machine
/// and a proxy's spacing of wake-ups, not a nap of the process.
pub(super) const MOST_CATCH_UP: Duration = Duration::from_millis(50);
/// A driver that asks again later than this after bytes have passed was not late, but had nobody to
/// hand them to: the time until then counts as idle.
pub(super) const SLACK: Duration = Duration::from_millis(55);

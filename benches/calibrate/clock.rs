//! The only module here that reads the clock and sleeps.

#![expect(clippy::disallowed_methods, reason = "a measurement of real time owns its clock")]

use std::{
    thread,
    time::{Duration, Instant},
};

pub(crate) fn now() -> Instant {
    Instant::now()
}

pub(crate) fn sleep_until(moment: Instant) {
    thread::sleep(moment.saturating_duration_since(now()));
}

pub(crate) fn sleep(time: Duration) {
    thread::sleep(time);
}

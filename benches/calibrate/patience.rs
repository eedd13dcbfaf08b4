//! Waits for an idle machine, within a limit.

use crate::{
    clock,
    machine::{MOST_FOREIGN, cores},
};
use std::{cell::Cell, time::Duration};

/// How long one look at the idle machine takes.
const LOOK: Duration = Duration::from_millis(500);
/// The longest wait at a time: a machine that is never quiet must not use all of it up at once.
const LONGEST: Duration = Duration::from_secs(30);

/// Time that may be spent on waiting, and on doing disturbed runs again: it bounds the whole.
#[derive(Debug)]
pub(crate) struct Patience(Cell<Duration>);

impl Patience {
    pub(crate) const fn new(time: Duration) -> Self {
        Self(Cell::new(time))
    }

    /// Spends `time` on another try, if there is so much left.
    pub(crate) fn spend(&self, time: Duration) -> bool {
        let left = self.0.get().checked_sub(time);
        self.0.set(left.unwrap_or_default());
        left.is_some()
    }

    /// Waits until others are quiet or patience ends. To be asked while nothing of ours is at work.
    pub(crate) fn wait_for_quiet(&self) {
        let mut waited = Duration::ZERO;
        while waited < LONGEST && self.spend(LOOK) {
            let (busy, whole) = cores();
            clock::sleep(LOOK);
            let (busy_then, whole_then) = cores();
            let whole = (whole_then - whole).as_secs_f64().max(0.01);
            if (busy_then - busy).as_secs_f64() / whole <= MOST_FOREIGN {
                return;
            }
            if waited.is_zero() {
                eprintln!("  others are busy: waiting");
            }
            waited += LOOK;
        }
    }
}

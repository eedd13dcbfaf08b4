//! A value that a live command sets, for good or for a while.

use std::time::Duration;

/// A value, and maybe another one in its place until a moment of process time.
#[derive(Debug, Clone)]
pub(super) struct Setting<T> {
    lasting: T,
    passing: Option<(T, Duration)>,
}

impl<T> Setting<T> {
    pub(super) const fn new(lasting: T) -> Self {
        Self { lasting, passing: None }
    }

    /// The value in force.
    pub(super) fn get(&self) -> &T {
        self.passing.as_ref().map_or(&self.lasting, |(value, _)| value)
    }

    /// Sets it until then, after which it is what it lastingly was; or for good, and whatever stood
    /// there for a while is superseded.
    pub(super) fn set(&mut self, value: T, until: Option<Duration>) {
        match until {
            Some(until) => self.passing = Some((value, until)),
            None => *self = Self::new(value),
        }
    }

    /// When it reverts by itself.
    pub(super) fn until(&self) -> Option<Duration> {
        self.passing.as_ref().map(|(_, until)| *until)
    }

    /// Reverts if it is time. Tells whether it did.
    pub(super) fn revert(&mut self, now: Duration) -> bool {
        let due = self.until().is_some_and(|until| until <= now);
        if due {
            self.passing = None;
        }
        due
    }
}

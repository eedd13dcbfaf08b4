//! A value that a live command sets, permanently or for a limited time.

use crate::units::ProcessTime;

/// A permanent value, and optionally a temporary one that replaces it until a process time.
#[derive(Debug, Clone)]
pub(super) struct Setting<T> {
    permanent: T,
    temporary: Option<(T, ProcessTime)>,
}

impl<T> Setting<T> {
    pub(super) const fn new(permanent: T) -> Self {
        Self { permanent, temporary: None }
    }

    /// The value in force.
    pub(super) fn get(&self) -> &T {
        self.temporary.as_ref().map_or(&self.permanent, |(value, _)| value)
    }

    /// Sets a temporary value until `until`, after which the permanent value is in force again; or, with `None`, a
    /// new permanent value, which also removes a temporary one.
    pub(super) fn set(&mut self, value: T, until: Option<ProcessTime>) {
        match until {
            Some(until) => self.temporary = Some((value, until)),
            None => *self = Self::new(value),
        }
    }

    /// When the temporary value ends.
    pub(super) fn until(&self) -> Option<ProcessTime> {
        self.temporary.as_ref().map(|(_, until)| *until)
    }

    /// Removes the temporary value if it is due. Returns whether it was.
    pub(super) fn revert(&mut self, now: ProcessTime) -> bool {
        let due = self.until().is_some_and(|until| until <= now);
        if due {
            self.temporary = None;
        }
        due
    }
}

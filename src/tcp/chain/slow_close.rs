//! The toxic `slow_close`: the end of the stream comes later.

use super::queue::Queue;
use crate::units::ProcessTime;
use std::time::Duration;

/// Delays the end.
#[derive(Debug)]
pub(super) struct SlowClose {
    delay: Duration,
    /// When the end passes, once it has arrived.
    due: Option<ProcessTime>,
}

impl SlowClose {
    pub(super) const fn new(delay: Duration) -> Self {
        Self { delay, due: None }
    }

    pub(super) fn poll(
        &mut self,
        now: ProcessTime,
        input: &mut Queue,
        output: &mut Queue,
    ) -> Option<ProcessTime> {
        while output.has_room()
            && let Some(chunk) = input.pop()
        {
            output.push(chunk);
        }
        input.ending()?;
        let due = *self.due.get_or_insert(now + self.delay);
        if due > now {
            return Some(due);
        }
        if let Some(ending) = input.take_ending() {
            output.end(ending);
        }
        None
    }
}

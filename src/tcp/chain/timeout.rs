//! The toxic `timeout`: no byte passes, and the connection is closed after a while.

use super::{chunk::Ending, queue::Queue};
use crate::units::ProcessTime;
use std::time::Duration;

/// Discards bytes. Each starts the time again, as toxiproxy does it.
#[derive(Debug)]
pub(super) struct Timeout {
    /// Zero: the connection stays open.
    timeout: Duration,
    due: ProcessTime,
}

impl Timeout {
    pub(super) fn new(now: ProcessTime, timeout: Duration) -> Self {
        Self { timeout, due: now + timeout }
    }

    pub(super) fn poll(
        &mut self,
        now: ProcessTime,
        input: &mut Queue,
        output: &mut Queue,
    ) -> Option<ProcessTime> {
        if !input.is_empty() {
            input.discard();
            self.due = now + self.timeout;
        }
        if let Some(ending) = input.take_ending() {
            output.end(if ending == Ending::Reset { ending } else { Ending::Closed });
            return None;
        }
        if self.timeout.is_zero() {
            return None;
        }
        if self.due > now {
            return Some(self.due);
        }
        output.end(Ending::Closed);
        None
    }
}

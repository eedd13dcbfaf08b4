//! The toxic `reset_peer`: after the first bytes, or the end, the connection is reset.

use super::{chunk::Ending, queue::Queue};
use crate::units::ProcessTime;
use std::time::Duration;

/// Discards bytes, and resets the connection a while after the first of them.
#[derive(Debug)]
pub(super) struct ResetPeer {
    timeout: Duration,
    due: Option<ProcessTime>,
}

impl ResetPeer {
    pub(super) const fn new(timeout: Duration) -> Self {
        Self { timeout, due: None }
    }

    pub(super) fn poll(
        &mut self,
        now: ProcessTime,
        input: &mut Queue,
        output: &mut Queue,
    ) -> Option<ProcessTime> {
        if !input.is_empty() || input.ending().is_some() {
            self.due.get_or_insert(now + self.timeout);
            input.discard();
        }
        let due = self.due?;
        if due > now {
            return Some(due);
        }
        output.end(Ending::Reset);
        None
    }
}

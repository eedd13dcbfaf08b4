//! The toxic `limit_data`: the connection is closed after some bytes.

use super::{chunk::Ending, queue::Queue};

/// Passes a number of bytes.
#[derive(Debug)]
pub(super) struct LimitData {
    most: u64,
    passed: u64,
}

impl LimitData {
    /// Closes after `most` bytes, of which `passed` have passed.
    pub(super) fn new(most: i64, passed: u64) -> Self {
        Self { most: u64::try_from(most).unwrap_or(0), passed }
    }

    /// How many bytes have passed.
    pub(super) const fn passed(&self) -> u64 {
        self.passed
    }

    pub(super) fn poll(&mut self, input: &mut Queue, output: &mut Queue) {
        while !input.is_empty() {
            let left = self.most.saturating_sub(self.passed);
            if left == 0 {
                break;
            }
            if !output.has_room() {
                return;
            }
            if let Some(chunk) = input.pop_part(usize::try_from(left).unwrap_or(usize::MAX)) {
                self.passed += chunk.data.len() as u64;
                output.push(chunk);
            }
            if self.passed >= self.most {
                output.end(Ending::Closed);
                return;
            }
        }
        if !input.is_empty() {
            output.end(Ending::Closed);
        } else if let Some(ending) = input.take_ending() {
            output.end(ending);
        }
    }
}

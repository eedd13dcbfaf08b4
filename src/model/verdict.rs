//! What a flow may do now.

use super::OnDrop;
use std::time::Duration;

/// The answer to "may these bytes pass?". A wait is a value, not an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// So many bytes pass now.
    Pass(usize),
    /// Ask again at this moment; `None` = nothing will pass until the link changes.
    Wait(Option<Duration>),
    /// A packet is lost, and this comes of it. After [`OnDrop::Retransmit`] and
    /// [`OnDrop::Corrupt`] ask again at once.
    Drop {
        /// What the drop does.
        action: OnDrop,
        /// The lost packet's first byte, counted from the start of the body.
        at_byte: u64,
    },
}

//! The result of polling a flow.

use super::OnDrop;
use std::time::Duration;

/// Whether bytes of a response may pass. A wait is a value, not an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// This number of bytes passes now.
    Pass(usize),
    /// Poll again at this time; `None` = nothing will pass until the link changes.
    Wait(Option<Duration>),
    /// A packet is lost, with this effect. After [`OnDrop::Retransmit`] and [`OnDrop::Corrupt`], poll again at
    /// once.
    Drop {
        /// The effect of the loss.
        action: OnDrop,
        /// The lost packet's first byte, counted from the start of the body.
        at_byte: u64,
    },
}

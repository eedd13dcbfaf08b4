//! The result of polling a response shaper.

use super::{OnDrop, Stall};
use std::time::Duration;

/// Whether bytes of a response may leave. A wait is a value, not an error. Times are link times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// This number of bytes leaves now. Zero: there is nothing to send.
    Pass(usize),
    /// Poll again at this time.
    Wait(Duration),
    /// Nothing leaves until the link or a limit changes: the rate is zero for ever.
    Paused,
    /// A stall delays the response until [`Stall::end`]. Each stall is returned once; poll again at once.
    Stalled(Stall),
    /// A packet is lost, with this effect. After [`OnDrop::Retransmit`] and [`OnDrop::Corrupt`], poll again at
    /// once. After the others, the response ends at this byte.
    Drop {
        /// The effect of the loss.
        action: OnDrop,
        /// The lost packet's first byte, counted from the start of the body.
        at_byte: u64,
    },
}

impl Verdict {
    /// A wait until `time`; `None` = until the link changes.
    pub(super) fn wait(time: Option<Duration>) -> Self {
        time.map_or(Self::Paused, Self::Wait)
    }
}

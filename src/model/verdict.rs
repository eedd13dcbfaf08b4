//! The result of polling a response shaper.

use super::{OnDrop, Stall};
use crate::units::LinkTime;

/// Whether bytes of a response may leave. A wait is a value, not an error. Its times are on the clock `T`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict<T = LinkTime> {
    /// This number of bytes leaves now. Zero: there is nothing to send.
    Pass(usize),
    /// Poll again at this time.
    Wait(T),
    /// Nothing leaves until the link or a limit changes: the rate is zero for ever.
    Paused,
    /// A stall delays the response until the stall's [end](Stall::end). Each stall is returned once; poll again at once.
    Stalled(Stall<T>),
    /// A packet is lost, with this effect. After [`OnDrop::Retransmit`] and [`OnDrop::Corrupt`], poll again at
    /// once. After the others, the response ends at this byte.
    Drop {
        /// The effect of the loss.
        action: OnDrop,
        /// The lost packet's first byte, counted from the start of the body.
        at_byte: u64,
    },
}

impl<T> Verdict<T> {
    /// The same verdict with the times of another clock, which `convert` computes.
    pub fn on_clock<U>(self, convert: impl FnOnce(T) -> U) -> Verdict<U> {
        match self {
            Self::Pass(bytes) => Verdict::Pass(bytes),
            Self::Wait(until) => Verdict::Wait(convert(until)),
            Self::Paused => Verdict::Paused,
            Self::Stalled(Stall { at, lasts }) => {
                Verdict::Stalled(Stall { at: convert(at), lasts })
            }
            Self::Drop { action, at_byte } => Verdict::Drop { action, at_byte },
        }
    }
}

impl Verdict {
    /// A wait until `time`; `None` = until the link changes.
    pub(super) fn wait(time: Option<LinkTime>) -> Self {
        time.map_or(Self::Paused, Self::Wait)
    }
}

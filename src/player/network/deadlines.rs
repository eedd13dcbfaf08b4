//! How long one request may take.

use std::time::Duration;

/// The interval at which a response is checked, as in Sabre.
pub(super) const WATCH: Duration = Duration::from_millis(50);

/// Times in ms after which a request fails; infinite = no limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Deadlines {
    /// From the request to the head of the response.
    pub first_byte: f64,
    /// Between two arrivals of bytes.
    pub idle: f64,
    /// For the whole response.
    pub total: f64,
}

impl Deadlines {
    /// No limits.
    pub const NONE: Self =
        Self { first_byte: f64::INFINITY, idle: f64::INFINITY, total: f64::INFINITY };

    /// The time since the request up to which none of the limits of a body can have passed; the head came after
    /// `first_byte` ms.
    pub(super) fn earliest(&self, first_byte: f64) -> f64 {
        self.total.min(first_byte + self.idle)
    }
}

/// Looks for the limit that passes while a body arrives.
#[derive(Debug, Clone, Copy)]
pub(super) struct DeadlineWatch {
    deadlines: Deadlines,
    received: u64,
    /// When the last bytes arrived, in ms since the request.
    arrived: f64,
}

impl DeadlineWatch {
    pub(super) const fn new(deadlines: Deadlines, first_byte: f64) -> Self {
        Self { deadlines, received: 0, arrived: first_byte }
    }

    /// The limit that passed by `time`, in ms since the request, when `received` bytes had arrived.
    pub(super) fn passed(&mut self, time: f64, received: u64) -> Option<f64> {
        let idle = self.arrived + self.deadlines.idle;
        if received > self.received {
            (self.received, self.arrived) = (received, time);
        } else if idle <= time {
            return Some(idle.min(self.deadlines.total));
        }
        (self.deadlines.total <= time).then_some(self.deadlines.total)
    }
}

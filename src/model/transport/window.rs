//! The congestion window: how many bytes of a connection may be in flight at once.

use super::{
    super::PACKET,
    cubic::{BETA, Cubic},
};
use crate::units::LinkTime;
use std::time::Duration;

/// The first window (RFC 6928: 10 segments, at most 14,600 bytes).
const INITIAL: f64 = 10.0;
/// A cut leaves at least this (RFC 5681 §3.1).
const SMALLEST: f64 = 2.0;
/// The most a receiver announces: Linux's `tcp_rmem`, 6 MiB.
const LARGEST: f64 = (6 * 1024 * 1024 / PACKET) as f64;

/// A congestion window; sizes in segments.
#[derive(Debug, Clone)]
pub(super) struct Window {
    size: f64,
    /// Where slow start ends: ssthresh.
    threshold: f64,
    cubic: Cubic,
}

impl Default for Window {
    fn default() -> Self {
        Self { size: INITIAL, threshold: f64::INFINITY, cubic: Cubic::default() }
    }
}

impl Window {
    /// Its size in bytes.
    pub(super) const fn bytes(&self) -> u64 {
        (self.size * PACKET as f64) as u64
    }

    /// Whether it doubles every round trip.
    pub(super) fn in_slow_start(&self) -> bool {
        self.size < self.threshold
    }

    /// `bytes` of a window that was fully used were acknowledged.
    pub(super) fn grow(&mut self, bytes: u64, at: LinkTime, rtt: Duration) {
        let mut segments = bytes as f64 / PACKET as f64;
        if self.in_slow_start() {
            let step = segments.min(self.threshold - self.size);
            self.size += step;
            segments -= step;
        }
        if segments > 0.0 {
            self.size = self.cubic.grown(self.size, segments, at, rtt);
        }
        self.size = self.size.min(LARGEST);
    }

    /// An acknowledgement came at `at`, but there was less to send than the window allowed.
    pub(super) fn unused(&mut self, at: LinkTime) {
        self.cubic.unused(at);
    }

    /// A segment was lost, with `flight` bytes in flight, and will be sent again at once. The new window is a
    /// share of the flight, which may be less than the window (RFC 9438 §4.6): at most the whole segments that
    /// fit it.
    pub(super) fn cut(&mut self, flight: u64) {
        self.cubic.cut(self.size);
        let flight = self.size.floor().min(flight as f64 / PACKET as f64);
        self.size = (flight * BETA).max(SMALLEST);
        self.threshold = self.size;
    }

    /// The time-out has passed.
    pub(super) fn collapse(&mut self, flight: u64) {
        self.cut(flight);
        self.size = 1.0;
    }

    /// The connection was idle for longer than its time-out (RFC 5681 §4.1). The threshold of the next slow
    /// start is three quarters of the old window, as in Linux.
    pub(super) fn restart(&mut self) {
        if self.size > INITIAL {
            if self.threshold.is_finite() {
                self.threshold = self.threshold.max(0.75 * self.size);
            }
            self.size = INITIAL;
        }
        self.cubic.forget();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RTT: Duration = Duration::from_millis(50);

    fn after(rounds: u32) -> Window {
        let mut window = Window::default();
        for round in 0..rounds {
            window.grow(window.bytes(), LinkTime::new(RTT * round), RTT);
        }
        window
    }

    #[test]
    fn slow_start_doubles_from_ten_segments() {
        let sizes: Vec<u64> = (0..5).map(|rounds| after(rounds).bytes() / PACKET).collect();
        assert_eq!(sizes, [10, 20, 40, 80, 160]);
        assert!(after(40).bytes() <= 6 * 1024 * 1024);
    }

    #[test]
    fn a_cut_leaves_seven_tenths_and_ends_slow_start() {
        let mut window = after(4);
        window.cut(u64::MAX);
        assert_eq!(window.bytes() / PACKET, 112);
        assert!(!window.in_slow_start());
        (0..20).for_each(|_| window.cut(u64::MAX));
        assert_eq!(window.bytes() / PACKET, 2);
    }

    #[test]
    fn a_time_out_starts_over_up_to_seven_tenths() {
        let mut window = after(4);
        window.collapse(u64::MAX);
        assert_eq!(window.bytes(), PACKET);
        for round in 0..7 {
            window.grow(window.bytes(), LinkTime::new(RTT * round), RTT);
        }
        assert_eq!(window.bytes() / PACKET, 112);
    }

    #[test]
    fn idleness_forgets_the_window_but_no_more() {
        let mut window = after(4);
        window.cut(u64::MAX);
        window.restart();
        assert_eq!(window.bytes() / PACKET, 10);
        assert!(window.in_slow_start());
        let mut small = Window::default();
        (0..3).for_each(|_| small.cut(u64::MAX));
        let before = small.bytes();
        small.restart();
        assert_eq!(small.bytes(), before);
    }
}

//! CUBIC: how a window grows back after a cut (RFC 9438).

use crate::units::LinkTime;
use std::time::Duration;

/// How steep the cubic is, in segments per second cubed (RFC 9438 §4.1).
const C: f64 = 0.4;
/// The factor by which a loss reduces the window (RFC 9438 §4.6).
pub(super) const BETA: f64 = 0.7;
/// Growth per round trip, in segments, with which a window that is cut to `BETA` comes to Reno's mean (RFC 9438
/// §4.3). It stays so above the plateau too, as in RFC 8312 §4.2 and in Linux; RFC 9438 recommends 1 from there
/// on, which a window with evenly spaced losses never reaches.
const ALPHA: f64 = 3.0 * (1.0 - BETA) / (1.0 + BETA);

/// How the window has changed since the last cut; sizes in segments.
#[derive(Debug, Clone, Default)]
pub(super) struct Cubic {
    /// The window before the last cut: the plateau.
    top: f64,
    epoch: Option<Epoch>,
}

/// A stretch of congestion avoidance.
#[derive(Debug, Clone, Copy)]
struct Epoch {
    start: LinkTime,
    /// The last acknowledgement: time in which the window was not limiting does not count (§5.8).
    last: LinkTime,
    /// Seconds from `start` to the plateau: K.
    to_top: f64,
    /// What Reno's window would be: W_est.
    reno: f64,
}

impl Cubic {
    /// The window `size` was cut. If it had not grown back to where it was cut before, less capacity is
    /// available than before: the plateau is lowered further (fast convergence, §4.7).
    pub(super) fn cut(&mut self, size: f64) {
        self.top = if size < self.top { size * f64::midpoint(1.0, BETA) } else { size };
        self.epoch = None;
    }

    /// Starts a new growth curve.
    pub(super) const fn forget(&mut self) {
        self.epoch = None;
    }

    /// Time passed until `at` in which the window was not made use of.
    pub(super) fn unused(&mut self, at: LinkTime) {
        if let Some(epoch) = &mut self.epoch {
            epoch.start += at.since(epoch.last);
            epoch.last = epoch.last.max(at);
        }
    }

    /// The size of a window of `size` after `segments` of it were acknowledged at `at`.
    pub(super) fn grown(&mut self, size: f64, segments: f64, at: LinkTime, rtt: Duration) -> f64 {
        let top = &mut self.top;
        let epoch = self.epoch.get_or_insert_with(|| {
            *top = top.max(size);
            Epoch { start: at, last: at, to_top: ((*top - size) / C).cbrt(), reno: size }
        });
        epoch.last = at;
        let t = at.since(epoch.start).as_secs_f64();
        let cubic = |t: f64| *top + C * (t - epoch.to_top).powi(3);
        epoch.reno += ALPHA * segments / size;
        if cubic(t) < epoch.reno {
            return size.max(epoch.reno);
        }
        let target = cubic(t + rtt.as_secs_f64()).clamp(size, 1.5 * size);
        size + (target - size) / size * segments
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A window that loses one packet in every 1/p, and has every packet of a round acknowledged at
    /// its end: the experiment behind the tables of RFC 9438 §5.1. Returns the mean window.
    fn mean_window(p: f64, rtt: Duration, rounds: usize) -> f64 {
        let (mut cubic, mut size, mut until_loss) = (Cubic::default(), 10.0f64, 1.0 / p);
        let (mut sum, mut counted) = (0.0, 0);
        for round in 0..rounds {
            let at = LinkTime::new(rtt * round as u32);
            until_loss -= size;
            if until_loss <= 0.0 {
                until_loss += 1.0 / p;
                cubic.cut(size);
                size = (size * BETA).max(2.0);
            } else {
                size = cubic.grown(size, size, at, rtt);
            }
            if round > rounds / 2 {
                sum += size;
                counted += 1;
            }
        }
        sum / f64::from(counted)
    }

    /// Tables 1 and 2 of RFC 9438: the mean window at a loss rate, in segments.
    #[test]
    fn the_response_is_that_of_the_rfc() {
        for (ms, p, segments) in [
            (100, 1e-2, 12.0),
            (100, 1e-3, 38.0),
            (100, 1e-4, 187.0),
            (100, 1e-5, 1054.0),
            (100, 1e-6, 5926.0),
            (10, 1e-2, 12.0),
            (10, 1e-3, 38.0),
            (10, 1e-4, 120.0),
            (10, 1e-5, 379.0),
            (10, 1e-6, 1200.0),
            (10, 1e-7, 5926.0),
        ] {
            let mean = mean_window(p, Duration::from_millis(ms), 200_000);
            let ratio = mean / segments;
            assert!((0.85..1.15).contains(&ratio), "p {p}, {ms} ms: {mean}, not {segments}");
            assert!(mean > 0.85 * (1.5 / p).sqrt(), "p {p}, {ms} ms: {mean} is under Reno's");
        }
    }

    /// After a cut the window is back at its plateau after K = ∛(0.3·W/C) seconds.
    #[test]
    fn the_plateau_is_reached_after_k() {
        let rtt = Duration::from_millis(100);
        let (mut cubic, mut size, mut at) = (Cubic::default(), 700.0, LinkTime::ZERO);
        cubic.cut(1000.0);
        while size < 999.0 {
            size = cubic.grown(size, size, at, rtt);
            at += rtt;
        }
        let k = (300.0f64 / 0.4).cbrt();
        assert!((at.as_secs_f64() / k - 1.0).abs() < 0.2, "{at:?}, K is {k}");
    }
}

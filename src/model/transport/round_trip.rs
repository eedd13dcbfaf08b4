//! The round trip as a sender measures it, and the retransmission time-out computed from it (RFC 6298).

use std::time::Duration;

/// The smallest allowance for variation: Linux's `tcp_rto_min`.
const SMALLEST_ALLOWANCE: Duration = Duration::from_millis(200);
/// The time-out before the first measurement (RFC 6298 §2.1).
const INITIAL: Duration = Duration::from_secs(1);
/// The longest time-out (RFC 6298 §2.5 allows 60 s or more; Linux takes 120 s).
const LONGEST: Duration = Duration::from_secs(120);

/// Smoothed round trip and its variation.
#[derive(Debug, Clone, Default)]
pub(super) struct RoundTrip {
    /// Smoothed round trip and mean deviation: SRTT, RTTVAR.
    measured: Option<(Duration, Duration)>,
}

impl RoundTrip {
    /// Adds a measurement: gains of 1/8 and 1/4 (RFC 6298 §2.3).
    pub(super) fn measure(&mut self, sample: Duration) {
        self.measured = Some(match self.measured {
            None => (sample, sample / 2),
            Some((smoothed, deviation)) => {
                ((smoothed * 7 + sample) / 8, (deviation * 3 + smoothed.abs_diff(sample)) / 4)
            }
        });
    }

    /// The smoothed round trip; `None` before the first measurement.
    pub(super) fn smoothed(&self) -> Option<Duration> {
        self.measured.map(|(smoothed, _)| smoothed)
    }

    /// The retransmission time-out: RTO.
    pub(super) fn time_out(&self) -> Duration {
        self.measured.map_or(INITIAL, |(smoothed, deviation)| {
            (smoothed + (4 * deviation).max(SMALLEST_ALLOWANCE)).min(LONGEST)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_out_follows_the_round_trip_and_its_variation() {
        let ms = Duration::from_millis;
        let mut trip = RoundTrip::default();
        assert_eq!(trip.time_out(), ms(1000));
        (0..100).for_each(|_| trip.measure(ms(80)));
        assert_eq!(trip.smoothed().unwrap().as_millis(), 80);
        assert_eq!(trip.time_out().as_millis(), 280);
        (0..100).for_each(|n| trip.measure(ms(if n % 2 == 0 { 0 } else { 400 })));
        assert!(trip.time_out() > ms(900), "{:?}", trip.time_out());
    }
}

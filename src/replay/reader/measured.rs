//! Times as files write them, and what follows from those that a proxy of ours measured.

use crate::replay::{
    error::ReplayError,
    record::{Body, LONGEST, Record},
};
use std::time::Duration;

/// A number of milliseconds as a time. -1 means that it does not apply; exporters write other fractions below zero when
/// clocks are adjusted.
pub(super) fn span_of_ms(
    ms: Option<f64>,
    place: impl Fn() -> String,
) -> Result<Duration, ReplayError> {
    let ms = ms.unwrap_or_default();
    if (-1.0..=0.0).contains(&ms) {
        return Ok(Duration::ZERO);
    }
    if ms < 0.0 {
        let problem = format!("{ms} ms is negative; -1 means `not known`");
        return Err(ReplayError::invalid(place(), problem));
    }
    let span = Duration::try_from_secs_f64(ms / 1e3).unwrap_or(Duration::MAX);
    if span > LONGEST {
        let problem = format!("{ms} ms is longer than a week; times are in milliseconds");
        return Err(ReplayError::invalid(place(), problem));
    }
    Ok(span)
}

/// Where the time of an exchange went, as a proxy of ours measured it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Parts {
    pub(super) latency: Duration,
    /// Delays, hangs and pauses of rules.
    pub(super) fault: Duration,
    /// All waits for the origin.
    pub(super) origin: Duration,
    /// The wait for the origin's headers.
    pub(super) origin_headers: Duration,
    /// Waits for the rate of the link, stalls included.
    pub(super) link: Duration,
}

impl Parts {
    /// How long rules delayed the head of a response that came after `wait`.
    pub(super) fn delay(&self, wait: Duration) -> Duration {
        self.fault.min(wait.saturating_sub(self.latency + self.origin_headers))
    }

    /// The body of an exchange with these parts: what of its time was the network's.
    pub(super) fn body(
        &self,
        start: Duration,
        wait: Duration,
        lasts: Duration,
        bytes: u64,
        paced: bool,
    ) -> Body {
        let origin = self.origin.saturating_sub(self.origin_headers);
        let fault = self.fault.saturating_sub(self.delay(wait));
        // What waited for the origin longer than for the link was limited by the network behind the proxy.
        let origin = if self.link >= origin { origin } else { Duration::ZERO };
        let limited = lasts.saturating_sub(origin + fault);
        Body { start, lasts, limited: if paced { Duration::ZERO } else { limited }, bytes }
    }
}

/// If no latency was added to any request, the waits are those of the network behind the proxy.
pub(super) fn settle_latency(records: &mut [Record]) {
    if records.iter().all(|record| record.latency.is_none_or(|latency| latency.is_zero())) {
        for record in records {
            record.latency = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    /// Of the time that rules took, what came before the head delayed it, and the rest paused the body.
    #[test]
    fn the_time_of_rules_is_before_the_head_or_in_the_body() {
        let parts = Parts {
            latency: MS(40),
            fault: MS(2500),
            origin_headers: MS(10),
            origin: MS(10),
            ..Parts::default()
        };
        assert_eq!(parts.delay(MS(2050)), MS(2000));
        let body = parts.body(MS(2050), MS(2050), MS(1500), 1, false);
        assert_eq!(body.limited, MS(1000));
        // A head that came sooner than that was not delayed by all of it.
        assert_eq!(parts.delay(MS(30)), MS(0));
    }
}

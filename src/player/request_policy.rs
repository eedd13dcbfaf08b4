//! How long a player's requests may take, and what follows a failure.

use super::{failure::Failure, network::Deadlines};

/// How often a request is made again, and after which wait.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Retries {
    /// How often.
    pub count: u32,
    /// The wait before each.
    pub back_off: BackOff,
}

/// The wait before the n-th retry, n from 1. Times are ms.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum BackOff {
    /// first × 2ⁿ⁻¹, at most `most`.
    Doubling {
        /// Before the first retry.
        first: f64,
        /// The longest wait.
        most: f64,
    },
    /// (n − 1) × step, at most `most`.
    Growing {
        /// What each further wait adds.
        step: f64,
        /// The longest wait.
        most: f64,
    },
}

impl BackOff {
    /// Always the same wait.
    #[must_use]
    pub const fn constant(wait: f64) -> Self {
        Self::Doubling { first: wait, most: wait }
    }

    /// The wait before the n-th retry, in ms.
    #[must_use]
    pub fn wait(self, n: u32) -> f64 {
        let before = n.saturating_sub(1);
        match self {
            Self::Doubling { first, most } => (first * 2_f64.powi(before.min(60) as i32)).min(most),
            Self::Growing { step, most } => (step * f64::from(before)).min(most),
        }
    }
}

/// How long requests may take, and what follows a failure. Times are ms; infinite = no limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RequestPolicy {
    /// From the request to the head of the response.
    pub first_byte: f64,
    /// Between two arrivals of bytes.
    pub idle: f64,
    /// For the whole response.
    pub total: f64,
    /// The time for a whole segment as a share of its duration, at all rungs but the lowest.
    pub total_of_duration: Option<f64>,
    /// After a time-out.
    pub after_timeout: Retries,
    /// After another failure.
    pub after_error: Retries,
    /// Whether a request that was answered with a status from 400 to 499 is made again.
    pub repeats_client_errors: bool,
    /// Whether the next lower rung is tried when all retries failed. Otherwise playback ends.
    pub falls_back: bool,
}

impl RequestPolicy {
    /// Waits for ever, and requests at once what failed.
    pub const PATIENT: Self = {
        let always = Retries { count: u32::MAX, back_off: BackOff::constant(0.0) };
        Self {
            first_byte: f64::INFINITY,
            idle: f64::INFINITY,
            total: f64::INFINITY,
            total_of_duration: None,
            after_timeout: always,
            after_error: always,
            repeats_client_errors: true,
            falls_back: false,
        }
    };

    /// The times of one request: for a segment of `duration` ms, if it is one.
    #[must_use]
    pub fn deadlines(&self, duration: Option<f64>, lowest: bool) -> Deadlines {
        let total = self.time(duration, lowest);
        Deadlines { first_byte: self.first_byte, idle: self.idle, total }
    }

    /// The wait in ms before the n-th retry, n from 1; `None` when there is none.
    #[must_use]
    pub fn retry(&self, failure: Failure, n: u32) -> Option<f64> {
        let retries = match failure {
            Failure::Timeout => self.after_timeout,
            Failure::Status(400..500) if !self.repeats_client_errors => return None,
            Failure::Status(_) | Failure::Other => self.after_error,
        };
        (n <= retries.count).then(|| retries.back_off.wait(n))
    }

    /// The time for the whole response to a request for a segment of `duration` ms, if it is one.
    #[must_use]
    pub fn time(&self, duration: Option<f64>, lowest: bool) -> f64 {
        let share = self.total_of_duration.filter(|_| !lowest).zip(duration);
        share.map_or(self.total, |(share, duration)| self.total.min(share * duration))
    }
}

#[cfg(test)]
mod tests {
    use super::super::preset::preset;
    use super::*;

    fn waits(name: &str, failure: Failure) -> Vec<f64> {
        let policy = preset(name).requests;
        (1..).map_while(|n| policy.retry(failure, n)).collect()
    }

    /// The waits of the players' default settings.
    #[test]
    fn waits_are_those_of_the_players() {
        let error = Failure::Status(503);
        assert_eq!(waits("hls.js", error), [1000.0, 2000.0, 4000.0, 8000.0, 8000.0, 8000.0]);
        assert_eq!(waits("hls.js", Failure::Timeout), [0.0; 4]);
        assert!(waits("hls.js", Failure::Status(404)).is_empty());
        assert_eq!(waits("dash.js", error), [1000.0; 3]);
        assert_eq!(waits("shaka", Failure::Other), [1000.0]);
        assert_eq!(waits("media3", error), [0.0, 1000.0, 2000.0]);
        assert!(waits("vhs", error).is_empty());
        assert_eq!(waits("bola", error), [500.0, 1000.0, 2000.0]);
    }

    #[test]
    fn a_time_may_follow_the_duration() {
        let vhs = preset("vhs").requests;
        assert_eq!(vhs.time(Some(4000.0), false), 6000.0);
        assert_eq!(vhs.time(Some(4000.0), true), vhs.total);
        assert_eq!(vhs.time(None, false), vhs.total);
    }
}

//! The delay before the first byte of each response.

use super::spec::Latency;
use crate::seed::Stream;
use std::time::Duration;

impl Latency {
    /// One response's delay: a round trip and its jitter.
    pub fn sample(&self, stream: &mut Stream) -> Duration {
        let jitter = self.jitter.as_ref().map(|law| law.sample(stream));
        self.rtt + jitter.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::Distribution, seed::Seed};

    #[test]
    fn jitter_adds_to_the_round_trip() {
        let ms = Duration::from_millis;
        let jitter = Distribution::lognormal(ms(8), ms(12)).unwrap();
        let latency = Latency { rtt: ms(30), jitter: Some(jitter) };
        let mut stream = Seed::new(1).stream();
        let draws: Vec<f64> =
            (0..50_000).map(|_| latency.sample(&mut stream).as_secs_f64() * 1e3).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        assert!((mean - 38.0).abs() < 0.3, "mean {mean}");
        assert!(draws.iter().all(|draw| *draw >= 30.0));
    }
}

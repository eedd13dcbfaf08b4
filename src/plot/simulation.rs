//! Records the behaviour of a link in one run, in virtual time.

use crate::{
    model::{Link, LinkSpec, Path, RateSpec, Stall},
    profiles::Profile,
    seed::Seed,
    units::LinkTime,
};
use std::time::Duration;

/// The most samples of a simulation. More would not be visible in a plot.
const SAMPLES: u32 = 1200;
const FINEST: Duration = Duration::from_millis(10);
/// The number of requests whose latency is drawn.
const REQUESTS: u32 = 120;

/// One run of a profile's link under one seed.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulation {
    /// The seed that repeats it.
    pub seed: Seed,
    /// Mean rate in each step of time, in bit/s; empty for a link without a limit.
    pub rates: Vec<(Duration, f64)>,
    /// The stalls.
    pub stalls: Vec<Stall>,
    /// The latency before the first byte of a request at that time.
    pub latencies: Vec<(Duration, Duration)>,
}

impl Simulation {
    /// Runs the link of `profile` for `span`.
    #[must_use]
    pub fn run(profile: &Profile, seed: Seed, span: Duration) -> Self {
        let spec = &profile.link;
        let mut link = Link::new(spec, seed.named("downlink"));
        let step = (span / SAMPLES).max(FINEST);
        let steps = (span.as_secs_f64() / step.as_secs_f64()).ceil() as u32;
        let mut rates = Vec::with_capacity(steps as usize);
        let mut before = 0;
        for n in 1..=steps {
            let carried = link.carried(LinkTime::new(step * n));
            let rate = (carried - before) as f64 * 8.0 / step.as_secs_f64();
            before = carried;
            rates.push((step * (n - 1), rate));
        }
        if spec.rate == RateSpec::Unlimited {
            rates.clear();
        }
        Self {
            seed,
            rates,
            stalls: stalls(spec, seed, span),
            latencies: latencies(spec, seed, span),
        }
    }
}

fn stalls(spec: &LinkSpec, seed: Seed, span: Duration) -> Vec<Stall> {
    // A second run, in steps short enough that no stall is missed.
    let mut link = Link::new(spec, seed.named("downlink"));
    let mut stalls = Vec::new();
    let (mut now, step) = (LinkTime::ZERO, Duration::from_millis(500));
    while spec.stall.is_some() && now.since_zero() < span {
        link.carried(now + step);
        while let Some(stall) = link.take_stall(now, now + step) {
            stalls.push(stall);
        }
        now += step;
    }
    stalls
}

fn latencies(spec: &LinkSpec, seed: Seed, span: Duration) -> Vec<(Duration, Duration)> {
    if spec.latency.is_none() {
        return Vec::new();
    }
    // One connection's requests: the first pays for its handshake.
    let mut path = Path::default();
    let request = |n: u32| {
        let mut stream = seed.named("plot").numbered(n.into()).named("latency").stream();
        let at = span * n / REQUESTS;
        (at, spec.latency.sample(&mut path, at, &mut stream))
    };
    (0..REQUESTS).map(request).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profiles::Catalog;

    #[test]
    fn a_course_is_what_the_link_does() {
        let profile = Catalog::new().named("spike").unwrap();
        let course = Simulation::run(&profile, Seed::new(1), Duration::from_secs(30));
        let mean = |from: f64, to: f64| {
            let within = |at: &&(Duration, f64)| (from..to).contains(&at.0.as_secs_f64());
            let rates: Vec<f64> = course.rates.iter().filter(within).map(|(_, r)| *r).collect();
            rates.iter().sum::<f64>() / rates.len() as f64
        };
        for (from, rate) in [(0.0, 1.2e6), (10.0, 3e5), (20.0, 8e5)] {
            assert!((mean(from, from + 10.0) / rate - 1.0).abs() < 0.01);
        }
    }

    #[test]
    fn stalls_are_all_there() {
        let profile = Catalog::new().named("flaky-wifi").unwrap();
        let course = Simulation::run(&profile, Seed::new(1), Duration::from_secs(3600));
        let gap = 3600.0 / course.stalls.len() as f64;
        assert!((10.0..17.0).contains(&gap), "a stall every {gap} s");
        assert!(course.stalls.windows(2).all(|pair| pair[0].end() < pair[1].at));
    }
}

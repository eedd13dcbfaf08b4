//! Statistics of a profile's link, by which traces are compared.

use super::profile::Profile;
use crate::{
    model::{Link, RateSpec},
    seed::Seed,
    units::{BitRate, LinkTime, Ratio},
};
use serde::Serialize;

/// The number of runs, each with its own seed.
const SEEDS: u64 = 8;
/// The length of a run in seconds: longer than several repeats of every built-in schedule.
const RUN: u64 = 900;
/// Below this rate a second counts as an outage (as in the studies of mobile traces).
const OUTAGE: u64 = 100_000;

/// Statistics of the rate, from means over whole seconds of several seeded runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Statistics {
    /// Mean over all seconds.
    pub mean: BitRate,
    /// The 5th percentile of seconds.
    pub p5: BitRate,
    /// The median second.
    pub p50: BitRate,
    /// The 95th percentile.
    pub p95: BitRate,
    /// The share of seconds under 100 kbit/s.
    pub outage: Ratio,
}

impl Profile {
    /// The statistics of this profile's rate, stalls included; `None` without a limit.
    ///
    /// Runs the link in virtual time, always with the same seeds.
    #[must_use]
    pub fn statistics(&self) -> Option<Statistics> {
        if self.link.rate == RateSpec::Unlimited {
            return None;
        }
        let mut seconds: Vec<u64> = (1..=SEEDS).flat_map(|seed| self.seconds(seed)).collect();
        seconds.sort_unstable();
        let at = |share: f64| {
            let index = (share * (seconds.len() - 1) as f64).round() as usize;
            BitRate::from_bits_per_second(seconds.get(index).copied().unwrap_or_default())
        };
        let out = seconds.partition_point(|bits| *bits < OUTAGE);
        Some(Statistics {
            mean: BitRate::from_bits_per_second(seconds.iter().sum::<u64>() / seconds.len() as u64),
            p5: at(0.05),
            p50: at(0.5),
            p95: at(0.95),
            outage: Ratio::new(out as f64 / seconds.len() as f64).unwrap_or_default(),
        })
    }

    /// Bits carried in each second of a run.
    fn seconds(&self, seed: u64) -> Vec<u64> {
        let mut link = Link::new(&self.link, Seed::new(seed).named("statistics"));
        let mut before = 0;
        let mut second = |n| {
            let carried = link.carried(LinkTime::from_secs(n));
            (carried - std::mem::replace(&mut before, carried)) * 8
        };
        (1..=RUN).map(&mut second).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::profiles::Catalog;

    #[test]
    fn a_constant_is_itself_and_steps_are_their_quantiles() {
        let catalog = Catalog::new();
        let cable = catalog.named("cable").unwrap().statistics().unwrap();
        for rate in [cable.mean, cable.p5, cable.p50, cable.p95] {
            assert_eq!(rate.bits_per_second(), 5_000_000);
        }
        let spike = catalog.named("spike").unwrap().statistics().unwrap();
        let kbit = |rate: crate::units::BitRate| rate.bits_per_second() / 1000;
        assert_eq!([kbit(spike.p5), kbit(spike.p50), kbit(spike.p95)], [300, 800, 1200]);
        assert_eq!(kbit(spike.mean), 766);
        assert_eq!(spike.outage.get(), 0.0);
    }

    /// The shipped cell has the spread of the logs it was fitted to (long dead gaps left out).
    #[test]
    fn the_3g_cell_is_as_its_source() {
        let cell = Catalog::new().named("3g").unwrap().statistics().unwrap();
        let kbit = cell.mean.bits_per_second() as f64 / 1e3;
        assert!((kbit / 1170.0 - 1.0).abs() < 0.08, "mean {kbit} kbit/s");
        assert!((0.06..0.13).contains(&cell.outage.get()), "outage {}", cell.outage);
    }
}

//! Rate, round trip and loss without a file: what replaces those of a profile.

use super::profile::Profile;
use crate::{
    model::{LinkSpec, LossModel, LossSpec, RateSpec},
    units::{BitRate, Ratio},
};
use std::{sync::Arc, time::Duration};

/// The profile that limits nothing; shaped, it is no longer what its name says.
const UNLIMITED: &str = "unlimited";
/// The name of `unlimited` once it is shaped.
const CUSTOM: &str = "custom";

/// Values in place of a profile's; `None` leaves the profile's own.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Shaping {
    /// The downlink's rate, in place of its schedule.
    pub rate: Option<BitRate>,
    /// The round trip, in place of the latency's schedule; jitter and handshake stay.
    pub rtt: Option<Duration>,
    /// The share of packets that are lost, each independently; what a loss does stays.
    pub loss: Option<Ratio>,
}

impl Shaping {
    /// Whether it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// `profile` with these values. The name stays, except that `unlimited` becomes `custom`.
    #[must_use]
    pub fn apply(&self, profile: &Arc<Profile>) -> Arc<Profile> {
        if self.is_empty() {
            return Arc::clone(profile);
        }
        let mut shaped = Profile::clone(profile);
        self.apply_to_link(&mut shaped.link);
        if shaped.name == UNLIMITED {
            shaped.name = CUSTOM.to_owned();
            shaped.summary = "rate, round trip and loss as given".to_owned();
        }
        Arc::new(shaped)
    }

    /// Replaces these values in `link`. What a loss does stays.
    pub fn apply_to_link(&self, link: &mut LinkSpec) {
        if let Some(rate) = self.rate {
            link.rate = RateSpec::Constant(rate);
        }
        if let Some(rtt) = self.rtt {
            link.latency.rtt = rtt;
            link.latency.schedule = None;
            link.latency.downlink = Duration::ZERO;
        }
        if let Some(share) = self.loss {
            let on_drop = link.loss.as_ref().map(|loss| loss.on_drop).unwrap_or_default();
            let lossy = share > Ratio::NONE;
            link.loss = lossy.then_some(LossSpec { model: LossModel::Bernoulli(share), on_drop });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profiles::Catalog;

    #[test]
    fn values_replace_those_of_the_profile() {
        let catalog = Catalog::new();
        let shaping = Shaping {
            rate: Some(BitRate::from_kilobits_per_second(3000)),
            rtt: Some(Duration::from_millis(80)),
            loss: Ratio::new(0.01),
        };
        let shaped = shaping.apply(&catalog.named("unlimited").unwrap());
        assert_eq!(shaped.to_string(), "custom: 3 Mbit/s, rtt 80 ms, loss 1 % (retransmit)");
        let cell = catalog.named("3g").unwrap();
        let only_rate = Shaping { rate: shaping.rate, ..Shaping::default() };
        let shaped = only_rate.apply(&cell);
        assert_eq!((&*shaped.name, &shaped.link.latency), ("3g", &cell.link.latency));
        assert_eq!(shaped.link.rate.peak(), shaping.rate.unwrap());
        let without_loss = Shaping { loss: Some(Ratio::NONE), ..Shaping::default() };
        assert_eq!(without_loss.apply(&cell).link.loss, None);
        assert!(Arc::ptr_eq(&Shaping::default().apply(&cell), &cell));
    }
}

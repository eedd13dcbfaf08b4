//! How a session was started, as it is stored.

use crate::{
    profiles::{Catalog, Profile, Shaping},
    rules::RuleSet,
    seed::Seed,
    sessions::{ArmingRequest, Origin},
    units::{BitRate, Ratio},
};
use serde::{Deserialize, Serialize};
use std::{sync::Arc, time::Duration};

/// How a session was started. What it leaves out comes from the command line, which all replicas have in common.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SessionRecord {
    /// Names the profiles and the command line that the replicas have in common.
    pub library: String,
    /// The seed of the replicas: that of a session without its own follows from it and its ordinal.
    pub base_seed: u64,
    /// The name of a built-in profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_bps: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rtt_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    loss: Option<Ratio>,
    /// The session's own seed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rules: Option<Arc<RuleSet>>,
    /// Scheme, host and port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// The shared link that it uses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<Arc<str>>,
    /// Its label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<Arc<str>>,
}

impl SessionRecord {
    /// The record of `request`. `default` is the profile of the command line.
    #[must_use]
    pub fn new(
        request: &ArmingRequest,
        library: &str,
        base: Seed,
        default: &Arc<Profile>,
        link: Option<Arc<str>>,
    ) -> Self {
        let named = request.profile.as_ref().filter(|profile| !Arc::ptr_eq(profile, default));
        let Shaping { rate, rtt, loss } = request.shaping;
        Self {
            library: library.to_owned(),
            base_seed: base.value(),
            profile: named.map(|profile| profile.name.clone()),
            rate_bps: rate.map(BitRate::bits_per_second),
            rtt_ns: rtt.map(|rtt| u64::try_from(rtt.as_nanos()).unwrap_or(u64::MAX)),
            loss,
            seed: request.seed.map(Seed::value),
            rules: request.rules.clone(),
            origin: request.origin.as_ref().map(ToString::to_string),
            link,
            label: request.label.clone(),
        }
    }

    /// What the session is to be started with.
    ///
    /// # Errors
    /// When it names what is not known here.
    pub fn request(&self, catalog: &Catalog) -> Result<ArmingRequest, String> {
        let named = |name: &String| catalog.named(name).map_err(|error| error.to_string());
        let origin = |text: &String| {
            let split = Origin::split(text).map_err(|error| error.to_string())?;
            Ok::<_, String>(split.0)
        };
        Ok(ArmingRequest {
            profile: self.profile.as_ref().map(named).transpose()?,
            shaping: Shaping {
                rate: self.rate_bps.map(BitRate::from_bits_per_second),
                rtt: self.rtt_ns.map(Duration::from_nanos),
                loss: self.loss,
            },
            seed: self.seed.map(Seed::new),
            rules: self.rules.clone(),
            origin: self.origin.as_ref().map(origin).transpose()?,
            link: self.link.clone(),
            label: self.label.clone(),
            client: None,
        })
    }

    /// The seed of the session with this ordinal.
    #[must_use]
    pub fn seed_of(&self, ordinal: u64) -> Seed {
        let derived = || Seed::new(self.base_seed).named("session").numbered(ordinal);
        self.seed.map_or_else(derived, Seed::new)
    }
}

//! The scenarios of one run, each with the session that a playback gets.

use super::{super::own_proxy::OwnProxy, sightings::sightings};
use crate::{
    args::CharacteriseArgs,
    commands::Failure,
    origin,
    profiles::Profile,
    rules::RuleSet,
    seed::Seed,
    sessions::ArmingRequest,
    sweep::characterise::{Scenario, Sighting, scenarios},
};
use std::{sync::Arc, time::Duration};

const THOUSAND: f64 = 1000.0;
/// The file in the errors of a scenario's own profile.
const FILE: &str = "scenario";

/// A scenario, ready to be played.
#[derive(Debug)]
pub(super) struct Armed {
    pub(super) scenario: Scenario,
    pub(super) session: Arc<str>,
    /// Where its player finds the manifest.
    pub(super) url: String,
}

impl Armed {
    pub(super) fn lasts(&self) -> Duration {
        Duration::from_secs_f64(self.scenario.seconds)
    }

    /// What the proxy saw of it.
    pub(super) fn seen(&self, proxy: &OwnProxy) -> Vec<Sighting> {
        let end = self.scenario.seconds;
        let mut seen = sightings(&proxy.exchanges.take(&self.session));
        // The end of the scenario cuts off what is in flight: the player did not give that up.
        seen.retain(|one| one.start < end && one.end < end + 1.0);
        seen
    }
}

/// kbit/s of each rung.
pub(super) fn bitrates(args: &CharacteriseArgs) -> Result<Vec<f64>, Failure> {
    if args.origin.is_none() {
        return Ok(origin::ladder_bits_per_second().map(|bits| bits as f64 / THOUSAND).collect());
    }
    let ascending = args.bitrates.is_sorted_by(|one, other| one < other);
    if ascending && args.bitrates.iter().all(|bitrate| bitrate.is_finite() && *bitrate > 0.0) {
        Ok(args.bitrates.clone())
    } else {
        Err(Failure::usage("--bitrates: write kbit/s above 0, lowest first, as in 300,900,2500"))
    }
}

/// The scenarios that were asked for.
pub(super) fn wanted(args: &CharacteriseArgs, bitrates: &[f64]) -> Result<Vec<Scenario>, Failure> {
    let all = scenarios(bitrates);
    let names: Vec<&str> = all.iter().map(|scenario| scenario.name).collect();
    if let Some(unknown) = args.only.iter().find(|name| !names.contains(&name.as_str())) {
        let names = names.join(", ");
        return Err(Failure::usage(format_args!(
            "--only: there is no scenario '{unknown}'; write {names}"
        )));
    }
    let chosen = |scenario: &Scenario| {
        args.only.is_empty() || args.only.iter().any(|name| name == scenario.name)
    };
    Ok(all.into_iter().filter(chosen).collect())
}

/// A session for `scenario` on `path`.
pub(super) fn arm(proxy: &OwnProxy, scenario: Scenario, path: &str) -> Result<Armed, Failure> {
    let profile = Profile::from_toml(scenario.name, FILE, &scenario.profile);
    let profile = profile.map_err(Failure::running)?;
    let rules = match scenario.rules {
        "" => None,
        text => Some(Arc::new(RuleSet::from_text(text).map_err(Failure::running)?)),
    };
    let request = ArmingRequest {
        profile: Some(Arc::new(profile)),
        rules,
        seed: Some(Seed::new(1)),
        label: Some(scenario.name.into()),
        ..ArmingRequest::default()
    };
    let (session, url) = proxy.session(request, path)?;
    Ok(Armed { scenario, session, url })
}

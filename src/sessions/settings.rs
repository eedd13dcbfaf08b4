//! The settings of a session that live commands can change, permanently or for a limited time.

use super::{arming::Arming, command::Change, setting::Setting};
use crate::{
    profiles::Profile,
    rules::{RuleSet, SharedBudget},
    units::BitRate,
};
use std::{sync::Arc, time::Duration};

/// A fault that was armed over the API.
#[derive(Debug, Clone)]
pub struct Fault {
    /// Its name in this session.
    pub name: Arc<str>,
    /// Its rules, and how much of their budget is used.
    pub shared_budget: SharedBudget,
    /// When it is removed, in process time.
    pub until: Option<Duration>,
}

/// All settings that live commands can change. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    profile: Setting<Arc<Profile>>,
    pub(super) rate: Setting<Option<BitRate>>,
    rules: Setting<Arc<RuleSet>>,
    paused: Setting<bool>,
    pub(super) faults: Arc<[Fault]>,
}

impl Settings {
    /// The settings of a new session.
    pub(super) fn new(profile: Arc<Profile>, rate: Option<BitRate>, rules: Arc<RuleSet>) -> Self {
        Self {
            profile: Setting::new(profile),
            rate: Setting::new(rate),
            rules: Setting::new(rules),
            paused: Setting::new(false),
            faults: Arc::default(),
        }
    }

    /// Applies `change`, until `until` or permanently.
    pub(super) fn set(&mut self, change: &Change, until: Option<Duration>) {
        if let Some(profile) = &change.profile {
            self.profile.set(Arc::clone(profile), until);
        }
        if let Some(rate) = change.rate {
            self.rate.set(rate, until);
        }
        if let Some(rules) = &change.rules {
            self.rules.set(Arc::clone(rules), until);
        }
        if let Some(paused) = change.paused {
            self.paused.set(paused, until);
        }
    }

    /// Reverts what is due at process time `now`. Returns whether anything was reverted.
    pub(super) fn revert(&mut self, now: Duration) -> bool {
        let over = |fault: &&Fault| fault.until.is_some_and(|until| until <= now);
        let faults = self.faults.iter().any(|fault| over(&fault));
        if faults {
            self.faults = self.faults.iter().filter(|fault| !over(fault)).cloned().collect();
        }
        let settings = [
            self.profile.revert(now),
            self.rate.revert(now),
            self.rules.revert(now),
            self.paused.revert(now),
        ];
        faults || settings.contains(&true)
    }

    /// The settings and faults that end automatically, and when.
    pub(super) fn reverts(&self) -> impl Iterator<Item = (&str, Duration)> {
        let settings = [
            ("profile", self.profile.until()),
            ("rate", self.rate.until()),
            ("rules", self.rules.until()),
            ("paused", self.paused.until()),
        ];
        let faults = self.faults.iter().map(|fault| (&*fault.name, fault.until));
        settings.into_iter().chain(faults).filter_map(|(name, until)| Some((name, until?)))
    }

    /// The resulting arming, with `common` as the rules of all sessions.
    pub(super) fn arming(&self, common: &RuleSet) -> Arming {
        let profile = Arc::clone(self.profile.get());
        let rules = Arc::clone(self.rules.get());
        let faults: Vec<_> = self.faults.iter().map(|fault| fault.shared_budget.rules()).collect();
        Arming::new(profile, *self.rate.get(), rules, common).under(&faults, *self.paused.get())
    }
}

//! The settings of a session that live commands can change, permanently or for a limited time.

use super::{
    arming::Arming,
    command::{Change, CommandError},
    named_profiles::NamedProfiles,
    setting::Setting,
};
use crate::{
    profiles::{Profile, Shaping},
    rules::{RuleSet, SharedBudget},
    units::{BitRate, ProcessTime, Ratio},
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
    pub until: Option<ProcessTime>,
}

/// A profile, and the number of the run of its schedules.
#[derive(Debug, Clone)]
struct Picked {
    profile: Arc<Profile>,
    schedule_run: u64,
}

/// All settings that live commands can change. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    profiles: Arc<NamedProfiles>,
    profile: Setting<Picked>,
    pub(super) rate: Setting<Option<BitRate>>,
    rtt: Setting<Option<Duration>>,
    loss: Setting<Option<Ratio>>,
    rules: Setting<Arc<RuleSet>>,
    paused: Setting<bool>,
    pub(super) faults: Arc<[Fault]>,
}

impl Settings {
    /// The settings of a new session. A change finds its profile in `profiles`.
    pub(super) fn new(
        profiles: Arc<NamedProfiles>,
        profile: Arc<Profile>,
        rate: Option<BitRate>,
        rules: Arc<RuleSet>,
    ) -> Self {
        Self {
            profiles,
            profile: Setting::new(Picked { profile, schedule_run: 0 }),
            rate: Setting::new(rate),
            rtt: Setting::new(None),
            loss: Setting::new(None),
            rules: Setting::new(rules),
            paused: Setting::new(false),
            faults: Arc::default(),
        }
    }

    /// Applies `change`, until `until` or permanently. A profile that is not in force yet starts the
    /// run `schedule_run` of its schedules.
    ///
    /// # Errors
    /// When there is no profile of the name. Then only a part of the change was applied.
    pub(super) fn set(
        &mut self,
        change: &Change,
        until: Option<ProcessTime>,
        schedule_run: u64,
    ) -> Result<(), CommandError> {
        if let Some(name) = change.profile.new_value() {
            let (profile, present) = (self.profiles.find(name)?, self.profile.get());
            let same = profile.name == present.profile.name
                && profile.link == present.profile.link
                && profile.uplink == present.profile.uplink;
            let schedule_run = if same { present.schedule_run } else { schedule_run };
            self.profile.set(Picked { profile, schedule_run }, until);
        }
        if let Some(rate) = change.rate.new_value() {
            self.rate.set(rate.copied(), until);
        }
        if let Some(rtt) = change.rtt.new_value() {
            self.rtt.set(rtt.copied(), until);
        }
        if let Some(loss) = change.loss.new_value() {
            self.loss.set(loss.copied(), until);
        }
        if let Some(rules) = change.rules.new_value() {
            self.rules.set(rules.cloned().unwrap_or_default(), until);
        }
        if let Some(paused) = change.paused.new_value() {
            self.paused.set(paused.copied().unwrap_or_default(), until);
        }
        Ok(())
    }

    /// Reverts what is due at process time `now`. Returns whether anything was reverted.
    pub(super) fn revert(&mut self, now: ProcessTime) -> bool {
        let over = |fault: &&Fault| fault.until.is_some_and(|until| until <= now);
        let faults = self.faults.iter().any(|fault| over(&fault));
        if faults {
            self.faults = self.faults.iter().filter(|fault| !over(fault)).cloned().collect();
        }
        let settings = [
            self.profile.revert(now),
            self.rate.revert(now),
            self.rtt.revert(now),
            self.loss.revert(now),
            self.rules.revert(now),
            self.paused.revert(now),
        ];
        faults || settings.contains(&true)
    }

    /// The settings and faults that end automatically, and when.
    pub(super) fn reverts(&self) -> impl Iterator<Item = (&str, ProcessTime)> {
        let settings = [
            ("profile", self.profile.until()),
            ("rate", self.rate.until()),
            ("rtt", self.rtt.until()),
            ("loss", self.loss.until()),
            ("rules", self.rules.until()),
            ("paused", self.paused.until()),
        ];
        let faults = self.faults.iter().map(|fault| (&*fault.name, fault.until));
        settings.into_iter().chain(faults).filter_map(|(name, until)| Some((name, until?)))
    }

    /// The resulting arming, with `common` as the rules of all sessions.
    pub(super) fn arming(&self, common: &RuleSet) -> Arming {
        let Picked { profile, schedule_run } = self.profile.get().clone();
        let rules = Arc::clone(self.rules.get());
        let faults: Vec<_> = self.faults.iter().map(|fault| fault.shared_budget.rules()).collect();
        let shaping =
            Shaping { rate: *self.rate.get(), rtt: *self.rtt.get(), loss: *self.loss.get() };
        let arming = Arming::new(profile, shaping, rules, common).on_schedule_run(schedule_run);
        arming.under(&faults, *self.paused.get())
    }
}

//! Changes of a session's network and rules: by commands, and by what its manifests say.

use super::{Session, replay::Moment};
use crate::{
    media::Resource,
    rules::RuleSet,
    sessions::{
        arming::Arming,
        command::{Applied, Command, CommandError},
        control::Control,
        settings::{Fault, Settings},
        shared_link::LinkError,
        signed_process_time::SignedProcessTime,
    },
    units::{ProcessTime, SessionTime},
};
use parking_lot::RwLock;
use std::{sync::Arc, time::Duration};

impl Session {
    /// Applies `command`, unless `expected` rejects the current version. No other command runs in between. Returns
    /// the result, and whether the profile or the link changed. `given`: the process time at which it was given, if that
    /// is over. `common` are the rules of all sessions.
    ///
    /// # Errors
    /// When the command fails. Nothing has changed then.
    pub(in crate::sessions) fn apply_command(
        &self,
        command: &Command,
        expected: &dyn Fn(u64) -> bool,
        given: Option<SignedProcessTime>,
        common: &RwLock<Arc<RuleSet>>,
    ) -> Result<(Applied, bool), CommandError> {
        let moment = given.map_or_else(|| self.moment(), |given| self.moment_given(given));
        self.apply_command_at(moment, command, expected, common)
    }

    /// The same at a time that may be over.
    pub(super) fn apply_command_at(
        &self,
        moment: Moment,
        command: &Command,
        expected: &dyn Fn(u64) -> bool,
        common: &RwLock<Arc<RuleSet>>,
    ) -> Result<(Applied, bool), CommandError> {
        let mut control = self.control.lock();
        let present = control.version();
        if !expected(present) {
            return Err(CommandError::Stale { session: Arc::clone(&self.tag.id), present });
        }
        let mut next = control.clone();
        let fault = next.apply_command(command, moment.control)?;
        let network = self.rearm(moment, |_| next.settings.arming(&common.read()))?;
        if matches!(command, Command::Reset) {
            // `arming` is read before the decider is locked: a change of the link locks them in this order.
            let (arming, now) = (self.arming(), moment.session);
            let process_time = self.process_time(now);
            self.decider.lock().arm_afresh(&arming.rules, now, process_time);
        }
        let applied = Applied { version: next.version(), fault };
        *control = next;
        Ok((applied, network))
    }

    /// Changes the settings without a command, if `work` returns true. Returns whether the network changed.
    pub(in crate::sessions) fn adjust(
        &self,
        common: &RwLock<Arc<RuleSet>>,
        work: impl FnOnce(&mut Control, ProcessTime) -> bool,
    ) -> Result<bool, LinkError> {
        self.adjust_at(self.moment(), common, work)
    }

    /// The same at a time that may be over.
    pub(super) fn adjust_at(
        &self,
        moment: Moment,
        common: &RwLock<Arc<RuleSet>>,
        work: impl FnOnce(&mut Control, ProcessTime) -> bool,
    ) -> Result<bool, LinkError> {
        let mut control = self.control.lock();
        let mut next = control.clone();
        if !work(&mut next, moment.control) {
            return Ok(false);
        }
        let network = self.rearm(moment, |_| next.settings.arming(&common.read()))?;
        *control = next;
        Ok(network)
    }

    /// Checks that `command` could be applied now, including its link.
    ///
    /// # Errors
    /// When it could not be applied.
    pub(in crate::sessions) fn can_apply(&self, command: &Command) -> Result<(), CommandError> {
        let mut next = self.control.lock().clone();
        next.apply_command(command, self.moment().control)?;
        let arming = next.settings.arming(&RuleSet::default());
        let present = self.arming();
        let same_rate = arming.shaping.rate == present.shaping.rate;
        if Arc::ptr_eq(&arming.profile, &present.profile) && same_rate {
            return Ok(());
        }
        Ok(self.downlink.would_admit(&arming.profile)?)
    }

    /// The current settings.
    pub(in crate::sessions) fn settings(&self) -> Settings {
        self.control.lock().settings.clone()
    }

    /// The version. It increases with each change by a command, and when a temporary change ends.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.control.lock().version()
    }

    /// How many commands can be undone.
    #[must_use]
    pub fn undoable(&self) -> usize {
        self.control.lock().undoable()
    }

    /// The faults armed over the API, oldest first. Faults that are used up may be missing.
    #[must_use]
    pub fn faults(&self) -> Arc<[Fault]> {
        Arc::clone(&self.control.lock().settings.faults)
    }

    /// The settings and faults that end automatically, and the time left.
    #[must_use]
    pub fn reverts(&self) -> Vec<(String, Duration)> {
        let (settings, now) = (self.settings(), self.moment().control);
        let left = |(name, until): (&str, ProcessTime)| (name.to_owned(), until - now);
        settings.reverts().map(left).collect()
    }

    /// Replaces network and rules by the result of `change`. No other change runs in between. The link changes at once, also
    /// for responses in flight; if only the rules differ, the link is not touched. Rules that stay keep
    /// their counters, and new rules come into force. Returns whether the profile or the link changed.
    ///
    /// # Errors
    /// When the session would need another link. Nothing has changed then.
    fn rearm(
        &self,
        moment: Moment,
        change: impl FnOnce(&Arming) -> Arming,
    ) -> Result<bool, LinkError> {
        let now = moment.session;
        let sets_link = !moment.replayed || self.downlink.shared().is_none();
        let mut current = self.arming.write();
        let arming = change(&current).on_ladder(&self.ladder.lock());
        let new_link = arming.link != current.link || arming.schedule_run != current.schedule_run;
        if sets_link && (new_link || !Arc::ptr_eq(&arming.profile, &current.profile)) {
            let at = self.clock.process_now().into();
            let picked = (self.tag.ordinal, arming.schedule_run);
            self.downlink.admit(&arming.profile, arming.shaping.rate, at, picked)?;
        }
        if new_link && sets_link {
            self.downlink.change(now, &arming.link, arming.schedule_run);
        } else if new_link {
            self.downlink.set_shaping(&arming.link);
        }
        self.change_beside(now, &current, &arming);
        let paused = arming.paused != current.paused;
        if paused {
            self.limits.pause(arming.paused, self.downlink.link_time(now));
            // What the link could have carried at a time that is over is not known.
            let carried = self.downlink.carried(now).filter(|_| !moment.replayed);
            let mut sampled = self.sampled.lock();
            sampled.pause(arming.paused, now, carried);
            if moment.replayed {
                // It was reported when it ended.
                sampled.take_pause();
            }
            drop(sampled);
            self.downlink.wake();
        }
        let new_profile = arming.profile_name != current.profile_name;
        *current = Arc::new(arming);
        self.decider.lock().arm(&current.rules, now, self.process_time(now));
        Ok(new_link || new_profile || paused)
    }

    /// Changes uplink and limits.
    fn change_beside(&self, now: SessionTime, from: &Arming, to: &Arming) {
        let schedule_run = to.schedule_run;
        let new_run = schedule_run != from.schedule_run;
        let (from, to) = (&*from.profile, &*to.profile);
        if from.uplink != to.uplink || new_run {
            self.uplink.change(Self::uplink_time(now), &to.uplink, schedule_run);
        }
        if from.limits != to.limits || new_run && !to.limits.is_empty() {
            self.limits.change(Arc::clone(&to.limits), self.downlink.link_time(now), schedule_run);
            self.downlink.wake();
        }
    }

    /// Called after a manifest was read: resolves rates that are shares of the ladder, and restarts the link with
    /// them. Returns whether the link changed.
    pub fn ladder_learnt(&self) -> bool {
        // A shared link does not depend on a ladder, so this can't fail.
        self.arming().relative && self.rearm(self.moment(), Arming::clone).unwrap_or(false)
    }

    /// Records that the player requests `resource`. Returns whether the link changed, because its rate depends on
    /// the ladder that plays.
    #[must_use]
    pub fn plays(&self, resource: &Resource) -> bool {
        resource.rungs.is_some() && self.ladder.lock().plays(resource) && self.ladder_learnt()
    }
}

//! What happened to a session at another replica, applied again at the times when it happened.

use super::Session;
use crate::{
    rules::{RuleSet, RuleUsage},
    sessions::{
        command::{Command, CommandError},
        control::Control,
        shared_link::LinkError,
        signed_process_time::SignedProcessTime,
    },
    units::{ProcessTime, SessionTime},
};
use http::uri::Authority;
use parking_lot::RwLock;
use std::{sync::Arc, time::Duration};

/// Times of commands are process times plus this, so that those of before the process started are not negative: a
/// session is at most a year old.
const YEAR: Duration = Duration::from_secs(366 * 24 * 3600);

/// A time at which settings change.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// In session time.
    pub(super) session: SessionTime,
    /// In the time of [`Control`].
    pub(super) control: ProcessTime,
    /// Whether it is over: what happened then does not change a link that is shared with others.
    pub(super) replayed: bool,
}

impl Session {
    /// Now.
    pub(super) fn moment(&self) -> Moment {
        let control = self.clock.process_now().saturating_add(YEAR);
        Moment { session: self.now(), control, replayed: false }
    }

    /// Process time `at`.
    fn moment_at(&self, at: SignedProcessTime) -> Moment {
        let control = at.saturating_add(YEAR).or_zero();
        Moment { session: self.clock.time_at(at), control, replayed: true }
    }

    /// Now, for a command that was given at process time `at`: what it sets for a while ends that long after `at`.
    pub(super) fn moment_given(&self, at: SignedProcessTime) -> Moment {
        Moment { control: self.moment_at(at).control, ..self.moment() }
    }

    /// The process time at which the next temporary change ends.
    pub(in crate::sessions) fn next_revert(&self) -> Option<ProcessTime> {
        let next = self.settings().reverts().map(|(_, until)| until).min();
        next.map(|until| until.saturating_sub(YEAR))
    }

    /// Applies `command` as it was applied at process time `at`, after the ends of temporary changes before that.
    ///
    /// # Errors
    /// When it fails, as it did then.
    pub(in crate::sessions) fn replay(
        &self,
        command: &Command,
        at: SignedProcessTime,
        common: &RwLock<Arc<RuleSet>>,
    ) -> Result<(), CommandError> {
        self.replay_reverts(at, common)?;
        self.apply_command_at(self.moment_at(at), command, &|_| true, common)?;
        Ok(())
    }

    /// Ends temporary changes as they ended until process time `at`, one after the other.
    pub(in crate::sessions) fn replay_reverts(
        &self,
        at: SignedProcessTime,
        common: &RwLock<Arc<RuleSet>>,
    ) -> Result<(), CommandError> {
        let end = self.moment_at(at).control;
        loop {
            let next = self.settings().reverts().map(|(_, until)| until).min();
            let Some(due) = next.filter(|due| *due <= end) else { return Ok(()) };
            let moment = self.moment_at(SignedProcessTime::from(due).saturating_sub(YEAR));
            self.adjust_at(moment, common, Control::revert)?;
        }
    }

    /// Gives its shared link the profile and the rate that the session has, as a command at process time `at` did.
    ///
    /// # Errors
    /// When the link does not allow it.
    pub(in crate::sessions) fn set_link(&self, at: SignedProcessTime) -> Result<(), LinkError> {
        let arming = self.arming();
        let picked = (self.tag.ordinal, arming.schedule_run);
        self.downlink.admit(&arming.profile, arming.shaping.rate, at, picked)?;
        self.downlink.change(self.now(), &arming.link, arming.schedule_run);
        Ok(())
    }

    /// When its first request came, in process time.
    pub(in crate::sessions) fn started(&self) -> Option<SignedProcessTime> {
        self.clock.started()
    }

    /// What was counted of its rules.
    pub(in crate::sessions) fn usage(&self) -> Vec<RuleUsage> {
        self.decider.lock().usage()
    }

    /// Continues from what was counted at another replica.
    pub(in crate::sessions) fn restore_usage(&self, usage: &[RuleUsage]) {
        self.decider.lock().restore_usage(usage);
    }

    /// The hosts that its manifests named.
    pub(in crate::sessions) fn open_hosts(&self) -> Vec<String> {
        self.hosts.list()
    }

    /// Allows the hosts that its manifests named at another replica.
    pub(in crate::sessions) fn restore_hosts(&self, hosts: &[String]) {
        for host in hosts.iter().filter_map(|host| host.parse::<Authority>().ok()) {
            self.hosts.open(&host);
        }
    }
}

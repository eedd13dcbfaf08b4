//! Commands for sessions of this replica, and the end of temporary changes.

use super::Registry;
use crate::{
    event::Event,
    sessions::{
        command::{Applied, Command, CommandError},
        command_text,
        control::Control,
        session::Session,
        shared_link::LinkError,
        signed_process_time::SignedProcessTime,
    },
    units::ProcessTime,
};
use std::sync::Arc;

impl Registry {
    /// Applies `command` to `session`, unless `expected` rejects its current version. Emits an event when the network
    /// changes. On a shared link, a new rate applies to all sessions of the link.
    ///
    /// # Errors
    /// When the command fails. Nothing has changed then.
    pub fn command(
        &self,
        session: &Session,
        command: &Command,
        expected: &dyn Fn(u64) -> bool,
    ) -> Result<Applied, CommandError> {
        self.command_given(session, command, expected, None)
    }

    /// The same for a command that was given at process time `given`.
    pub(super) fn command_given(
        &self,
        session: &Session,
        command: &Command,
        expected: &dyn Fn(u64) -> bool,
        given: Option<SignedProcessTime>,
    ) -> Result<Applied, CommandError> {
        let (applied, network) = session.apply_command(command, expected, given, &self.rules)?;
        self.emit_command(session, command_text::kind(command), command_text::text(command));
        if network {
            self.emit_link_changed(session);
        }
        self.share_rate(session)?;
        self.reverts.notify_one();
        Ok(applied)
    }

    /// Reverts every temporary change that is due.
    pub fn revert_due(&self) {
        for session in self.list() {
            match session.adjust(&self.rules, Control::revert) {
                Ok(true) => {
                    let text = "end of a temporary change".to_owned();
                    self.emit_command(&session, command_text::REVERT, text);
                    self.emit_link_changed(&session);
                }
                Ok(false) => continue,
                Err(problem) => {
                    let id = &*session.tag.id;
                    tracing::warn!(session = id, %problem, "a temporary change could not be reverted: the link has changed");
                    continue;
                }
            }
            // The other sessions take over the rate of the one that was reverted; that can't fail.
            let _ = self.share_rate(&session);
        }
    }

    /// The process time at which the next temporary change is due.
    pub(in crate::sessions) fn next_revert(&self) -> Option<ProcessTime> {
        let all = self.list();
        all.iter().filter_map(|session| session.next_revert()).min()
    }

    /// Gives all sessions on the shared link of `session` the link's rate.
    pub(super) fn share_rate(&self, session: &Session) -> Result<(), LinkError> {
        let Some(shared) = session.downlink.shared() else { return Ok(()) };
        let (rate, settings) = (shared.rate_set(), session.settings());
        let others = self.list().into_iter().filter(|other| {
            let same = other.downlink.shared().is_some_and(|link| Arc::ptr_eq(link, shared));
            same && other.tag != session.tag && other.arming().shaping.rate != rate
        });
        for other in others {
            let follow = |control: &mut Control, _| {
                control.follow(&settings);
                true
            };
            if other.adjust(&self.rules, follow)? {
                self.emit_link_changed(&other);
            }
        }
        Ok(())
    }

    fn emit_command(&self, session: &Session, kind: &'static str, text: String) {
        let (session, command) = (Arc::clone(&session.tag), text.into());
        self.bus.emit(&Event::CommandApplied { session, kind, command });
    }

    fn emit_link_changed(&self, session: &Session) {
        if let Some(pause) = session.ended_pause() {
            self.bus.emit(&pause);
        }
        let profile = Arc::clone(&session.arming().profile_name);
        let (session, rate) = (Arc::clone(&session.tag), session.rate());
        self.bus.emit(&Event::LinkChanged { session, profile, rate });
    }
}

//! Writes what happens to the sessions that are here to the store, after the fact: no request waits for it.

use super::Registry;
use crate::{
    sessions::{
        Session, Stored, Touch,
        shared::{Counted, Served, Shared},
        signed_process_time::SignedProcessTime,
    },
    units::ProcessTime,
};
use std::{sync::Arc, time::Duration};
use tokio::time::{MissedTickBehavior, interval};

/// How often sessions are looked at. What was counted in this time is lost with a replica.
const INTERVAL: Duration = Duration::from_millis(100);
/// How often a session in use is written to the store again during its idle time.
const KEEPS: u32 = 4;

impl Registry {
    /// Writes what happens to the sessions that are here to the store. Never returns.
    pub(super) async fn keep_writing(&self) {
        let mut ticks = interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.write_behind().await;
        }
    }

    /// Writes what the store does not have yet, before the process ends.
    pub async fn flush(&self) {
        self.write_behind().await;
        // If that found a broken connection, this makes a new one. Otherwise there is nothing left to write.
        self.write_behind().await;
    }

    /// Writes once what the store does not have yet.
    async fn write_behind(&self) {
        let Some(replica) = &self.replica else { return };
        let now = self.clock.now();
        let mut touched: Vec<(Arc<Session>, u64)> = Vec::new();
        let mut touches = Vec::new();
        for session in self.list() {
            if let Some((touch, reads)) = self.touch(&session, now, |at| replica.store_ms(at)) {
                touched.push((session, reads));
                touches.push(touch);
            }
        }
        if touches.is_empty() {
            return;
        }
        let written = replica.store.touch(&replica.run(), &replica.name, &touches).await;
        let Ok(there) = replica.noted(written) else {
            for ((session, _), touch) in touched.iter().zip(touches) {
                again(session, &touch);
            }
            return;
        };
        let mut missing = Vec::new();
        for (((session, reads), touch), there) in touched.into_iter().zip(touches).zip(there) {
            if there {
                note(&session, touch, reads, now);
            } else {
                again(&session, &touch);
                missing.push(session);
            }
        }
        if let Err(problem) = self.restore_missing(replica, &missing).await {
            tracing::debug!(%problem, "sessions could not be restored");
        }
    }

    /// What is to be written of `session`, if anything, and how often it was read before where its last requests went.
    fn touch(
        &self,
        session: &Session,
        now: ProcessTime,
        store_ms: impl Fn(SignedProcessTime) -> u64,
    ) -> Option<(Touch, u64)> {
        let (unsaved, used) = (session.take_unsaved(), session.take_used());
        let shared = session.shared.lock();
        let known = shared.as_deref()?;
        let claims = used && known.served != Served::Here;
        let left = self.time_left(session, known, now);
        if !unsaved && !claims && left.is_none() {
            return None;
        }
        // What is counted here is written only while the requests come here.
        let own = claims || known.served == Served::Here;
        let started = session.started().filter(|_| !known.written.started);
        let touch = Touch {
            ordinal: session.tag.ordinal,
            started: started.map(store_ms),
            hosts: changed(hosts(session), &known.written.hosts).filter(|_| own),
            usage: changed(usage(session, known), &known.written.usage).filter(|_| own),
            left,
            claims,
        };
        let nothing = Touch { ordinal: touch.ordinal, ..Touch::default() };
        (touch != nothing).then_some((touch, known.served_reads))
    }

    /// How long the store has to keep `session` from now on, if that is to be written: from time to time, while it gets
    /// requests. Requests to the API do not count.
    fn time_left(&self, session: &Session, known: &Shared, now: ProcessTime) -> Option<Duration> {
        if !session.has_served() {
            return None;
        }
        let idle = session.idle();
        let due = known.written.kept.is_none_or(|kept| {
            let since = now - kept;
            since >= self.config.idle / KEEPS && idle < since
        });
        Some(self.config.idle.saturating_sub(idle)).filter(|left| due && !left.is_zero())
    }
}

/// Writes at the next time what was in `touch`.
fn again(session: &Session, touch: &Touch) {
    session.mark_unsaved();
    if touch.claims {
        session.mark_used();
    }
}

/// Notes that `touch` was written.
fn note(session: &Session, touch: Touch, reads: u64, now: ProcessTime) {
    let mut shared = session.shared.lock();
    let Some(known) = shared.as_deref_mut() else { return };
    let written = &mut known.written;
    if touch.left.is_some() {
        written.kept = Some(now);
    }
    written.started |= touch.started.is_some();
    if let Some(hosts) = touch.hosts {
        written.hosts = hosts;
    }
    if let Some(usage) = touch.usage {
        written.usage = usage;
    }
    // What was read since may be newer: another replica may have claimed the session.
    if touch.claims && known.served_reads == reads {
        known.served = Served::Here;
    }
}

/// All that the store should have of `session`. `name` is that of this replica.
pub(super) fn stored(
    session: &Session,
    name: &str,
    store_ms: impl Fn(SignedProcessTime) -> u64,
) -> Option<Stored> {
    let shared = session.shared.lock();
    let known = shared.as_deref()?;
    let here = known.served == Served::Here;
    Some(Stored {
        record: known.record.clone(),
        created: known.created,
        started: session.started().map(store_ms),
        hosts: hosts(session),
        usage: usage(session, known),
        by: if here { name.to_owned() } else { String::new() },
        commands: known.commands.clone(),
    })
}

fn hosts(session: &Session) -> String {
    let hosts = session.open_hosts();
    if hosts.is_empty() { String::new() } else { json(&hosts) }
}

/// The counters of the rules of `session`; empty if there is nothing that another replica has to have.
fn usage(session: &Session, known: &Shared) -> String {
    let counted = Counted { resets: known.resets, rules: session.usage() };
    if counted == Counted::default() { String::new() } else { json(&counted) }
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn changed(now: String, before: &str) -> Option<String> {
    (!now.is_empty() && now != before).then_some(now)
}

//! What the store is told of the sessions that are here, after the fact: no request waits for it.

use super::Registry;
use crate::{
    sessions::{Session, Stored, Touch},
    units::ProcessTime,
};
use std::{sync::Arc, time::Duration};
use tokio::time::{MissedTickBehavior, interval};

/// How often sessions are looked at. What was counted in this time is lost with a replica.
const INTERVAL: Duration = Duration::from_millis(100);
/// A session in use is kept in the store this many times in its idle time.
const KEEPS: u32 = 4;

impl Registry {
    /// Tells the store what happened to the sessions that are here. Never returns.
    pub(super) async fn keep_writing(&self) {
        let mut ticks = interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.write_behind().await;
        }
    }

    /// Tells the store what it has not been told, before the process ends.
    pub async fn flush(&self) {
        self.write_behind().await;
    }

    /// Writes once what the store has not been told.
    async fn write_behind(&self) {
        let Some(replica) = &self.replica else { return };
        let now = self.clock.now();
        let keep = self.config.idle / KEEPS;
        let mut touched: Vec<Arc<Session>> = Vec::new();
        let mut touches = Vec::new();
        for session in self.list() {
            let unsaved = session.take_unsaved();
            let mut shared = session.shared.lock();
            let Some(known) = shared.as_deref_mut() else { continue };
            let in_use = session.idle() < keep;
            let due = in_use && now - known.written.kept >= keep;
            if !unsaved && !due {
                continue;
            }
            let started = session.started().filter(|_| !known.written.started);
            let touch = Touch {
                ordinal: session.tag.ordinal,
                started: started.map(|started| replica.store_ms(started)),
                hosts: changed(json(&session.open_hosts()), &known.written.hosts),
                usage: changed(json(&session.usage()), &known.written.usage),
            };
            if due || touch.started.is_some() || touch.hosts.is_some() || touch.usage.is_some() {
                drop(shared);
                touched.push(session);
                touches.push(touch);
            }
        }
        if touches.is_empty() {
            return;
        }
        let answer = replica.noted(replica.store.touch(&touches, self.config.idle).await);
        let Ok(there) = answer else {
            touched.iter().for_each(|session| session.mark_unsaved());
            return;
        };
        for ((session, touch), there) in touched.iter().zip(touches).zip(there) {
            if there {
                note(session, touch, now);
            } else {
                // It has ended elsewhere, or the store was lost; the heartbeat knows which.
                session.mark_unsaved();
            }
        }
    }
}

fn note(session: &Session, touch: Touch, now: ProcessTime) {
    let mut shared = session.shared.lock();
    let Some(known) = shared.as_deref_mut() else { return };
    let written = &mut known.written;
    written.kept = now;
    written.started |= touch.started.is_some();
    if let Some(hosts) = touch.hosts {
        written.hosts = hosts;
    }
    if let Some(usage) = touch.usage {
        written.usage = usage;
    }
}

/// All that the store should have of `session`.
pub(super) fn stored(session: &Session, store_ms: impl Fn(i64) -> u64) -> Option<Stored> {
    let shared = session.shared.lock();
    let known = shared.as_deref()?;
    Some(Stored {
        record: known.record.clone(),
        created: known.created,
        started: session.started().map(store_ms),
        hosts: json(&session.open_hosts()),
        usage: json(&session.usage()),
        commands: known.commands.clone(),
    })
}

fn json<T: serde::Serialize>(list: &[T]) -> String {
    if list.is_empty() { String::new() } else { serde_json::to_string(list).unwrap_or_default() }
}

fn changed(now: String, before: &str) -> Option<String> {
    (!now.is_empty() && now != before).then_some(now)
}

//! Frees memory: drops what idle sessions have learnt.

use super::Registry;
use std::{sync::atomic::Ordering, time::Duration};

/// A session that was idle for this long may lose what it has learnt: a player that still plays sends requests more often.
const IDLE: Duration = Duration::from_secs(15);
/// The time between two searches: one takes time with many sessions.
const APART: u64 = 200;

impl Registry {
    /// Drops what idle sessions have learnt from manifests, the longest idle first, until `bytes` are free: of the client with
    /// number `client`, or of all. What they request then is classified by its URL alone, until their manifests are requested
    /// again. Returns how many bytes are free.
    pub fn drop_idle_manifests(&self, client: Option<u64>, bytes: usize) -> usize {
        let now = self.clock.now().since_zero().as_millis() as u64;
        let last = self.reclaimed.load(Ordering::Relaxed);
        let due = last == 0 || now >= last + APART;
        if !due
            || self
                .reclaimed
                .compare_exchange(last, now.max(1), Ordering::Relaxed, Ordering::Relaxed)
                .is_err()
        {
            return 0;
        }
        let of_client = |number: u64| client.is_none_or(|client| client == number);
        let mut idle: Vec<_> = (self.list().into_iter())
            .filter(|session| of_client(session.memory().number()))
            .map(|session| (session.idle(), session))
            .filter(|(idle, _)| *idle >= IDLE)
            .collect();
        idle.sort_by_key(|(idle, _)| std::cmp::Reverse(*idle));
        let mut free = 0;
        for (_, session) in idle {
            if free >= bytes {
                break;
            }
            let dropped = session.forget_manifests();
            if dropped > 0 {
                self.memory.count_forgotten();
                free += dropped;
            }
        }
        free
    }
}

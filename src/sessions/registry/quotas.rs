//! The bounds of each namespace in a process that has no store.

use crate::sessions::{Quota, StateError};
use parking_lot::Mutex;
use std::collections::HashMap;

/// Keeps to the bounds of each namespace.
#[derive(Debug, Default)]
pub(super) struct Quotas {
    quota: Quota,
    started: Mutex<Started>,
}

/// The sessions that were started in one second, by namespace.
#[derive(Debug, Default)]
struct Started {
    second: u64,
    counts: HashMap<String, u64>,
}

impl Quotas {
    pub(super) fn new(quota: Quota) -> Self {
        Self { quota, started: Mutex::default() }
    }

    /// Counts a new session of `namespace`, which has `sessions`, in the second `now`.
    ///
    /// # Errors
    /// When it is at a bound.
    pub(super) fn admit(&self, namespace: &str, sessions: u64, now: u64) -> Result<(), StateError> {
        if let Some(most) = self.quota.sessions.filter(|most| sessions >= *most) {
            return Err(StateError::too_many_in(namespace, most));
        }
        let Some(most) = self.quota.per_second else { return Ok(()) };
        let mut started = self.started.lock();
        if started.second != now {
            *started = Started { second: now, counts: HashMap::new() };
        }
        let count = started.counts.entry(namespace.to_owned()).or_default();
        if *count >= most {
            return Err(StateError::too_fast_in(namespace, most));
        }
        *count += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_is_bounded_and_others_are_not() {
        let quotas = Quotas::new(Quota { sessions: Some(5), per_second: Some(2) });
        assert!(quotas.admit("a", 0, 7).is_ok() && quotas.admit("a", 1, 7).is_ok());
        let refused = quotas.admit("a", 2, 7).unwrap_err().to_string();
        assert_eq!(
            refused,
            "namespace `a` is at its quota of 2 new sessions a second; wait a second, or raise the bound \
             (--namespace-rate)"
        );
        assert!(quotas.admit("b", 0, 7).is_ok() && quotas.admit("a", 2, 8).is_ok());
        let refused = quotas.admit("a", 5, 9).unwrap_err().to_string();
        assert_eq!(
            refused,
            "namespace `a` is at its quota of 5 sessions; end sessions of this namespace, or raise the bound \
             (--namespace-sessions)"
        );
    }
}

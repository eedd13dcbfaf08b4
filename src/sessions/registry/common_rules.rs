//! The rules of all sessions.

use super::Registry;
use crate::rules::RuleSet;
use parking_lot::RwLock;
use std::sync::Arc;

impl Registry {
    /// The rules of all sessions, and their version.
    #[must_use]
    pub fn rules(&self) -> (Arc<RuleSet>, u64) {
        let version = self.rules_version.lock();
        (Arc::clone(&self.rules.read()), *version)
    }

    /// Replaces the rules of all present and future sessions, unless `expected` rejects the current version. `None`
    /// restores the rules of the command line. Returns the new version.
    ///
    /// # Errors
    /// The current version, if it was rejected.
    pub fn replace_rules(
        &self,
        rules: Option<Arc<RuleSet>>,
        expected: &dyn Fn(u64) -> bool,
    ) -> Result<u64, u64> {
        let mut version = self.rules_version.lock();
        if !expected(*version) {
            return Err(*version);
        }
        let next = *version + 1;
        self.put_rules(rules, &mut version, next);
        Ok(next)
    }

    /// Puts `rules` and the number `next` in place of the present ones, whose `version` is locked.
    fn put_rules(&self, rules: Option<Arc<RuleSet>>, version: &mut u64, next: u64) {
        // A new session reads the rules under the lock of the list: it either has the new rules or is in the list.
        let rules = rules.unwrap_or_else(|| Arc::clone(&self.config.rules));
        rules.loaded(self.clock.now());
        *self.rules.write() = rules;
        *version = next;
        for session in self.list() {
            if let Err(problem) = session.adjust(&self.rules, |_, _| true) {
                tracing::warn!(session = &*session.tag.id, %problem, "the rules could not be replaced");
            }
        }
    }

    /// The rules of all sessions, as another replica replaced them.
    pub(super) fn set_rules(&self, rules: Option<Arc<RuleSet>>, version: u64) {
        self.put_rules(rules, &mut self.rules_version.lock(), version);
    }

    /// The rules of all sessions.
    pub(super) const fn common(&self) -> &RwLock<Arc<RuleSet>> {
        &self.rules
    }
}

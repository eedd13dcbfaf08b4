//! The decisions about a session's requests: its [`Decider`](crate::rules::Decider), behind one lock.

use super::Session;
use crate::{
    media::Resource,
    rules::{
        Answer, Attempt, AttemptKey, CarriedDecision, Decision, Facts, Plan, Policy, RequestKey,
        Script, ScriptFailure,
    },
    seed::Seed,
};

impl Session {
    /// Counts a request for `resource`.
    #[must_use]
    pub fn attempt(&self, key: RequestKey<'_>, resource: &Resource) -> Attempt {
        self.decider.lock().attempt(key, resource)
    }

    /// Records that the last request with this key ended with an error or an incomplete body.
    pub fn attempt_failed(&self, key: AttemptKey) {
        self.decider.lock().attempt_failed(key);
    }

    /// The live edge when it first requested a segment like `resource`.
    #[must_use]
    pub fn joined(&self, resource: &Resource) -> Option<u64> {
        resource.number?;
        self.decider.lock().joined(resource)
    }

    /// Decides what happens to a request, see [`Decider::decide`](crate::rules::Decider::decide).
    #[must_use]
    pub fn decide(
        &self,
        policy: Policy<'_>,
        facts: &Facts<'_>,
        seed: Seed,
        carried: Option<CarriedDecision>,
    ) -> Decision {
        if policy.is_empty() && carried.is_none() {
            return Decision::default();
        }
        self.mark_unsaved();
        self.decider.lock().decide(policy, facts, seed, carried)
    }

    /// Runs `script` for a response, and returns `plan` with the effects that it adds.
    ///
    /// # Errors
    /// When it fails.
    pub fn run_response_script(
        &self,
        script: &Script,
        plan: Plan,
        facts: &Facts<'_>,
        answer: Answer<'_>,
        seed: Seed,
    ) -> Result<Plan, ScriptFailure> {
        self.decider.lock().respond(script, plan, facts, answer, seed)
    }
}

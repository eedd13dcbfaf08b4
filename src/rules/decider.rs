//! The state of one session's decisions: the same code decides live traffic and recorded requests.

use super::{
    attempts::{Attempt, AttemptKey, Attempts, RequestKey},
    decision::{CarriedDecision, Decision, Policy},
    facts::Facts,
    join_edge::Joined,
    plan::Plan,
    rule_set::{Counters, RuleSet, RuleUsage},
    script::{Answer, Script, ScriptFailure, ScriptState},
};
use crate::{
    media::Resource,
    seed::Seed,
    units::{ProcessTime, SessionTime},
};
use http::Method;
use rand::RngExt as _;
use std::sync::Arc;

/// Decides what happens to the requests of one session, and keeps what later decisions depend on: the
/// counters of the rules, the state of the script, the attempts, and the live edges at which the
/// session joined.
///
/// It reads no clock and holds no lock: the times are part of [`Facts`], and a caller with several
/// threads puts it behind a mutex. Random numbers derive from the seed of the session and the key and
/// attempt of a request, so that a decision does not depend on the requests in between, except through
/// counters, budgets and the script's state.
#[derive(Debug)]
pub struct Decider {
    seed: Seed,
    counters: Counters,
    script_state: ScriptState,
    attempts: Attempts,
    joined: Joined,
}

impl Decider {
    /// The state of a session with this `seed` before its first request.
    #[must_use]
    pub fn new(seed: Seed) -> Self {
        Self {
            seed,
            counters: Counters::default(),
            script_state: ScriptState::default(),
            attempts: Attempts::default(),
            joined: Joined::default(),
        }
    }

    /// Gives the session these `rules`, unless it has them already. Rules that it had before keep their
    /// counters; the others come into force at this time, given as session time and as process time.
    pub fn arm(&mut self, rules: &RuleSet, session_time: SessionTime, process_time: ProcessTime) {
        self.counters.arm(rules, session_time, process_time);
    }

    /// As [`arm`](Self::arm), with all counters at zero.
    pub fn arm_afresh(
        &mut self,
        rules: &RuleSet,
        session_time: SessionTime,
        process_time: ProcessTime,
    ) {
        self.counters = Counters::default();
        self.arm(rules, session_time, process_time);
    }

    /// What was counted of the rules, as data.
    #[must_use]
    pub fn usage(&self) -> Vec<RuleUsage> {
        self.counters.usage()
    }

    /// Goes on with what another process counted of the same rules.
    pub fn restore_usage(&mut self, usage: &[RuleUsage]) {
        self.counters.restore(usage);
    }

    /// Counts a request for `resource`.
    #[must_use]
    pub fn attempt(&mut self, key: RequestKey<'_>, resource: &Resource) -> Attempt {
        let counted_by = AttemptKey::new(self.seed.named(key.file), key.range, resource);
        let (number, resumes) = self.attempts.next(counted_by);
        Attempt { counted_by, number, resumes, seed: self.request_seed(key.whole, number) }
    }

    /// Records that the last request with this key ended with an error or an incomplete body.
    pub fn attempt_failed(&mut self, key: AttemptKey) {
        self.attempts.failed(key);
    }

    /// The seed of the random draws of a request, by its key and the number of its attempt.
    #[must_use]
    pub fn request_seed(&self, key: &str, attempt: u32) -> Seed {
        self.seed.named(key).numbered(attempt.into())
    }

    /// The live edge when the session first requested a segment like `resource`, see [`Facts::joined`].
    /// The first call for a media type records it.
    #[must_use]
    pub fn joined(&mut self, resource: &Resource) -> Option<u64> {
        self.joined.edge(resource)
    }

    /// Decides what happens to a request: the script first, then the rules for what the script left
    /// free. `seed` is the seed of its random draws. `carried`: it follows a redirect, and this is left
    /// of the decision for the address before; the script does not run again then.
    #[must_use]
    pub fn decide(
        &mut self,
        policy: Policy<'_>,
        facts: &Facts<'_>,
        seed: Seed,
        carried: Option<CarriedDecision>,
    ) -> Decision {
        match carried {
            Some(carried) => self.apply_rules(policy.rules, facts, seed, carried),
            None => {
                let (plan, failure) = self.run_script(policy.script, facts, seed);
                let first = CarriedDecision { plan, ..CarriedDecision::default() };
                Decision { failure, ..self.apply_rules(policy.rules, facts, seed, first) }
            }
        }
    }

    /// Runs `script` for the response to a request, before its body is sent. Returns `plan` with the
    /// effects that the script adds.
    ///
    /// # Errors
    /// When the script fails: then it has no further effect on this request.
    pub fn respond(
        &mut self,
        script: &Script,
        plan: Plan,
        facts: &Facts<'_>,
        answer: Answer<'_>,
        seed: Seed,
    ) -> Result<Plan, ScriptFailure> {
        script.respond(&mut self.script_state, self.seed.value(), plan, facts, answer, seed)
    }

    /// The effects of the script, or its failure.
    fn run_script(
        &mut self,
        script: Option<&Script>,
        facts: &Facts<'_>,
        seed: Seed,
    ) -> (Plan, Option<ScriptFailure>) {
        // Whether a browser sends a preflight depends on its caches, so scripts do not process them.
        let Some(script) = script.filter(|_| *facts.method != Method::OPTIONS) else {
            return (Plan::default(), None);
        };
        match script.decide(&mut self.script_state, self.seed.value(), facts, seed) {
            Ok(plan) => (plan, None),
            Err(failure) => (Plan::default(), Some(failure)),
        }
    }

    /// Adds the effects of `rules` to those in `first`.
    fn apply_rules(
        &mut self,
        rules: &RuleSet,
        facts: &Facts<'_>,
        seed: Seed,
        first: CarriedDecision,
    ) -> Decision {
        let CarriedDecision { plan, reservations: earlier, mut matched } = first;
        if rules.is_empty() && plan.is_empty() {
            return Decision { plan: None, reservations: earlier, matched, failure: None };
        }
        let mut chance = |rule: &str| seed.named("rule").named(rule).stream().random::<f64>();
        let (plan, mut reservations) =
            rules.decide_once(plan, &mut matched, &mut self.counters, facts, &mut chance);
        if let Some(earlier) = earlier {
            reservations.take_over(&earlier);
        }
        Decision {
            plan: (!plan.is_empty()).then(|| Arc::new(plan)),
            reservations: (!reservations.is_empty()).then(|| Arc::new(reservations)),
            matched,
            failure: None,
        }
    }
}

#[cfg(test)]
mod tests;

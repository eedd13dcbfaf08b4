//! The rules of a profile in one session of virtual time.

use super::{classifier::Classifier, translation::effects};
use crate::{
    model::LinkSpec,
    player::{
        Presentation,
        network::{Answer, EffectSource, Object, Request, RequestAttempt, RequestEffects},
    },
    rules::{AttemptKey, Decider, Facts, Policy, RequestKey, RuleSet},
    seed::{Name, Seed},
    units::{ProcessTime, SessionTime},
};
use std::sync::Arc;

/// Which object a request is for.
type Identity = (Object, Option<Name>);

/// An error that is repeated to later requests for the same object.
#[derive(Debug, Clone, Copy)]
struct StoredError {
    of: Identity,
    until: SessionTime,
    answer: Answer,
}

/// What the sessions of a profile have in common.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) rules: RuleSet,
    /// The links of the built-in profiles that rules name.
    pub(super) profiles: Vec<(String, LinkSpec)>,
    /// Whether a rule limits the rates of single responses.
    pub(super) limits_rates: bool,
}

/// Decides about the requests of one session as the proxy does.
#[derive(Debug)]
pub struct SessionRules {
    shared: Arc<Shared>,
    decider: Decider,
    classifier: Classifier,
    stored: Vec<StoredError>,
    /// The last request on each connection.
    last: [Option<(Identity, AttemptKey)>; 2],
}

impl SessionRules {
    /// `shared` in a session with `seed` that plays `presentation`.
    pub(super) fn new(shared: &Arc<Shared>, presentation: &Presentation, seed: Seed) -> Self {
        let mut decider = Decider::new(seed);
        decider.arm(&shared.rules, SessionTime::ZERO, ProcessTime::ZERO);
        Self {
            shared: Arc::clone(shared),
            decider,
            classifier: Classifier::new(presentation),
            stored: Vec::new(),
            last: [None, None],
        }
    }

    /// The error that is stored for an object at `now`.
    fn stored(&mut self, of: Identity, now: SessionTime) -> Option<Answer> {
        self.stored.retain(|error| now < error.until);
        self.stored.iter().find(|error| error.of == of).map(|error| error.answer)
    }
}

impl EffectSource for SessionRules {
    fn effects(&mut self, attempt: &RequestAttempt) -> RequestEffects {
        let of = (attempt.request.object, attempt.request.name);
        let seen = self.classifier.see(&attempt.request);
        let key = RequestKey { file: &seen.key, range: None, whole: &seen.key };
        let counted = self.decider.attempt(key, &seen.resource);
        if let Some(last) = self.last.get_mut(attempt.connection) {
            *last = Some((of, counted.counted_by));
        }
        let facts = Facts::new(&seen.resource, attempt.at);
        let facts = Facts {
            highest_rung: seen.highest_rung,
            beside_video: seen.beside_video,
            path: seen.path.unwrap_or(facts.path),
            attempt: counted.number,
            reused: attempt.reused,
            ..facts
        };
        let policy = Policy { script: None, rules: &self.shared.rules };
        let decision = self.decider.decide(policy, &facts, attempt.seed, None);
        let plan = decision.plan.as_deref();
        let profile = |name: &str| {
            let found = self.shared.profiles.iter().find(|(known, _)| known == name);
            found.map(|(_, link)| link.clone())
        };
        let mut effects =
            plan.map(|plan| effects(plan, attempt.bytes, &profile)).unwrap_or_default();
        // Errors are stored, and looked for, when the delay of the request is over.
        let now = attempt.at + effects.delay;
        if let Some(answer) = self.stored(of, now) {
            (effects.answer, effects.round_trips) = (answer, 0);
        } else if let Some(keep) = plan.and_then(|plan| plan.keep_errors.as_ref())
            && matches!(effects.answer, Answer::Status(400.., _))
        {
            let until = now + keep.effect.0;
            self.stored.push(StoredError { of, until, answer: effects.answer });
        }
        effects
    }

    fn failed(&mut self, request: &Request) {
        let of = (request.object, request.name);
        if let Some((_, key)) = self.last.iter().flatten().find(|(last, _)| *last == of) {
            self.decider.attempt_failed(*key);
        }
    }

    fn limits_rates(&self) -> bool {
        self.shared.limits_rates
    }
}

//! The rules of a profile in one session of virtual time.

use super::translation::effects;
use crate::{
    media::{Kind, MediaType, Protocol, Resource},
    model::LinkSpec,
    player::{
        Presentation,
        network::{Answer, EffectSource, Object, Request, RequestAttempt, RequestEffects},
    },
    rules::{AttemptKey, Decider, Facts, Policy, RequestKey, RuleSet},
    seed::Seed,
    units::{BitRate, MediaTime, ProcessTime, SessionTime},
};
use std::{sync::Arc, time::Duration};

const BITS_PER_KBIT: f64 = 1000.0;

/// An error that is repeated to later requests for the same object.
#[derive(Debug, Clone, Copy)]
struct StoredError {
    object: Object,
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

/// Decides about the requests of one session as the proxy does. The session requests HLS segments of video, and of audio
/// where that is separate.
#[derive(Debug)]
pub struct SessionRules {
    shared: Arc<Shared>,
    decider: Decider,
    bitrates: Vec<BitRate>,
    segment: Duration,
    stored: Vec<StoredError>,
    /// The last request of each stream.
    last: Vec<(Object, AttemptKey)>,
}

impl SessionRules {
    /// `shared` in a session with `seed` that plays `presentation`.
    pub(super) fn new(shared: &Arc<Shared>, presentation: &Presentation, seed: Seed) -> Self {
        let rate = |rate: &f64| BitRate::from_bits_per_second((rate * BITS_PER_KBIT) as u64);
        let segment = Duration::try_from_secs_f64(presentation.segment() / 1000.0);
        let mut decider = Decider::new(seed);
        decider.arm(&shared.rules, SessionTime::ZERO, ProcessTime::ZERO);
        Self {
            shared: Arc::clone(shared),
            decider,
            bitrates: presentation.bitrates().iter().map(rate).collect(),
            segment: segment.unwrap_or_default(),
            stored: Vec::new(),
            last: Vec::new(),
        }
    }

    /// What an object is, in the terms of rules.
    fn resource(&self, object: Object) -> Resource {
        match object {
            Object::Other(kind) => Resource::new(Protocol::Hls, kind),
            Object::Segment { segment, rung } => self.video(segment, rung),
            Object::Part { segment, rung, .. } => {
                Resource { kind: Kind::Part, ..self.video(segment, rung) }
            }
            Object::Audio(segment) => {
                Resource { media: MediaType::Audio, rung: Some(1), ..self.segment(segment) }
            }
        }
    }

    fn video(&self, segment: usize, rung: usize) -> Resource {
        Resource {
            media: MediaType::Video,
            rung: u16::try_from(rung + 1).ok(),
            bandwidth: self.bitrates.get(rung).copied(),
            ..self.segment(segment)
        }
    }

    /// A segment, of whatever rendition.
    fn segment(&self, segment: usize) -> Resource {
        let number = u32::try_from(segment).unwrap_or(u32::MAX);
        Resource {
            index: Some(segment as u64 + 1),
            time: self.segment.checked_mul(number).map(MediaTime::new),
            duration: Some(self.segment),
            ..Resource::new(Protocol::Hls, Kind::Segment)
        }
    }

    /// The error that is stored for an object at `now`.
    fn stored(&mut self, object: Object, now: SessionTime) -> Option<Answer> {
        self.stored.retain(|error| now < error.until);
        self.stored.iter().find(|error| error.object == object).map(|error| error.answer)
    }
}

impl EffectSource for SessionRules {
    fn effects(&mut self, attempt: &RequestAttempt) -> RequestEffects {
        let object = attempt.request.object;
        let resource = self.resource(object);
        let key = match object {
            Object::Segment { segment, rung } => format!("GET {rung}/{segment}"),
            Object::Part { segment, part, rung } => format!("GET {rung}/{segment}.{part}"),
            Object::Audio(segment) => format!("GET audio/{segment}"),
            Object::Other(kind) => format!("GET {kind} {:?}", attempt.request.name),
        };
        let key = RequestKey { file: &key, range: None, whole: &key };
        let counted = self.decider.attempt(key, &resource);
        let is_audio = |object: &Object| matches!(object, Object::Audio(_));
        self.last.retain(|(last, _)| is_audio(last) != is_audio(&object));
        self.last.push((object, counted.counted_by));
        let facts = Facts {
            highest_rung: match object {
                Object::Audio(_) => Some(1),
                _ => u16::try_from(self.bitrates.len()).ok(),
            },
            attempt: counted.number,
            reused: attempt.reused,
            ..Facts::new(&resource, attempt.at)
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
        if let Some(answer) = self.stored(object, now) {
            (effects.answer, effects.round_trips) = (answer, 0);
        } else if let Some(keep) = plan.and_then(|plan| plan.keep_errors.as_ref())
            && matches!(effects.answer, Answer::Status(400.., _))
        {
            let until = now + keep.effect.0;
            self.stored.push(StoredError { object, until, answer: effects.answer });
        }
        effects
    }

    fn failed(&mut self, request: &Request) {
        if let Some((_, key)) = self.last.iter().find(|(object, _)| *object == request.object) {
            self.decider.attempt_failed(*key);
        }
    }

    fn limits_rates(&self) -> bool {
        self.shared.limits_rates
    }
}

//! The plan: what shall befall one request, as data that can be logged, tested and shown.

use super::effect::{
    Closing, Coalesce, Corruption, Cors, Cut, Drip, Framing, Goal, Hang, HeaderEdit, RangeFault,
    Redirect, Refusal, Reload, Replacement, Skew, Stall, Status,
};
use crate::{
    media::edit::ManifestEdit,
    model::Distribution,
    seed::Seed,
    units::{BitRate, span},
};
use std::{fmt, sync::Arc, time::Duration};

/// An effect, and the rule that asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned<T> {
    /// The rule's name.
    pub rule: Arc<str>,
    /// What it asks for.
    pub effect: T,
}

/// A delay as a rule asks for it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Delay {
    /// Always this long.
    Fixed(Duration),
    /// Drawn for each request.
    Drawn(Distribution),
}

/// The time that errors are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep(pub Duration);

impl fmt::Display for Keep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "for {}", span::print(self.0))
    }
}

/// The one list of slots, lest a new one be forgotten somewhere. Three groups: a *fate* (one at
/// most: the request is not handed to the origin), what befalls the *body* (of the origin's answer,
/// or the one put in its place), and what befalls the *head* (of any answer) and the connection.
macro_rules! slots {
    ($($group:ident { $($(#[$doc:meta])* $slot:ident = $key:literal: $type:ty,)* })*) => {
        /// What shall befall one request. Each slot is filled by the first matching rule that names
        /// it; an empty plan leaves the request alone.
        ///
        /// A plan holds nothing that can't come to pass: at most one of `refuse`, `hang`, `status`
        /// and `redirect` (the first matching rule that asks for one of them decides); with any of
        /// these nothing that is about the origin's body; with `refuse` or `hang` nothing that is
        /// about an answer's headers either.
        #[derive(Debug, Clone, PartialEq, Default)]
        pub struct Plan {
            /// Wait before the headers, beside the link's own latency.
            pub delay: Option<Planned<Duration>>,
            $($($(#[$doc])* pub $slot: Option<Planned<$type>>,)*)*
            /// Edit the manifest, in this order; at most one of each sort.
            pub manifest: Vec<Planned<ManifestEdit>>,
        }

        /// What a rule asks for; at least one thing, and nothing that rules out another.
        #[derive(Debug, Clone, PartialEq, Default)]
        pub(super) struct Effects {
            pub(super) delay: Option<Delay>,
            $($(pub(super) $slot: Option<$type>,)*)*
            pub(super) manifest: Vec<ManifestEdit>,
        }

        impl Plan {
            /// Whether nothing was asked for.
            #[must_use]
            pub const fn is_empty(&self) -> bool {
                self.delay.is_none() && self.manifest.is_empty() $($(&& self.$slot.is_none())*)*
            }

            /// All that was asked for: the slot's name, the rule's, and what, in words. For logs.
            #[must_use]
            pub fn effects(&self) -> Vec<(&'static str, &Arc<str>, String)> {
                let mut all = Vec::new();
                if let Some(Planned { rule, effect }) = &self.delay {
                    all.push(("delay", rule, span::print(*effect)));
                }
                $($(if let Some(Planned { rule, effect }) = &self.$slot {
                    all.push(($key, rule, effect.to_string()));
                })*)*
                for Planned { rule, effect } in &self.manifest {
                    all.push(("manifest", rule, effect.to_string()));
                }
                all
            }

            /// Whether any effect of the rule with this very name is in it.
            pub(super) fn has(&self, name: &Arc<str>) -> bool {
                self.delay.as_ref().is_some_and(|planned| Arc::ptr_eq(&planned.rule, name))
                    || self.manifest.iter().any(|planned| Arc::ptr_eq(&planned.rule, name))
                    $($(|| self.$slot.as_ref().is_some_and(|p| Arc::ptr_eq(&p.rule, name)))*)*
            }

            fn clear(&mut self, group: Group) {
                match group {
                    $(Group::$group => { $(self.$slot = None;)* })*
                }
                if group == Group::Body {
                    self.manifest.clear();
                }
            }
        }

        impl Effects {
            /// What it asks for, in words; `delay` is how its delay was written.
            pub(super) fn words(&self, delay: Option<String>) -> Vec<String> {
                let mut words: Vec<_> = delay.map(|delay| format!("delay {delay}")).into_iter().collect();
                $($(if let Some(effect) = &self.$slot {
                    // A cut says itself how it ends.
                    let key = if $key == "cut" { String::new() } else { format!("{} ", $key) };
                    words.push(format!("{key}{effect}"));
                })*)*
                words.extend(self.manifest.iter().map(|edit| format!("manifest {edit}")));
                words
            }

            /// Whether an earlier rule with these effects leaves nothing to `later`.
            pub(super) fn shadows(&self, later: &Self) -> bool {
                let fate = $($((Group::$group == Group::Fate && self.$slot.is_some()))||*)||*;
                // What is left: slots that `self` neither fills nor rules out.
                let edit = |edit: &ManifestEdit| {
                    !self.manifest.iter().any(|own| own.as_str() == edit.as_str())
                };
                let mut free = later.delay.is_some() && self.delay.is_none();
                free |= !fate && later.manifest.iter().any(edit);
                $($(if !fate || Group::$group == Group::Head {
                    free |= later.$slot.is_some() && self.$slot.is_none();
                })*)*
                !free
            }

            /// Fills those slots of `plan` that are still empty.
            pub(super) fn fill(
                &self,
                plan: &mut Plan,
                rule: &Arc<str>,
                draw: &mut dyn FnMut() -> f64,
            ) {
                let answered = plan.is_answered();
                if let (None, Some(delay)) = (&plan.delay, &self.delay) {
                    let effect = delay.sample(draw);
                    plan.delay = Some(Planned { rule: Arc::clone(rule), effect });
                }
                $($(if !(answered && Group::$group == Group::Fate) {
                    put(&mut plan.$slot, self.$slot.as_ref(), rule);
                })*)*
                for edit in &self.manifest {
                    let same = |planned: &Planned<ManifestEdit>| {
                        planned.effect.as_str() == edit.as_str()
                    };
                    if !plan.manifest.iter().any(same) {
                        let (rule, effect) = (Arc::clone(rule), edit.clone());
                        plan.manifest.push(Planned { rule, effect });
                    }
                }
            }
        }
    };
}

slots! {
    Fate {
        /// End the connection instead of an answer.
        refuse = "refuse": Refusal,
        /// Answer nothing for that long, then close. (Silence after the headers is a [`Cut`].)
        hang = "hang": Hang,
        /// Answer with this status, without asking the origin.
        status = "status": Status,
        /// Answer with a redirect, without asking the origin.
        redirect = "redirect": Redirect,
    }
    Body {
        /// Another body in place of the one asked for.
        body = "body": Replacement,
        /// A wrong answer to a request for a range.
        range = "range": RangeFault,
        /// Take directives of a low-latency playlist request away.
        reload = "reload": Reload,
        /// Pass the body no faster than this, beside the link's own rate.
        rate = "rate": BitRate,
        /// Pass the body over a link of its own as in this built-in profile, beside the session's.
        profile = "profile": Arc<str>,
        /// Pause within the body.
        stall = "stall": Stall,
        /// Let the body through in drops.
        drip = "drip": Drip,
        /// Hold bytes back and let them come at once.
        coalesce = "coalesce": Coalesce,
        /// Damage bytes of the body.
        corrupt = "corrupt": Corruption,
        /// Mark the end of the body in another way.
        framing = "framing": Framing,
        /// End the body early.
        cut = "cut": Cut,
    }
    Head {
        /// Set and remove headers of the answer.
        headers = "headers": HeaderEdit,
        /// Break the answer's CORS headers.
        cors = "cors": Cors,
        /// Shift the answer's dates.
        date_skew = "date-skew": Skew,
        /// If the answer is an error (400 and above, the origin's or ours), give the same one to
        /// every later request of the session for the same URL, for so long; as a cache does.
        keep_errors = "keep-errors": Keep,
        /// Close connections.
        close = "close": Closing,
    }
}

/// Slots that come and go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    Fate,
    Body,
    Head,
}

impl Plan {
    /// Whether its fate is settled: the origin is not asked, or what it said is not passed on.
    #[must_use]
    pub const fn is_answered(&self) -> bool {
        self.refuse.is_some()
            || self.hang.is_some()
            || self.status.is_some()
            || self.redirect.is_some()
    }

    /// What is left of it once the answer to the request is a redirect, for the request that follows the
    /// redirect. `held`: the origin may have to be waited for there, and the delay comes after that.
    #[must_use]
    pub fn after_redirect(&self, held: bool) -> Self {
        let mut left = self.clone();
        match &self.redirect {
            // Ours: what befalls an answer of ours has come about.
            Some(Planned { effect: Redirect { to: Goal::Loop, .. }, .. }) => left.delay = None,
            Some(_) => left = Self::default(),
            None => {
                (left.body, left.reload) = (None, None);
                left.delay = left.delay.filter(|_| held);
            }
        }
        left
    }

    /// Takes out what the way the request will be answered leaves no room for.
    pub(super) fn settle(&mut self) {
        if self.is_answered() {
            self.clear(Group::Body);
        }
        if self.refuse.is_some() || self.hang.is_some() {
            self.clear(Group::Head);
        }
    }
}

impl Delay {
    fn sample(&self, draw: &mut dyn FnMut() -> f64) -> Duration {
        match self {
            Self::Fixed(time) => *time,
            // One draw, of 53 bits, becomes the seed of as many as the law takes.
            Self::Drawn(law) => law.sample(&mut Seed::new(draw().to_bits()).stream()),
        }
    }
}

fn put<T: Clone>(slot: &mut Option<Planned<T>>, effect: Option<&T>, rule: &Arc<str>) {
    if let (None, Some(effect)) = (&slot, effect) {
        *slot = Some(Planned { rule: Arc::clone(rule), effect: effect.clone() });
    }
}

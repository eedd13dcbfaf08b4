//! The plan: the effects to apply to one request, as data that can be logged, tested and shown.

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

/// An effect, and the rule that it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned<T> {
    /// The rule's name.
    pub rule: Arc<str>,
    /// The effect.
    pub effect: T,
}

/// A delay as written in a rule.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Delay {
    /// Always this long.
    Fixed(Duration),
    /// Drawn for each request.
    Drawn(Distribution),
}

/// How long errors are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep(pub Duration);

impl fmt::Display for Keep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "for {}", span::print(self.0))
    }
}

/// The only list of slots, so that a new slot can't be missed in one place. Three groups: *short circuit* (at
/// most one effect, after which the request is not sent to the origin), effects on the *body* (the
/// origin's, or its replacement), and effects on the *head* of any response and on the connection.
macro_rules! slots {
    ($($group:ident { $($(#[$doc:meta])* $slot:ident = $key:literal: $type:ty,)* })*) => {
        /// The effects to apply to one request. Each slot is filled by the first matching rule that
        /// sets it; an empty plan leaves the request unchanged.
        ///
        /// A plan holds no effects that exclude each other. It has at most one of `refuse`, `hang`,
        /// `status` and `redirect`: that of the first matching rule with one of them. With any of
        /// these it has no effects on the origin's body, and with `refuse` or `hang` no effects on
        /// response headers.
        #[derive(Debug, Clone, PartialEq, Default)]
        pub struct Plan {
            /// Wait before the headers, in addition to the link's latency.
            pub delay: Option<Planned<Duration>>,
            $($($(#[$doc])* pub $slot: Option<Planned<$type>>,)*)*
            /// Edit the manifest, in this order; at most one edit of each kind.
            pub manifest: Vec<Planned<ManifestEdit>>,
        }

        /// The effects of a rule: at least one, and none that exclude each other.
        #[derive(Debug, Clone, PartialEq, Default)]
        pub(super) struct Effects {
            pub(super) delay: Option<Delay>,
            $($(pub(super) $slot: Option<$type>,)*)*
            pub(super) manifest: Vec<ManifestEdit>,
        }

        impl Plan {
            /// The names of all slots.
            pub const SLOTS: &[&str] = &["delay", $($($key,)*)* "manifest"];

            /// Whether it has no effects.
            #[must_use]
            pub const fn is_empty(&self) -> bool {
                self.delay.is_none() && self.manifest.is_empty() $($(&& self.$slot.is_none())*)*
            }

            /// All effects, for logs: the name of the slot, the name of the rule, and the effect as text.
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

            /// Whether it has an effect of this rule. Names are compared as pointers, not as text.
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
            /// Its effects as text; `delay` is the delay as written.
            pub(super) fn words(&self, delay: Option<String>) -> Vec<String> {
                let mut words: Vec<_> = delay.map(|delay| format!("delay {delay}")).into_iter().collect();
                $($(if let Some(effect) = &self.$slot {
                    // The text of a cut starts with its ending.
                    let key = if $key == "cut" { String::new() } else { format!("{} ", $key) };
                    words.push(format!("{key}{effect}"));
                })*)*
                words.extend(self.manifest.iter().map(|edit| format!("manifest {edit}")));
                words
            }

            /// Whether an earlier rule with these effects leaves no slot for the effects of `later`.
            pub(super) fn shadows(&self, later: &Self) -> bool {
                let short_circuit = $($((Group::$group == Group::ShortCircuit && self.$slot.is_some()))||*)||*;
                // The slots of `later` that `self` neither fills nor excludes.
                let edit = |edit: &ManifestEdit| {
                    !self.manifest.iter().any(|own| own.as_str() == edit.as_str())
                };
                let mut free = later.delay.is_some() && self.delay.is_none();
                free |= !short_circuit && later.manifest.iter().any(edit);
                $($(if !short_circuit || Group::$group == Group::Head {
                    free |= later.$slot.is_some() && self.$slot.is_none();
                })*)*
                !free
            }

            /// Fills the slots of `plan` that are still empty.
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
                $($(if !(answered && Group::$group == Group::ShortCircuit) {
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
    ShortCircuit {
        /// End the connection instead of a response.
        refuse = "refuse": Refusal,
        /// Send nothing for that long, then close. (Silence after the headers is a [`Cut`].)
        hang = "hang": Hang,
        /// Respond with this status, without a request to the origin.
        status = "status": Status,
        /// Respond with a redirect, without a request to the origin.
        redirect = "redirect": Redirect,
    }
    Body {
        /// Send another body instead of the requested one.
        body = "body": Replacement,
        /// Respond wrongly to a range request.
        range = "range": RangeFault,
        /// Remove directives from a low-latency playlist request.
        reload = "reload": Reload,
        /// Limit the rate of the body, in addition to the link's rate.
        rate = "rate": BitRate,
        /// Pass the body over its own link with this built-in profile, in addition to the session's.
        profile = "profile": Arc<str>,
        /// Pause within the body.
        stall = "stall": Stall,
        /// Send the body in small pieces at intervals.
        drip = "drip": Drip,
        /// Hold bytes back and send them at once.
        coalesce = "coalesce": Coalesce,
        /// Corrupt bytes of the body.
        corrupt = "corrupt": Corruption,
        /// Mark the end of the body in another way.
        framing = "framing": Framing,
        /// End the body early.
        cut = "cut": Cut,
    }
    Head {
        /// Set and remove response headers.
        headers = "headers": HeaderEdit,
        /// Make the CORS headers of the response wrong.
        cors = "cors": Cors,
        /// Shift the dates of the response.
        date_skew = "date-skew": Skew,
        /// If the response is an error (400 and above, from the origin or the proxy), repeat it for
        /// this long to every later request of the session for the same URL, as a cache does.
        keep_errors = "keep-errors": Keep,
        /// Close connections.
        close = "close": Closing,
    }
}

/// Groups of slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    ShortCircuit,
    Body,
    Head,
}

impl Plan {
    /// Whether it is answered without the response of the origin: no request goes to the origin, or its response is not passed on.
    #[must_use]
    pub const fn is_answered(&self) -> bool {
        self.refuse.is_some()
            || self.hang.is_some()
            || self.status.is_some()
            || self.redirect.is_some()
    }

    /// The part of the plan that remains for the request that follows a redirect. `held`: the origin
    /// may hold back its response there, and the delay comes after that.
    #[must_use]
    pub fn after_redirect(&self, held: bool) -> Self {
        let mut left = self.clone();
        match &self.redirect {
            // The proxy made this response itself; its effects have been applied.
            Some(Planned { effect: Redirect { to: Goal::Loop, .. }, .. }) => left.delay = None,
            Some(_) => left = Self::default(),
            None => {
                (left.body, left.reload) = (None, None);
                left.delay = left.delay.filter(|_| held);
            }
        }
        left
    }

    /// Removes the effects that can't happen because of how the request will be answered.
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
            // One draw of 53 bits seeds as many draws as the distribution needs.
            Self::Drawn(law) => law.sample(&mut Seed::new(draw().to_bits()).stream()),
        }
    }
}

fn put<T: Clone>(slot: &mut Option<Planned<T>>, effect: Option<&T>, rule: &Arc<str>) {
    if let (None, Some(effect)) = (&slot, effect) {
        *slot = Some(Planned { rule: Arc::clone(rule), effect: effect.clone() });
    }
}

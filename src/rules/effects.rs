//! What a rule does to a request it applies to.

use super::plan::{Cut, Hang, Plan, Planned};
use crate::units::BitRate;
use std::{sync::Arc, time::Duration};

/// What a rule asks for; at least one thing, and nothing that rules out another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Effects {
    pub(super) delay: Option<Duration>,
    pub(super) hang: Option<Hang>,
    pub(super) status: Option<u16>,
    pub(super) rate: Option<BitRate>,
    pub(super) cut: Option<Cut>,
}

impl Effects {
    /// Fills those slots of `plan` that are still empty. A request hangs or is answered with a
    /// status: whichever was asked for first.
    pub(super) fn fill(&self, plan: &mut Plan, rule: &Arc<str>) {
        let answered = plan.hang.is_some() || plan.status.is_some();
        put(&mut plan.delay, self.delay, rule);
        if !answered {
            put(&mut plan.hang, self.hang, rule);
            put(&mut plan.status, self.status, rule);
        }
        put(&mut plan.rate, self.rate, rule);
        put(&mut plan.cut, self.cut, rule);
    }
}

fn put<T>(slot: &mut Option<Planned<T>>, effect: Option<T>, rule: &Arc<str>) {
    if let (None, Some(effect)) = (&slot, effect) {
        *slot = Some(Planned { rule: Arc::clone(rule), effect });
    }
}

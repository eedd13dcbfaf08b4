//! From the plan for a request to what happens to it in virtual time.

use crate::{
    model::{LinkSpec, RateSpec},
    player::network::{Answer, BodyPoint, EarlyEnd, RequestEffects},
    rules::{Closing, Cut, Ending, Goal, Hang, Plan, Point, Stall, Status},
};
use std::time::Duration;

/// The number of redirects after which players give up.
const MOST_REDIRECTS: u32 = 20;
/// The size of the proxy's own body to a status: JSON that names the rule, beside that name.
const ERROR_BODY: u64 = 95;

/// What `plan` does to a request for `bytes`; `profile` finds the link of a built-in profile.
pub(super) fn effects(
    plan: &Plan,
    bytes: u64,
    profile: &dyn Fn(&str) -> Option<LinkSpec>,
) -> RequestEffects {
    let mut effects = RequestEffects {
        delay: plan.delay.as_ref().map(|delay| delay.effect).unwrap_or_default(),
        answer: answer(plan),
        closes: plan.close.as_ref().is_some_and(|close| close.effect != Closing::IdleConnections),
        ..RequestEffects::default()
    };
    // What answers the request itself comes before a redirect.
    let redirect = plan.redirect.as_ref().filter(|_| effects.answer == Answer::Object);
    match redirect.map(|redirect| (&redirect.effect.to, redirect.effect.status)) {
        Some((Goal::Chain(hops), _)) => effects.round_trips = u32::from(*hops),
        Some((Goal::Loop, status)) => {
            effects.round_trips = MOST_REDIRECTS;
            effects.answer = Answer::Status(status, 0);
        }
        Some((Goal::Url(_) | Goal::Host(_), _)) | None => {}
    }
    if let Some(rate) = &plan.rate {
        let rate = RateSpec::Constant(rate.effect);
        effects.limits.push(LinkSpec { rate, ..LinkSpec::default() });
    }
    effects.limits.extend(plan.profile.as_ref().and_then(|name| profile(&name.effect)));
    if let Some(stall) = &plan.stall {
        effects.pauses = pauses(&stall.effect, bytes);
    }
    effects.end = plan.cut.as_ref().and_then(|cut| early_end(&cut.effect, bytes));
    effects
}

fn answer(plan: &Plan) -> Answer {
    if plan.refuse.is_some() {
        return Answer::Closed;
    }
    if let Some(hang) = &plan.hang {
        return Answer::Silence(lasting(hang.effect));
    }
    let Some(status) = &plan.status else { return Answer::Object };
    let Status { code, body, .. } = &status.effect;
    let own = || ERROR_BODY + status.rule.len() as u64;
    Answer::Status(*code, body.as_ref().map_or_else(own, |body| body.len() as u64).max(1))
}

/// How long nothing is sent; `None` = for ever.
const fn lasting(hang: Hang) -> Option<Duration> {
    match hang {
        Hang::For(time) => Some(time),
        Hang::Forever => None,
    }
}

fn pauses(stall: &Stall, bytes: u64) -> Vec<(u64, Duration)> {
    let points = stall.at.iter().filter_map(|at| at.offset(Some(bytes)));
    points.map(|at| (at, stall.lasts)).collect()
}

fn early_end(cut: &Cut, bytes: u64) -> Option<EarlyEnd> {
    let at = match cut.at {
        Point::After(time) => BodyPoint::After(time),
        at => BodyPoint::Byte(at.offset(Some(bytes)).filter(|at| *at < bytes)?),
    };
    let closes_after = match cut.ending {
        Ending::Silence(hang) => lasting(hang),
        _ => Some(Duration::ZERO),
    };
    Some(EarlyEnd { at, closes_after })
}

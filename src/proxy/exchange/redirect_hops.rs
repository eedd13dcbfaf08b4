//! Redirects within a session: the requests on the way to one answer are one request of the player's.

use super::ticket::Ticket;
use crate::proxy::fault;
use crate::{
    event::RequestTag,
    media::{Kind, is_held},
    rules::{Goal, Matched, Plan},
    seed::Seed,
    sessions::{Led, Origin, Session},
};
use http::{Method, request};
use std::{sync::Arc, time::Duration};
use url::Url;

/// Where an answer leads the player, within its session.
pub(in crate::proxy) struct Leads {
    /// The address at the origin.
    pub(in crate::proxy) url: String,
    /// The answer is ours, as a rule asks; not the origin's.
    pub(in crate::proxy) ours: bool,
    /// What is there is what was asked for.
    pub(in crate::proxy) same: bool,
    /// The address says that it is one of a chain of ours.
    pub(in crate::proxy) marked: bool,
}

/// The request of the player's that was led to `path`, if the present one belongs to it.
pub(in crate::proxy) fn take(
    session: &Session,
    (origin, path): (&Origin, &str),
    head: &request::Parts,
    now: Duration,
) -> Option<Led> {
    let mut followed = session.followed.lock();
    if followed.is_empty() {
        return None;
    }
    let url = spelled(&origin.url(path));
    followed.take(&head.method, &url, fault::hops(head).is_some(), now)
}

/// What is known of a request whose answer leads on.
pub(in crate::proxy) struct Onward<'a> {
    pub(in crate::proxy) method: Method,
    pub(in crate::proxy) path: &'a str,
    pub(in crate::proxy) plan: Option<Arc<Plan>>,
    pub(in crate::proxy) chances: Seed,
    pub(in crate::proxy) matched: Matched,
    pub(in crate::proxy) scripted: bool,
}

/// Hands a request on to the address that its answer leads to. Whether what is left of its plan goes with it:
/// the answer itself is then passed as it is.
pub(in crate::proxy) fn hand_on(ticket: &mut Ticket, leads: Leads, onward: Onward<'_>) -> bool {
    let Leads { url, ours, same, marked } = leads;
    let Onward { method, path, plan, chances, matched, scripted } = onward;
    let RequestTag { resource, attempt, details, .. } = &*ticket.request;
    let held = is_held(resource, path);
    let known = same && resource.kind != Kind::Other;
    let led = Led {
        resource: known.then(|| resource.clone()),
        attempt: *attempt,
        resumes: details.resumes,
        asked: ticket.asked,
        key: (Arc::clone(&details.key), chances),
        hop: details.hop.saturating_add(1),
        plan: plan.as_deref().map(|plan| plan.after_redirect(held)).unwrap_or_default(),
        charges: ticket.charges.clone().filter(|_| !ours),
        matched,
        scripted: scripted && !ours,
    };
    let loops = plan.as_deref().and_then(|plan| plan.redirect.as_ref());
    let loops = loops.is_some_and(|planned| planned.effect.to == Goal::Loop);
    if !loops || details.hop > 0 {
        ticket.leads_on();
    }
    if !ours {
        // What it took from budgets goes with it.
        ticket.charges = None;
    }
    let session = &ticket.session;
    session.followed.lock().expect(method, &spelled(&url), marked, session.now(), led);
    !ours
}

/// An address as a player spells it that follows a redirect.
fn spelled(url: &str) -> String {
    match Url::parse(url) {
        Ok(mut parsed) => {
            parsed.set_fragment(None);
            parsed.into()
        }
        Err(_) => url.to_owned(),
    }
}

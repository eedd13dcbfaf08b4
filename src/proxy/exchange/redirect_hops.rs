//! Redirects within a session: the requests of a redirect chain count as one request of the player.

use super::ticket::Ticket;
use crate::proxy::fault;
use crate::{
    event::RequestTag,
    media::{Kind, is_held},
    rules::{CarriedDecision, Goal, Matched, Plan},
    sessions::{Origin, RedirectedRequest, Session},
};
use http::{Method, request};
use std::{sync::Arc, time::Duration};
use url::Url;

/// The target of a redirect within the session.
pub(in crate::proxy) struct RedirectTarget {
    /// The URL at the origin.
    pub(in crate::proxy) url: String,
    /// A rule made the redirect, not the origin.
    pub(in crate::proxy) ours: bool,
    /// The target is the requested resource.
    pub(in crate::proxy) same: bool,
    /// The URL is marked as part of a chain that a rule made.
    pub(in crate::proxy) marked: bool,
}

/// Takes the state of the request that was redirected to `path`, if the present request follows it.
pub(in crate::proxy) fn take(
    session: &Session,
    (origin, path): (&Origin, &str),
    head: &request::Parts,
    now: Duration,
) -> Option<RedirectedRequest> {
    let mut pending = session.pending_redirects.lock();
    if pending.is_empty() {
        return None;
    }
    let url = normalised(&origin.url(path));
    pending.take(&head.method, &url, fault::hops(head).is_some(), now)
}

/// The state of a request whose response is a redirect.
pub(in crate::proxy) struct RedirectState<'a> {
    pub(in crate::proxy) method: Method,
    pub(in crate::proxy) path: &'a str,
    pub(in crate::proxy) plan: Option<Arc<Plan>>,
    pub(in crate::proxy) matched: Matched,
    pub(in crate::proxy) scripted: bool,
}

/// Stores the state of a redirected request for the request that follows. Returns whether the rest of its plan
/// moves to that request; the redirect itself is then passed unchanged.
pub(in crate::proxy) fn carry_over(
    ticket: &mut Ticket,
    target: RedirectTarget,
    state: RedirectState<'_>,
) -> bool {
    let RedirectTarget { url, ours, same, marked } = target;
    let RedirectState { method, path, plan, matched, scripted } = state;
    let RequestTag { resource, details, .. } = &*ticket.request;
    let held = is_held(resource, path);
    let known = same && resource.kind != Kind::Other;
    let led = RedirectedRequest {
        resource: known.then(|| resource.clone()),
        key: Arc::clone(&details.key),
        attempt: ticket.attempt.clone(),
        hop: details.hop.saturating_add(1),
        carried: CarriedDecision {
            plan: plan.as_deref().map(|plan| plan.after_redirect(held)).unwrap_or_default(),
            reservations: ticket.charges.clone().filter(|_| !ours),
            matched,
        },
        scripted: scripted && !ours,
    };
    let loops = plan.as_deref().and_then(|plan| plan.redirect.as_ref());
    let loops = loops.is_some_and(|planned| planned.effect.to == Goal::Loop);
    if !loops || details.hop > 0 {
        ticket.mark_redirected();
    }
    if !ours {
        // Its reservations move to the request that follows.
        ticket.charges = None;
    }
    let session = &ticket.session;
    session.pending_redirects.lock().expect(method, &normalised(&url), marked, session.now(), led);
    !ours
}

/// A URL in the form in which a player requests it after a redirect.
fn normalised(url: &str) -> String {
    match Url::parse(url) {
        Ok(mut parsed) => {
            parsed.set_fragment(None);
            parsed.into()
        }
        Err(_) => url.to_owned(),
    }
}

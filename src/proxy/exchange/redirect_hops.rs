//! Redirects within a session: the requests of a redirect chain count as one request of the player.

use super::{exchange::Exchange, redirect_target::RedirectTarget};
use crate::proxy::fault;
use crate::{
    event::RequestTag,
    media::{Kind, is_held},
    rules::{Decision, Goal},
    sessions::{RedirectedRequest, Session, UpstreamUrl},
    units::SessionTime,
};
use http::request;
use std::sync::Arc;
use url::Url;

/// Takes the state of the request that was redirected to `path`, if the present request follows it.
pub(in crate::proxy) fn take(
    session: &Session,
    url: &UpstreamUrl,
    head: &request::Parts,
    now: SessionTime,
) -> Option<RedirectedRequest> {
    if !session.awaits_redirects() {
        return None;
    }
    let url = normalised(&url.text());
    session.take_redirect(&head.method, &url, fault::hops(head).is_some(), now)
}

/// If the response is a redirect within the session, keeps the state of the exchange for the request that follows. The
/// rest of its plan moves to that request, and the response of the origin passes unchanged.
pub(in crate::proxy) fn carry_over(exchange: &mut Exchange) {
    let Some(RedirectTarget { url, ours, same, marked }) = exchange.redirect_target.take() else {
        return;
    };
    let RequestTag { method, path, resource, details, .. } = &*exchange.request;
    let (method, hop) = (method.clone(), details.hop);
    let mut carried = exchange.decision.after_redirect(is_held(resource, path));
    if ours {
        // They are those of the redirect, which the present exchange applies.
        carried.reservations = None;
    }
    let redirected = RedirectedRequest {
        resource: (same && resource.kind != Kind::Other).then(|| resource.clone()),
        key: Arc::clone(&details.key),
        attempt: exchange.attempt.clone(),
        hop: hop.saturating_add(1),
        carried,
        scripted: exchange.scripted && !ours,
    };
    let redirect = exchange.plan().and_then(|plan| plan.redirect.as_ref());
    let loops = redirect.is_some_and(|planned| planned.effect.to == Goal::Loop);
    if !loops || hop > 0 {
        exchange.mark_redirected();
    }
    if !ours {
        exchange.decision = Decision::default();
        exchange.scripted = false;
    }
    exchange.session.expect_redirect(method, &normalised(&url.text()), marked, redirected);
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

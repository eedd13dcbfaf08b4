//! The script's second look at an exchange: the answer is known, and its body not yet sent.

use super::{arrival, service::Proxy, ticket::Ticket};
use crate::proxy::{body::source::Source, fault};
use crate::{
    event::Event,
    rules::{Answer, Facts, Plan},
    seed::Seed,
};
use http::{Method, Response, request, uri::Authority};
use std::sync::Arc;

/// What the first look knew of a request and its ticket does not tell.
#[derive(Debug, Clone, Copy)]
pub(in crate::proxy) struct FirstLook {
    pub(in crate::proxy) seed: Seed,
}

impl FirstLook {
    /// What was known of a request with `head`; `None` = the script was not asked of it.
    pub(in crate::proxy) fn of(head: &request::Parts, seed: Seed) -> Option<Self> {
        let asked = head.method != Method::OPTIONS && fault::hops(head).is_none();
        asked.then_some(Self { seed })
    }
}

/// Lets the script see the answer. What it asks for joins `plan` where that left room; a delay and
/// another status come about here, the rest on the answer's further way.
pub(in crate::proxy) async fn run_response_script(
    proxy: &Proxy,
    first: FirstLook,
    host: &Authority,
    ticket: &Ticket,
    plan: &mut Option<Arc<Plan>>,
    response: Response<Source>,
) -> Response<Source> {
    let Some(script) = proxy.config.script.as_ref().filter(|script| script.responds()) else {
        return response;
    };
    // What rules or the script itself answered is no news to it.
    if plan.as_ref().is_some_and(|plan| plan.is_answered()) {
        return response;
    }
    let (session, request) = (&ticket.session, &ticket.request);
    let now = session.now();
    let facts = Facts {
        process_time: session.process_time(now),
        epoch: session.epoch(now),
        session_time: now,
        highest_rung: request.resource.highest_rung(),
        host: host.as_str(),
        ..arrival::facts(request)
    };
    let answer = Answer {
        status: response.status().as_u16(),
        length: response.body().size_hint().exact(),
        headers: response.headers(),
    };
    let so_far = plan.as_deref().cloned().unwrap_or_default();
    let joined = match session.ask_again(script, so_far, &facts, answer, first.seed) {
        Ok(joined) => joined,
        Err(failure) => {
            ticket.emit(&Event::ScriptFailed { request: Arc::clone(request), failure });
            return response;
        }
    };
    let waited = plan.as_ref().is_some_and(|plan| plan.delay.is_some());
    if let Some(delay) = joined.delay.as_ref().filter(|_| !waited) {
        ticket.injected(&delay.rule, "delay", None);
        proxy.pause(session, delay.effect).await;
    }
    let response = fault::replaced(&joined, ticket).unwrap_or(response);
    *plan = (!joined.is_empty()).then(|| Arc::new(joined));
    response
}

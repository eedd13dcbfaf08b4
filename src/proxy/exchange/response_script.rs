//! Runs the script's response function: the response head is known, and its body is not sent yet.

use super::{arrival, service::Proxy, ticket::Ticket};
use crate::proxy::{body::source::Source, fault};
use crate::{
    event::Event,
    rules::{Answer, Facts, Plan},
    seed::Seed,
};
use http::{Method, Response, request, uri::Authority};
use std::sync::Arc;

/// What the script's response function needs from the request phase, besides the ticket.
#[derive(Debug, Clone, Copy)]
pub(in crate::proxy) struct ResponseScript {
    pub(in crate::proxy) seed: Seed,
}

impl ResponseScript {
    /// For a request with `head`; `None` = the script does not process this request.
    pub(in crate::proxy) fn of(head: &request::Parts, seed: Seed) -> Option<Self> {
        let processed = head.method != Method::OPTIONS && fault::hops(head).is_none();
        processed.then_some(Self { seed })
    }
}

/// Runs the script for the response, and adds its effects to `plan` where these slots are free. A delay and another
/// status are applied here, the other effects later.
pub(in crate::proxy) async fn run_response_script(
    proxy: &Proxy,
    response_script: ResponseScript,
    host: &Authority,
    ticket: &Ticket,
    plan: &mut Option<Arc<Plan>>,
    response: Response<Source>,
) -> Response<Source> {
    let Some(script) = proxy.config.script.as_ref().filter(|script| script.responds()) else {
        return response;
    };
    // Responses made by rules or by the script itself are not passed to it.
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
    let seed = response_script.seed;
    let joined = match session.run_response_script(script, so_far, &facts, answer, seed) {
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

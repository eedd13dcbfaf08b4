//! Runs the script's response function: the response head is known, and its body is not sent yet.

use super::{arrival, exchange::Exchange, proxy::Proxy};
use crate::proxy::{body::source::Source, fault};
use crate::{
    event::Event,
    rules::{Answer, Facts},
};
use http::Response;
use hyper::body::Body as _;
use std::sync::Arc;

/// Runs the script for the response, and adds its effects to the plan where these slots are free. A delay and another
/// status are applied here, the other effects later.
pub(in crate::proxy) async fn run_response_script(
    proxy: &Proxy,
    exchange: &mut Exchange,
    response: &mut Response<Source>,
) {
    let script = proxy.config.script.as_ref().filter(|script| script.responds());
    let Some(script) = script.filter(|_| exchange.scripted) else { return };
    // Responses made by rules or by the script itself are not passed to it.
    if exchange.plan().is_some_and(|plan| plan.is_answered()) {
        return;
    }
    let (session, request) = (&exchange.session, &exchange.request);
    let now = session.now();
    let facts = Facts {
        process_time: session.process_time(now),
        unix_time: session.unix_time(now),
        session_time: now,
        highest_rung: request.resource.highest_rung(),
        ..arrival::facts(request)
    };
    let answer = Answer {
        status: response.status().as_u16(),
        length: response.body().size_hint().exact(),
        headers: response.headers(),
    };
    let so_far = exchange.plan().map(|plan| (**plan).clone()).unwrap_or_default();
    let seed = exchange.attempt.seed;
    let joined = match session.run_response_script(script, so_far, &facts, answer, seed) {
        Ok(joined) => joined,
        Err(failure) => {
            exchange.emit(&Event::ScriptFailed { request: Arc::clone(request), failure });
            return;
        }
    };
    let waited = exchange.plan().is_some_and(|plan| plan.delay.is_some());
    if let Some(delay) = joined.delay.as_ref().filter(|_| !waited) {
        exchange.injected(&delay.rule, "delay", None);
        Box::pin(proxy.pause(session, delay.effect)).await;
    }
    if let Some(other) = fault::status_response(&joined, exchange) {
        *response = other;
    }
    exchange.decision.plan = (!joined.is_empty()).then(|| Arc::new(joined));
}

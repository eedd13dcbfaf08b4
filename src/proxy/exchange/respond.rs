//! Waits for latency and delays, and obtains the response: from a rule, or from the origin.

use super::{exchange::Exchange, outbound::Outbound, proxy::Proxy, unanswered::Unanswered};
use crate::proxy::{
    body::{head_shaping, source::Source, uplink_loss},
    fault,
};
use crate::{event::Outcome, media::is_held, model::OnDrop};
use http::Response;
use std::{sync::Arc, time::Duration};

/// Waits for the latency of the link, the delays of rules and the uplink, and returns the response.
pub(in crate::proxy) async fn respond(
    proxy: &Proxy,
    exchange: &mut Exchange,
    outbound: Box<Outbound>,
) -> Result<Response<Source>, Unanswered> {
    let plan = exchange.plan().map(Arc::clone);
    let mut wait = exchange.latency - exchange.response_latency();
    // A request that the origin holds is delayed after the response, since both waits would overlap.
    let held = is_held(&exchange.request.resource, &outbound.url.path);
    let answered = plan.as_ref().is_some_and(|plan| plan.is_answered());
    let delay = plan.as_ref().and_then(|plan| plan.delay.clone());
    let (before, after) = if held && !answered { (None, delay) } else { (delay, None) };
    if let Some(delay) = before {
        exchange.injected(&delay.rule, "delay", None);
        exchange.await_rule(wait);
        wait += delay.effect;
    }
    proxy.pause(&exchange.session, wait).await;
    exchange.rule_passed();
    if let Err(action) =
        head_shaping::pass_uplink(exchange, exchange.seed, outbound.head_size).await
    {
        return Err(end_on_uplink(exchange, action));
    }
    if let Some(stored) = fault::stored_error(exchange, &outbound) {
        return Ok(stored);
    }
    let response = if let Some(hop) = fault::next_hop(exchange, &outbound) {
        hop
    } else if let Some(plan) = plan {
        Box::pin(fault::answer(proxy, &plan, exchange, outbound)).await?
    } else {
        proxy.fetch_from_origin(outbound, exchange).await
    };
    if let Some(action) = exchange.cut_on_uplink() {
        return Err(end_on_uplink(exchange, action));
    }
    if let Some(delay) = after.filter(|_| exchange.redirect_target.is_none()) {
        exchange.injected(&delay.rule, "delay", None);
        exchange.await_rule(Duration::ZERO);
        proxy.pause(&exchange.session, delay.effect).await;
        exchange.rule_passed();
    }
    Ok(response)
}

/// Ends a request after a loss on the uplink: it gets no response.
fn end_on_uplink(exchange: &mut Exchange, action: OnDrop) -> Unanswered {
    uplink_loss::end(exchange, action);
    exchange.ended(Outcome::Cut);
    Unanswered
}

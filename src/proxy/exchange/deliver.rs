//! Applies the last effects to a response, and makes its body one that is shaped.

use super::{cmsd, exchange::Exchange, headers, proxy::Proxy, server_timing::server_timing};
use crate::proxy::{
    body::{
        head_shaping,
        response_body::PlayerBody,
        rule_link::RuleLink,
        shaped_body::{BodyPlan, ShapedBody},
        source::Source,
    },
    fault::{self, FaultedBody},
};
use crate::{
    profiles::Catalog,
    rules::{Closing, Plan},
};
use http::{HeaderName, Response};
use std::sync::Arc;

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// How the response of an exchange is delivered.
#[derive(Debug, Clone, Copy)]
pub(in crate::proxy) struct Delivery {
    /// It has no body.
    bodiless: bool,
    /// Close the connection after it.
    request_close: bool,
}

/// Gives `response` the head that the player is sent. Then a head without a body passes the link, see
/// [`head_shaping::pass_downlink`].
pub(in crate::proxy) fn prepare(
    proxy: &Proxy,
    exchange: &Exchange,
    response: &mut Response<Source>,
) -> Delivery {
    let plan = exchange.plan().map(Arc::clone);
    let mut request_close = false;
    if let Some(plan) = &plan {
        fault::apply_header_faults(plan, exchange, response);
        request_close = fault::close(plan, exchange, response);
        if plan.close.as_ref().is_some_and(|close| close.effect == Closing::IdleConnections) {
            proxy.connections.close_idle(exchange.session.tag.ordinal);
        }
    }
    let bodiless = head_shaping::remove_body_if_not_allowed(&exchange.request.method, response);
    if let Some(timing) = server_timing(exchange) {
        response.headers_mut().append(SERVER_TIMING, timing);
    }
    if proxy.config.cmsd {
        cmsd::add(&exchange.session, response.headers_mut());
    }
    Delivery { bodiless, request_close }
}

/// Makes the body of `response`, which is prepared, one that is shaped.
pub(in crate::proxy) fn deliver(
    proxy: &Proxy,
    mut exchange: Box<Exchange>,
    response: Response<Source>,
    delivery: Delivery,
) -> Response<PlayerBody> {
    exchange.answered(response.status().as_u16());
    let plan = exchange.plan().map(Arc::clone);
    let rule_link = plan.as_deref().map(|plan| rule_link(&proxy.catalog, plan, &exchange));
    let (response, body_gate) = match plan.as_deref() {
        Some(plan) if !delivery.bodiless => fault::apply_body_faults(plan, &exchange, response),
        _ => (response.map(FaultedBody::Intact), None),
    };
    let body_plan = BodyPlan {
        link: Arc::clone(&exchange.arming.link),
        rule_link: rule_link.unwrap_or_default(),
        body_gate,
        request_close: delivery.request_close,
        wake_schedule: Arc::clone(&proxy.wake_schedule),
        head: headers::head_size(response.status(), response.headers()),
        host: Some(exchange.host.clone()),
    };
    let seed = exchange.seed;
    response
        .map(|body| PlayerBody::Shaped(Box::new(ShapedBody::new(body, body_plan, seed, exchange))))
}

/// Rate and link that rules set for the response. An invalid profile is logged and has no effect.
fn rule_link(catalog: &Catalog, plan: &Plan, exchange: &Exchange) -> RuleLink {
    let rate = plan.rate.as_ref().map(|planned| {
        exchange.injected(&planned.rule, "rate", None);
        planned.effect
    });
    let link = plan.profile.as_ref().and_then(|planned| match catalog.named(&planned.effect) {
        Ok(profile) => {
            exchange.injected(&planned.rule, "profile", None);
            Some(Arc::new(profile.link.clone()))
        }
        Err(problem) => {
            tracing::warn!(rule = %planned.rule, %problem, "a rule's profile can't be used");
            None
        }
    });
    RuleLink { rate, link }
}

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
use hyper::body::Body as _;
use std::sync::Arc;

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// Makes `response` the one that the player is sent.
pub(in crate::proxy) async fn deliver(
    proxy: &Proxy,
    mut exchange: Box<Exchange>,
    mut response: Response<Source>,
) -> Response<PlayerBody> {
    let plan = exchange.plan().map(Arc::clone);
    let mut request_close = false;
    if let Some(plan) = &plan {
        fault::apply_header_faults(plan, &exchange, &mut response);
        request_close = fault::close(plan, &exchange, &mut response);
        if plan.close.as_ref().is_some_and(|close| close.effect == Closing::IdleConnections) {
            proxy.connections.close_idle(exchange.session.tag.ordinal);
        }
    }
    let bodiless =
        head_shaping::remove_body_if_not_allowed(&exchange.request.method, &mut response);
    if let Some(timing) = server_timing(&exchange) {
        response.headers_mut().append(SERVER_TIMING, timing);
    }
    if proxy.config.cmsd {
        cmsd::add(&exchange.session, response.headers_mut());
    }
    if response.body().is_end_stream() {
        head_shaping::pass_downlink(&exchange.session, &response).await;
    }
    exchange.answered(response.status().as_u16());
    let rule_link = plan.as_deref().map(|plan| rule_link(&proxy.catalog, plan, &exchange));
    let (response, body_gate) = match plan.as_deref() {
        Some(plan) if !bodiless => fault::apply_body_faults(plan, &exchange, response),
        _ => (response.map(FaultedBody::Intact), None),
    };
    let body_plan = BodyPlan {
        link: Arc::clone(&exchange.arming.link),
        rule_link: rule_link.unwrap_or_default(),
        body_gate,
        request_close,
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

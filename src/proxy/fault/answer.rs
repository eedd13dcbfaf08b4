//! The response to a request that has a plan, before its body is shaped: made by a rule, or the origin's, with faults.

use super::{date::moved_iso_time, range_fault, replacement, short_circuit::short_circuit};
use crate::{
    memory::Part,
    proxy::{
        body::source::Source,
        exchange::{Exchange, outbound::Outbound, proxy::Proxy, reply, unanswered::Unanswered},
    },
    rules::{Keep, Plan, Planned, Reload, Skew},
    sessions::{CachedError, UpstreamUrl},
};
use bytes::Bytes;
use http::{HeaderValue, Response, header};
use hyper::body::Body as _;
use std::sync::Arc;

/// The largest body of an error that is stored; larger errors are not stored.
const LARGEST_ERROR: usize = 64 * 1024;
/// What a rule that holds bytes back must be able to hold.
const LEAST_HELD: usize = 64 * 1024;
/// Longer than any time stamp.
const LARGEST_TIME: usize = 64;

/// Makes the response to a request with `plan`.
pub(in crate::proxy) async fn answer(
    proxy: &Proxy,
    plan: &Plan,
    exchange: &mut Exchange,
    mut outbound: Box<Outbound>,
) -> Result<Response<Source>, Unanswered> {
    if plan.coalesce.is_some()
        && let Err(used_up) = exchange.session.memory().check(Part::Coalesced, LEAST_HELD)
    {
        return Ok(reply::refusal(exchange.connection(), &used_up.into()));
    }
    let url = plan.keep_errors.as_ref().map(|_| outbound.url.clone());
    let early = short_circuit(proxy, plan, exchange, &outbound).await.transpose()?;
    let generated = || {
        let body = plan.body.as_ref()?;
        replacement::generated(body, exchange, &outbound.url)
    };
    let mut response = match early.or_else(generated) {
        Some(response) => response,
        None => {
            change_target(plan, exchange, &mut outbound);
            let ranged = outbound.head.headers.contains_key(header::RANGE);
            let fault = plan.range.as_ref().filter(|_| ranged);
            if let Some(fault) = fault {
                range_fault::change_request(fault.effect, &mut outbound.head);
            }
            let mut response = proxy.fetch_from_origin(outbound, exchange).await;
            if let Some(fault) = fault {
                range_fault::apply_range_fault(fault, exchange, &mut response);
            }
            response
        }
    };
    if let Some(skew) = &plan.date_skew {
        skew_body(skew.effect, &mut response).await;
    }
    if let Some((keep, url)) = plan.keep_errors.as_ref().zip(url) {
        store_error(keep, &url, exchange, &mut response).await;
    }
    Ok(response)
}

/// Changes what is requested from the origin, as the plan requires.
fn change_target(plan: &Plan, exchange: &Exchange, outbound: &mut Outbound) {
    let body = plan.body.as_ref();
    if let Some(there) =
        body.and_then(|body| replacement::other_resource(body, exchange, &outbound.url))
    {
        outbound.url = there;
    }
    if let Some(Planned { rule, effect }) = &plan.reload
        && let Some(path) = without_directives(*effect, &outbound.url.path)
    {
        exchange.injected(rule, "reload", None);
        outbound.url.path = path;
    }
}

/// The path without the directives of a low-latency HLS reload; `None` = there are none.
fn without_directives(reload: Reload, path: &str) -> Option<String> {
    let (bare, query) = path.split_once('?')?;
    let removed = |pair: &str| match reload {
        Reload::Early => pair.starts_with("_HLS_msn=") || pair.starts_with("_HLS_part="),
        Reload::Full => pair.starts_with("_HLS_skip="),
    };
    if !query.split('&').any(removed) {
        return None;
    }
    let kept: Vec<_> = query.split('&').filter(|pair| !removed(pair)).collect();
    Some(if kept.is_empty() { bare.to_owned() } else { format!("{bare}?{}", kept.join("&")) })
}

/// Shifts the time in a body that consists of a time stamp.
async fn skew_body(skew: Skew, response: &mut Response<Source>) {
    let short = response.body().size_hint().upper().is_some_and(|u| u <= LARGEST_TIME as u64);
    if !short || !response.status().is_success() {
        return;
    }
    let Some(bytes) = response.body_mut().read_ahead(LARGEST_TIME).await else { return };
    let moved =
        str::from_utf8(&bytes).ok().and_then(|time| moved_iso_time(time, skew.milliseconds));
    let Some(moved) = moved else { return };
    let headers = response.headers_mut();
    if headers.contains_key(header::CONTENT_LENGTH) {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(moved.len()));
    }
    *response.body_mut() = Source::from(Bytes::from(moved));
}

/// Stores an error response for later requests of the same URL.
async fn store_error(
    keep: &Planned<Keep>,
    url: &UpstreamUrl,
    exchange: &Exchange,
    response: &mut Response<Source>,
) {
    if response.status().as_u16() < 400 {
        return;
    }
    let Some(body) = response.body_mut().read_ahead(LARGEST_ERROR).await else { return };
    let Planned { rule, effect: Keep(time) } = keep;
    let (status, headers) = (response.status(), response.headers().clone());
    let error = CachedError { rule: Arc::clone(rule), status, headers, body };
    exchange.session.store_error(url, *time, error);
    exchange.applied(rule);
}

/// The stored error for the request, if there is one.
pub(in crate::proxy) fn stored_error(
    exchange: &Exchange,
    outbound: &Outbound,
) -> Option<Response<Source>> {
    let CachedError { rule, status, headers, body } =
        exchange.session.stored_error(&outbound.url)?;
    exchange.injected(&rule, "keep-errors", None);
    let mut response = Response::new(Source::from(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Some(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_go_and_the_rest_stays() {
        let early = |path| without_directives(Reload::Early, path);
        assert_eq!(
            early("/a?t=1&_HLS_msn=4&_HLS_part=2&_HLS_skip=YES").unwrap(),
            "/a?t=1&_HLS_skip=YES"
        );
        assert_eq!(early("/a?_HLS_msn=4").unwrap(), "/a");
        assert_eq!(early("/a?t=1"), None);
        assert_eq!(
            without_directives(Reload::Full, "/a?_HLS_msn=4&_HLS_skip=v2").unwrap(),
            "/a?_HLS_msn=4"
        );
    }
}

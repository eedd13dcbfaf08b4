//! The response to a request that has a plan, before its body is shaped.

use super::{date::moved_iso_time, range_fault, replacement, short_circuit::short_circuit};
use crate::{
    proxy::{
        body::source::Source,
        exchange::{
            fetch::Outbound,
            service::{Proxy, Unanswered},
            ticket::Ticket,
        },
    },
    rules::{Keep, Plan, Planned, Reload, Skew},
    seed::Seed,
    sessions::CachedError,
};
use bytes::Bytes;
use http::{HeaderValue, Response, header};
use std::sync::Arc;

/// The largest body of an error that is stored; larger errors are not stored.
const LARGEST_ERROR: usize = 64 * 1024;
/// Longer than any time stamp.
const LARGEST_TIME: usize = 64;

/// Makes the response to a request with `plan`.
pub(in crate::proxy) async fn answer(
    proxy: &Proxy,
    plan: &Plan,
    seed: Seed,
    ticket: &mut Ticket,
    mut outbound: Outbound,
) -> Result<Response<Source>, Unanswered> {
    let url = plan.keep_errors.as_ref().map(|_| outbound.origin.url(&outbound.path));
    let at = (&outbound.origin, &*outbound.path);
    let early = short_circuit(proxy, plan, ticket, at, &outbound.head, seed).await.transpose()?;
    let generated = || {
        let body = plan.body.as_ref()?;
        replacement::generated(body, ticket, &outbound.path, seed)
    };
    let mut response = match early.or_else(generated) {
        Some(response) => response,
        None => {
            change_target(plan, ticket, &mut outbound);
            let ranged = outbound.head.headers.contains_key(header::RANGE);
            let fault = plan.range.as_ref().filter(|_| ranged);
            if let Some(fault) = fault {
                range_fault::change_request(fault.effect, &mut outbound.head);
            }
            let mut response = proxy.fetch_from_origin(outbound, ticket).await;
            if let Some(fault) = fault {
                range_fault::apply_range_fault(fault, ticket, &mut response);
            }
            response
        }
    };
    if let Some(skew) = &plan.date_skew {
        skew_body(skew.effect, &mut response).await;
    }
    if let Some((keep, url)) = plan.keep_errors.as_ref().zip(url) {
        store_error(keep, &url, ticket, &mut response).await;
    }
    Ok(response)
}

/// Changes what is requested from the origin, as the plan requires.
fn change_target(plan: &Plan, ticket: &Ticket, outbound: &mut Outbound) {
    let body = plan.body.as_ref();
    let there = body.and_then(|body| {
        replacement::other_resource(body, ticket, (&outbound.origin, &outbound.path))
    });
    if let Some(there) = there {
        (outbound.origin, outbound.path) = there;
    }
    if let Some(Planned { rule, effect }) = &plan.reload
        && let Some(path) = without_directives(*effect, &outbound.path)
    {
        ticket.injected(rule, "reload", None);
        outbound.path = path;
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
    url: &str,
    ticket: &Ticket,
    response: &mut Response<Source>,
) {
    if response.status().as_u16() < 400 {
        return;
    }
    let Some(body) = response.body_mut().read_ahead(LARGEST_ERROR).await else { return };
    let Planned { rule, effect: Keep(time) } = keep;
    let (status, headers) = (response.status(), response.headers().clone());
    let until = ticket.session.now().saturating_add(*time);
    let error = CachedError { rule: Arc::clone(rule), status, headers, body };
    ticket.session.error_cache.lock().keep(url, until, error);
    ticket.applied(rule);
}

/// The stored error for the request, if there is one.
pub(in crate::proxy) fn stored_error(
    ticket: &Ticket,
    outbound: &Outbound,
) -> Option<Response<Source>> {
    let session = &ticket.session;
    let mut cache = session.error_cache.lock();
    if cache.is_empty() {
        return None;
    }
    let rules = Arc::clone(&session.arming().rules);
    let in_force = |rule: &str| rules.iter().any(|known| known.name() == rule);
    let url = outbound.origin.url(&outbound.path);
    let CachedError { rule, status, headers, body } = cache.get(&url, session.now(), in_force)?;
    ticket.injected(&rule, "keep-errors", None);
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

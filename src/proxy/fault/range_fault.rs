//! Wrong responses to range requests.

use crate::{
    proxy::{
        body::source::Source,
        exchange::{Exchange, headers},
    },
    rules::{Planned, RangeFault},
};
use http::{HeaderValue, Response, StatusCode, header, request};
use hyper::body::Body as _;

/// Removes the range from a request whose response is to be the whole resource.
pub(in crate::proxy) fn change_request(fault: RangeFault, head: &mut request::Parts) {
    if matches!(fault, RangeFault::Ignored | RangeFault::Whole) {
        head.headers.remove(header::RANGE);
        head.headers.remove(header::IF_RANGE);
    }
}

/// Applies a range fault to the response to a range request. A response that does not allow it (an error, or an
/// unknown length) is not changed.
pub(in crate::proxy) fn apply_range_fault(
    planned: &Planned<RangeFault>,
    exchange: &Exchange,
    response: &mut Response<Source>,
) {
    if change_response(planned.effect, response).is_some() {
        exchange.injected(&planned.rule, "range", None);
    }
}

fn change_response(fault: RangeFault, response: &mut Response<Source>) -> Option<()> {
    let partial = response.status() == StatusCode::PARTIAL_CONTENT;
    match fault {
        RangeFault::Ignored => (response.status() == StatusCode::OK).then_some(()),
        RangeFault::Whole => {
            let length = length(response).filter(|length| *length > 0)?;
            if response.status() != StatusCode::OK {
                return None;
            }
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            describe(response, &format!("bytes 0-{}/{length}", length - 1))
        }
        RangeFault::Shifted => {
            let (first, rest) = content_range(response).filter(|_| partial)?;
            describe(response, &format!("bytes {}-{rest}", first.saturating_add(1)))
        }
        RangeFault::Empty => {
            if !partial {
                return None;
            }
            *response.body_mut() = Source::default();
            response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(0));
            Some(())
        }
        RangeFault::Unsized => {
            if !partial {
                return None;
            }
            response.headers_mut().remove(header::CONTENT_LENGTH);
            response.body_mut().hide_length();
            Some(())
        }
        RangeFault::Unsatisfiable => {
            let total = if partial {
                content_range(response)?.1.rsplit('/').next()?.to_owned()
            } else {
                length(response).filter(|_| response.status() == StatusCode::OK)?.to_string()
            };
            *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
            *response.body_mut() = Source::default();
            response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(0));
            describe(response, &format!("bytes */{total}"))
        }
    }
}

fn describe(response: &mut Response<Source>, range: &str) -> Option<()> {
    let value = HeaderValue::from_str(range).ok()?;
    response.headers_mut().insert(header::CONTENT_RANGE, value);
    Some(())
}

/// The length of the response, declared or known from its body.
fn length(response: &Response<Source>) -> Option<u64> {
    let declared = headers::text(response.headers(), header::CONTENT_LENGTH);
    declared.and_then(|length| length.parse().ok()).or_else(|| response.body().size_hint().exact())
}

/// The first byte of `Content-Range`, and the rest: `LAST/TOTAL`.
fn content_range(response: &Response<Source>) -> Option<(u64, String)> {
    let value = headers::text(response.headers(), header::CONTENT_RANGE)?;
    let (first, rest) = value.strip_prefix("bytes ")?.split_once('-')?;
    Some((first.trim().parse().ok()?, rest.to_owned()))
}

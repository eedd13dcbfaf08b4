//! Sets up the body effects of a plan for a response.

use super::{body_gate::BodyGate, faulted_body::FaultedBody};
use crate::{
    proxy::{body::source::Source, exchange::Exchange},
    rules::{Ending, Plan},
};
use http::{HeaderValue, Response, Version, header};
use hyper::body::Body as _;

/// Adds the body faults of `plan` to `response`, and updates `Content-Length`. Also returns the gate to place before
/// the link, if the plan needs one.
pub(in crate::proxy) fn apply_body_faults(
    plan: &Plan,
    exchange: &Exchange,
    mut response: Response<Source>,
) -> (Response<FaultedBody>, Option<Box<BodyGate>>) {
    let length = response.body().size_hint().exact();
    let chunked = matches!(&plan.cut, Some(cut) if cut.effect.ending == Ending::BadChunk);
    if let Some(planned) = plan.framing.as_ref().filter(|_| !chunked) {
        exchange.injected(&planned.rule, "framing", None);
        end_by_close(exchange, &mut response);
    }
    let mut response = response.map(|source| FaultedBody::new(source, plan, exchange));
    let Some(body_gate) = BodyGate::new(plan, length, exchange.connection().is_http2()) else {
        return (response, None);
    };
    let declared = body_gate.declared();
    if declared != length {
        let headers = response.headers_mut();
        match declared {
            Some(length) => headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length)),
            None => headers.remove(header::CONTENT_LENGTH),
        };
    }
    (response, Some(Box::new(body_gate)))
}

/// Makes the close of the connection mark the end of the body.
fn end_by_close(exchange: &Exchange, response: &mut Response<Source>) {
    response.body_mut().hide_length();
    response.headers_mut().remove(header::CONTENT_LENGTH);
    if !exchange.connection().is_http2() {
        // For HTTP/1.0, hyper writes neither a length nor chunks. The status line is rewritten to HTTP/1.1.
        *response.version_mut() = Version::HTTP_10;
        exchange.connection().answer_as_http11();
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
}

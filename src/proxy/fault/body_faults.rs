//! Puts what a plan asks for into the way of an answer's body.

use super::{body_filter::BodyFilter, body_gate::BodyGate};
use crate::{
    proxy::{body::source::Source, exchange::ticket::Ticket},
    rules::{Ending, Plan},
    seed::Seed,
};
use http::{HeaderValue, Response, Version, header};

/// Sends the body of `response` by way of what `plan` asks for, and tells its new length, if it has
/// one. The gatekeeper to stand before the link.
pub(in crate::proxy) fn apply_body_faults(
    plan: &Plan,
    seed: Seed,
    ticket: &Ticket,
    multiplexed: bool,
    response: &mut Response<Source>,
) -> Option<Box<BodyGate>> {
    let length = response.body().size_hint().exact();
    if let Some(body_filter) =
        BodyFilter::new(plan, seed, &ticket.session, || ticket.fault_reporter())
    {
        response.body_mut().set_body_filter(body_filter);
    }
    let chunked = matches!(&plan.cut, Some(cut) if cut.effect.ending == Ending::BadChunk);
    if let Some(planned) = plan.framing.as_ref().filter(|_| !chunked) {
        ticket.injected(&planned.rule, "framing", None);
        end_by_close(ticket, multiplexed, response);
    }
    let body_gate = BodyGate::new(plan, length, multiplexed)?;
    let declared = body_gate.declared();
    if declared != length {
        let headers = response.headers_mut();
        match declared {
            Some(length) => headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length)),
            None => headers.remove(header::CONTENT_LENGTH),
        };
    }
    Some(Box::new(body_gate))
}

/// Lets the body end where the connection closes.
fn end_by_close(ticket: &Ticket, multiplexed: bool, response: &mut Response<Source>) {
    response.body_mut().hide_length();
    response.headers_mut().remove(header::CONTENT_LENGTH);
    if !multiplexed {
        // To HTTP/1.0, hyper writes neither a length nor chunks. The player is told 1.1 all the same.
        *response.version_mut() = Version::HTTP_10;
        ticket.connection().answer_as_http11();
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
}

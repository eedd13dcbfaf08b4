//! Puts what a plan asks for into the way of an answer's body.

use super::{detour::Detour, gatekeeper::Gatekeeper};
use crate::{
    proxy::{source::Source, ticket::Ticket},
    rules::Plan,
    seed::Seed,
};
use http::{HeaderValue, Response, header};

/// Sends the body of `response` by way of what `plan` asks for, and tells its new length, if it has
/// one. The gatekeeper to stand before the link.
pub(in crate::proxy) fn befall(
    plan: &Plan,
    seed: Seed,
    ticket: &Ticket,
    multiplexed: bool,
    response: &mut Response<Source>,
) -> Option<Box<Gatekeeper>> {
    let length = response.body().size_hint().exact();
    if let Some(detour) = Detour::new(plan, seed, &ticket.session, || ticket.teller()) {
        response.body_mut().detour(detour);
    }
    let gatekeeper = Gatekeeper::new(plan, length, multiplexed)?;
    let declared = gatekeeper.declared();
    if declared != length {
        let headers = response.headers_mut();
        match declared {
            Some(length) => headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length)),
            None => headers.remove(header::CONTENT_LENGTH),
        };
    }
    Some(Box::new(gatekeeper))
}

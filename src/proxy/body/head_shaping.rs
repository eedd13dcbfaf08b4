//! Shapes message heads on their own: request heads on the uplink, and on the downlink the heads of responses
//! without a body. (For other responses the head is counted with the body.)

use super::{
    link_driver::{LinkDriver, LinkOutcome},
    source::Source,
    uplink_loss,
};
use crate::proxy::exchange::{Exchange, headers};
use crate::{
    model::{LinkSpec, OnDrop, ResponseShaper},
    seed::Seed,
    sessions::{Session, ShapedResponse},
};
use http::{Method, Response, StatusCode};
use hyper::body::Body as _;
use std::{future::poll_fn, sync::Arc};

/// Removes the body of a response that may not have one (RFC 9110 §6.4.1), and returns whether that is so. The
/// headers of the origin stay; such a body can only be one that the proxy made.
pub(in crate::proxy) fn remove_body_if_not_allowed(
    method: &Method,
    response: &mut Response<Source>,
) -> bool {
    let status = response.status();
    let bodiless = *method == Method::HEAD
        || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if bodiless {
        *response.body_mut() = Source::default();
    }
    bodiless
}

/// Waits until the uplink has carried the head of `exchange`'s request, which has `bytes` bytes. Fails with the
/// loss action that ended the request on the uplink.
pub(in crate::proxy) async fn pass_uplink(
    exchange: &Exchange,
    seed: Seed,
    bytes: u32,
) -> Result<(), OnDrop> {
    let session = &exchange.session;
    if session.uplink.shapes_bodies() {
        let mut shaper = uplink_loss::shaper(session, seed.named("uplink head"));
        // No data follows the head that could reveal its loss: it is detected by the retransmission time-out.
        shaper.set_round_trip(uplink_loss::round_trip(session) + uplink_loss::SMALLEST_ALLOWANCE);
        let lost = |action, at_byte| uplink_loss::lost(exchange, action, at_byte);
        Box::pin(carry(LinkDriver::up(session, shaper), bytes, &lost)).await?;
    }
    Ok(())
}

/// Waits until the downlink has carried the head of a response, if it is without a body. Simulated TCP is not involved: a
/// head fits into any window.
pub(in crate::proxy) async fn pass_downlink(session: &Arc<Session>, response: &Response<Source>) {
    if response.body().is_end_stream() && session.downlink.shapes_bodies() {
        let bytes = headers::head_size(response.status(), response.headers());
        // No random draws: a head has neither losses nor stalls by bytes.
        let shaper = ResponseShaper::new(&LinkSpec::default(), None, Seed::new(0));
        let head = ShapedResponse::new(shaper.without_stall_verdicts());
        let _ = Box::pin(carry(LinkDriver::down(session, head), bytes, &|_, _| {})).await;
    }
}

/// Waits until `link` has carried a head of `bytes`, and calls `lost` for each lost packet, with its first byte. Fails
/// with the loss action that ended the message.
async fn carry(
    mut link: LinkDriver,
    bytes: u32,
    lost: &(dyn Fn(OnDrop, u64) + Send + Sync),
) -> Result<(), OnDrop> {
    let mut left = bytes as usize;
    while left > 0 {
        match poll_fn(|cx| link.poll(cx, left)).await {
            LinkOutcome::Pass { bytes, .. } => left -= bytes,
            LinkOutcome::Stalled(_) => {}
            LinkOutcome::Drop { action, at_byte } => {
                lost(action, at_byte);
                if matches!(action, OnDrop::Truncate | OnDrop::Reset) {
                    return Err(action);
                }
            }
        }
    }
    Ok(())
}

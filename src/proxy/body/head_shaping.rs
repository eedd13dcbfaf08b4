//! Shapes message heads on their own: request heads on the uplink, and on the downlink the heads of responses
//! without a body. (For other responses the head is counted with the body.)

use super::{shaped_body::poll_until, source::Source, uplink_loss};
use crate::proxy::exchange::{headers, ticket::Ticket};
use crate::{
    model::{Flow, LinkSpec, OnDrop, Verdict},
    seed::Seed,
    sessions::{Bottleneck, Downlink, Session, Waiting},
};
use http::{Method, Response, StatusCode};
use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::time::Sleep;

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

/// Waits until the uplink has carried the head of `ticket`'s request, which has `bytes` bytes. Fails with the
/// loss action that ended the request on the uplink.
pub(in crate::proxy) async fn pass_uplink(
    ticket: &Ticket,
    seed: Seed,
    bytes: u32,
) -> Result<(), OnDrop> {
    let session = &ticket.session;
    if session.uplink.shapes_bodies() {
        let mut flow = uplink_loss::flow(session, seed.named("uplink head"));
        // No data follows the head that could reveal its loss: it is detected by the retransmission time-out.
        flow.set_round_trip(uplink_loss::round_trip(session) + uplink_loss::SMALLEST_ALLOWANCE);
        let lost = |action, at_byte| uplink_loss::lost(ticket, action, at_byte);
        HeadDelay::new(session, LinkOfHead::Up(&session.uplink), flow, &lost).carry(bytes).await?;
    }
    Ok(())
}

/// Waits until the downlink has carried the head of a response without a body. Simulated TCP is not involved: a
/// head fits into any window.
pub(in crate::proxy) async fn pass_downlink(session: &Session, response: &Response<Source>) {
    if session.downlink.shapes_bodies() {
        let bytes = headers::head_size(response.status(), response.headers());
        // No random draws: a head has neither losses nor stalls by bytes.
        let flow = Flow::new(&LinkSpec::default(), None, Seed::new(0));
        let delay = HeadDelay::new(session, LinkOfHead::Down(&session.downlink), flow, &|_, _| {});
        let _ = delay.carry(bytes).await;
    }
}

/// The link that the head passes.
enum LinkOfHead<'a> {
    Up(&'a Bottleneck),
    Down(&'a Downlink),
}

/// A head that passes a link.
struct HeadDelay<'a> {
    session: &'a Session,
    link: LinkOfHead<'a>,
    flow: Flow,
    /// Called for each lost packet, with its first byte.
    lost: &'a (dyn Fn(OnDrop, u64) + Send + Sync),
    waiting: Waiting,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl<'a> HeadDelay<'a> {
    fn new(
        session: &'a Session,
        link: LinkOfHead<'a>,
        flow: Flow,
        lost: &'a (dyn Fn(OnDrop, u64) + Send + Sync),
    ) -> Self {
        Self { session, link, flow, lost, waiting: Waiting::default(), sleep: None }
    }

    async fn carry(mut self, bytes: u32) -> Result<(), OnDrop> {
        let mut left = bytes as usize;
        while left > 0 {
            left -= poll_fn(|cx| self.poll(cx, left)).await?;
        }
        Ok(())
    }

    /// How many of `left` bytes may pass now, or the loss action that ends the request.
    fn poll(&mut self, cx: &mut Context<'_>, left: usize) -> Poll<Result<usize, OnDrop>> {
        loop {
            // Register before polling the link, so that a change in between is not missed.
            match &self.link {
                LinkOfHead::Up(uplink) => uplink.wait(&mut self.waiting, cx.waker()),
                LinkOfHead::Down(downlink) => downlink.wait(&mut self.waiting, cx.waker()),
            }
            match self.poll_link(self.session.now(), left) {
                Verdict::Pass(bytes) => return Poll::Ready(Ok(bytes)),
                Verdict::Wait(None) => return Poll::Pending,
                Verdict::Wait(Some(until)) => {
                    ready!(poll_until(&mut self.sleep, self.session, until, cx));
                }
                Verdict::Drop { action, at_byte } => {
                    (self.lost)(action, at_byte);
                    if matches!(action, OnDrop::Truncate | OnDrop::Reset) {
                        return Poll::Ready(Err(action));
                    }
                }
            }
        }
    }

    fn poll_link(&mut self, now: Duration, left: usize) -> Verdict {
        let flow = &mut self.flow;
        match &self.link {
            LinkOfHead::Up(uplink) => uplink.with(|link| flow.poll(link, None, now, left)),
            LinkOfHead::Down(downlink) => {
                let now = downlink.link_time(now);
                let verdict = downlink.with(|link, turns| match turns {
                    Some(turns) => flow.poll_in_turn(link, turns, now, left),
                    None => flow.poll(link, None, now, left),
                });
                match verdict {
                    Verdict::Wait(Some(until)) => Verdict::Wait(Some(downlink.session_time(until))),
                    verdict => verdict,
                }
            }
        }
    }
}

impl Drop for HeadDelay<'_> {
    fn drop(&mut self) {
        match &self.link {
            LinkOfHead::Up(uplink) => uplink.leave(&mut self.waiting),
            LinkOfHead::Down(downlink) => {
                downlink.leave(&mut self.waiting);
                downlink.with(|_, turns| turns.map_or((), |turns| self.flow.leave(turns)));
            }
        }
    }
}

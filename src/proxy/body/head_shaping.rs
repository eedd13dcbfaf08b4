//! Heads that take their time on the link alone: those of requests on the way up, and on the way down those
//! that no body follows. (A body takes the time of its head with its own.)

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

/// Takes an answer's body away where none may be (RFC 9110 §6.4.1), and says whether that is so. The headers are
/// the origin's; what there is of a body is ours, and not for sending.
pub(in crate::proxy) fn bare(method: &Method, response: &mut Response<Source>) -> bool {
    let status = response.status();
    let bare = *method == Method::HEAD
        || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if bare {
        *response.body_mut() = Source::default();
    }
    bare
}

/// Returns when the uplink has carried the head of `ticket`'s request, which is of so many bytes, or with what
/// ended the request on its way.
pub(in crate::proxy) async fn go_up(ticket: &Ticket, seed: Seed, bytes: u32) -> Result<(), OnDrop> {
    let session = &ticket.session;
    if session.uplink.shapes_bodies() {
        let mut flow = uplink_loss::flow(session, seed.named("uplink head"));
        // Nothing is sent behind a head that would tell of its loss: only the time-out does.
        flow.set_round_trip(uplink_loss::round_trip(session) + uplink_loss::SMALLEST_ALLOWANCE);
        let lost = |action, at_byte| uplink_loss::lost(ticket, action, at_byte);
        HeadDelay::new(session, Way::Up(&session.uplink), flow, &lost).carry(bytes).await?;
    }
    Ok(())
}

/// Returns when the downlink has carried the head of an answer without a body. Simulated TCP has no part in it:
/// a head fits any window.
pub(in crate::proxy) async fn go_down(session: &Session, response: &Response<Source>) {
    if session.downlink.shapes_bodies() {
        let bytes = headers::head_size(response.status(), response.headers());
        // Nothing is drawn for it: neither losses nor stalls by bytes.
        let flow = Flow::new(&LinkSpec::default(), None, Seed::new(0));
        let crossing = HeadDelay::new(session, Way::Down(&session.downlink), flow, &|_, _| {});
        let _ = crossing.carry(bytes).await;
    }
}

/// Which link it takes.
enum Way<'a> {
    Up(&'a Bottleneck),
    Down(&'a Downlink),
}

/// A head on its way.
struct HeadDelay<'a> {
    session: &'a Session,
    way: Way<'a>,
    flow: Flow,
    /// Notes a packet that is lost, at its first byte.
    lost: &'a (dyn Fn(OnDrop, u64) + Send + Sync),
    waiting: Waiting,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl<'a> HeadDelay<'a> {
    fn new(
        session: &'a Session,
        way: Way<'a>,
        flow: Flow,
        lost: &'a (dyn Fn(OnDrop, u64) + Send + Sync),
    ) -> Self {
        Self { session, way, flow, lost, waiting: Waiting::default(), sleep: None }
    }

    async fn carry(mut self, bytes: u32) -> Result<(), OnDrop> {
        let mut left = bytes as usize;
        while left > 0 {
            left -= poll_fn(|cx| self.poll(cx, left)).await?;
        }
        Ok(())
    }

    /// How many of `left` bytes pass, or what ends the request.
    fn poll(&mut self, cx: &mut Context<'_>, left: usize) -> Poll<Result<usize, OnDrop>> {
        loop {
            // Before the question, so that a change between question and wait is not missed.
            match &self.way {
                Way::Up(uplink) => uplink.wait(&mut self.waiting, cx.waker()),
                Way::Down(downlink) => downlink.wait(&mut self.waiting, cx.waker()),
            }
            match self.ask(self.session.now(), left) {
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

    fn ask(&mut self, now: Duration, left: usize) -> Verdict {
        let flow = &mut self.flow;
        match &self.way {
            Way::Up(uplink) => uplink.with(|link| flow.poll(link, None, now, left)),
            Way::Down(downlink) => {
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
        match &self.way {
            Way::Up(uplink) => uplink.leave(&mut self.waiting),
            Way::Down(downlink) => {
                downlink.leave(&mut self.waiting);
                downlink.with(|_, turns| turns.map_or((), |turns| self.flow.leave(turns)));
            }
        }
    }
}

//! A response body whose frames are sent when the session's link allows it. Nothing else on the byte path sleeps.
//!
//! If the session's link does not shape bodies, this costs one atomic read per chunk. When a live command makes it
//! shape, responses in flight are shaped at once.

pub(in crate::proxy) mod splice;

use super::{
    link_driver::{LinkDriver, LinkOutcome},
    packet_corruption::PacketCorruption,
    rule_link::RuleLink,
    session_timer::SessionTimer,
    splice_pipes::OpenPipe,
    wake_schedule::WakeSchedule,
};
use crate::proxy::{
    exchange::Exchange,
    fault::{BodyGate, FaultedBody, Order},
    upstream::OriginError,
};
use crate::{
    event::{Event, Outcome},
    model::{LinkSpec, OnDrop, Stall},
    rules::{Cut, Ending, Length},
    seed::Seed,
    units::{ByteSize, SessionTime},
};
use bytes::Bytes;
use http::uri::Authority;
use hyper::body::{Body, Frame, SizeHint};
use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

/// HTTP/2 frames are written by the connection's task, which does not report when. Data handed over before a cut
/// has this long to be sent.
const H2_FLUSH: Duration = Duration::from_millis(20);

/// An invalid chunk-size line: it has no hexadecimal digit (RFC 9112 §7.1).
const BAD_CHUNK: &[u8] = b"not-a-chunk-size\r\n";

/// Why a body ends early.
#[derive(Debug, thiserror::Error)]
pub(in crate::proxy) enum BodyError {
    /// The origin's body failed.
    #[error("the origin cut the body")]
    Origin(#[source] OriginError),
    /// A rule or a packet loss cuts it.
    #[error("cut by a rule or by the link")]
    Cut,
}

/// How a body is to be sent.
#[derive(Default)]
pub(in crate::proxy) struct BodyPlan {
    pub(in crate::proxy) link: Arc<LinkSpec>,
    pub(in crate::proxy) rule_link: RuleLink,
    pub(in crate::proxy) body_gate: Option<Box<BodyGate>>,
    /// Close the connection after it, without `Connection: close`.
    pub(in crate::proxy) request_close: bool,
    pub(in crate::proxy) wake_schedule: Arc<WakeSchedule>,
    /// Size of the head, which the link carries first.
    pub(in crate::proxy) head: u32,
    /// The host whose limits apply.
    pub(in crate::proxy) host: Option<Authority>,
}

/// An early end of a body, which waits until all bytes handed over are sent.
struct Breaking {
    error: BodyError,
    outcome: Outcome,
    /// On HTTP/2: when the bytes count as sent, in session time.
    sent_at: SessionTime,
    timer: SessionTimer,
}

/// A response body that is shaped.
pub(in crate::proxy) struct ShapedBody {
    inner: FaultedBody,
    /// The rest of the frame that is being handed over.
    frame: Bytes,
    /// The following frames, as far as they fit into the window of simulated TCP.
    ahead: VecDeque<Bytes>,
    ahead_bytes: usize,
    /// Trailers or an error read after them.
    after: Option<Result<Frame<Bytes>, OriginError>>,
    /// Bytes that may pass and are not handed over yet, since they are in several frames.
    credit: usize,
    plan: BodyPlan,
    seed: Seed,
    /// Set once the body is shaped.
    link: Option<LinkDriver>,
    /// The error that ends the body once all bytes handed over are sent.
    breaking: Option<Breaking>,
    /// Damage by lost packets to bytes that are not handed over yet.
    corruption: Option<Box<PacketCorruption>>,
    /// The body ends with the bytes that may pass now, since the headers declare no more.
    fulfilled: bool,
    over: bool,
    /// Bytes on their way through the kernel.
    pipe: Option<OpenPipe>,
    exchange: Box<Exchange>,
}

impl ShapedBody {
    pub(in crate::proxy) fn new(
        inner: FaultedBody,
        plan: BodyPlan,
        seed: Seed,
        exchange: Box<Exchange>,
    ) -> Self {
        Self {
            inner,
            frame: Bytes::new(),
            ahead: VecDeque::new(),
            ahead_bytes: 0,
            after: None,
            credit: 0,
            plan,
            seed,
            link: None,
            breaking: None,
            corruption: None,
            fulfilled: false,
            over: false,
            pipe: None,
            exchange,
        }
    }

    /// How many bytes rules let pass now; zero = the body was cut.
    fn poll_gate(&mut self, cx: &mut Context<'_>) -> Poll<u64> {
        let Some(body_gate) = &mut self.plan.body_gate else {
            return Poll::Ready(u64::MAX);
        };
        let order = body_gate.poll(cx, &self.exchange);
        match order {
            Poll::Ready(Order::Pass(most)) => {
                self.exchange.rule_passed();
                Poll::Ready(most)
            }
            Poll::Ready(Order::End(cut)) => {
                self.exchange.rule_passed();
                self.cut(cx, cut);
                Poll::Ready(0)
            }
            Poll::Pending => {
                self.exchange.await_rule(Duration::ZERO);
                if let Some(link) = &mut self.link {
                    link.source_empty();
                }
                Poll::Pending
            }
        }
    }

    /// Records in the body gate that `bytes` pass.
    fn note_passed(&mut self, bytes: usize) {
        let Some(body_gate) = &mut self.plan.body_gate else { return };
        let Some(cut) = body_gate.passed(bytes, &self.exchange) else { return };
        let connection = self.exchange.connection();
        match cut.ending {
            Ending::Reset => {
                connection.end.reset_on_close();
                connection.end.request_close();
            }
            Ending::Truncate if cut.length != Length::Fix => connection.end.request_close(),
            Ending::Goaway => connection.end.request_close(),
            Ending::Truncate | Ending::Silence(_) | Ending::BadChunk => {}
        }
        self.exchange.ended(Outcome::Cut);
        self.fulfilled = true;
    }

    fn cut(&mut self, cx: &Context<'_>, cut: Cut) {
        let connection = self.exchange.connection();
        match cut.ending {
            // On HTTP/2 only the stream is reset.
            Ending::Reset if !self.exchange.connection().is_http2() => {
                connection.end.reset_on_close();
            }
            Ending::Goaway => connection.end.request_close(),
            Ending::BadChunk if !self.exchange.connection().is_http2() => {
                connection.end.send_last(Bytes::from_static(BAD_CHUNK));
            }
            _ => {}
        }
        let clean = cut.ending == Ending::Truncate && cut.length != Length::Keep;
        if clean && self.exchange.connection().is_http2() {
            self.over = true;
            return self.exchange.ended(Outcome::Cut);
        }
        self.break_off(cx, BodyError::Cut, Outcome::Cut);
    }

    fn break_off(&mut self, cx: &Context<'_>, error: BodyError, outcome: Outcome) {
        self.exchange.connection().activity.expect_flush(cx.waker());
        let sent_at = self.exchange.session.now() + H2_FLUSH;
        self.breaking = Some(Breaking { error, outcome, sent_at, timer: SessionTimer::default() });
    }

    /// Ends the body with its error once all bytes before it are sent.
    fn poll_break(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if self.exchange.connection().is_http2() {
            if let Some(Breaking { sent_at, timer, .. }) = &mut self.breaking {
                ready!(timer.poll_until(&self.exchange.session, *sent_at, cx));
            }
        } else if !self.exchange.connection().activity.flushed(cx.waker()) {
            return Poll::Pending;
        }
        self.over = true;
        Poll::Ready(self.breaking.take().map(|Breaking { error, outcome, .. }| {
            self.exchange.ended(outcome);
            Err(error)
        }))
    }

    /// Waits until the link lets some of `available` bytes pass; zero = the body was cut.
    fn poll_link(&mut self, cx: &mut Context<'_>, available: usize) -> Poll<usize> {
        let Self { plan, seed, link, exchange, .. } = self;
        if link.is_none() && plan.rule_link.is_empty() && !exchange.session.shapes_bodies() {
            exchange.passed(available, exchange.session.now(), Duration::ZERO);
            return Poll::Ready(available);
        }
        let link = link.get_or_insert_with(|| {
            let BodyPlan { link, rule_link, host, head, wake_schedule, .. } = plan;
            let mut response = rule_link.shaped_response(exchange, link, host.take(), *seed);
            response.shaper().follow_head(*head);
            LinkDriver::down(&exchange.session, response).with_wake_schedule(wake_schedule)
        });
        loop {
            match ready!(link.poll(cx, available)) {
                LinkOutcome::Pass { bytes, now, waited } => {
                    exchange.passed(bytes, now, waited);
                    return Poll::Ready(bytes);
                }
                LinkOutcome::Stalled(Stall { at, lasts }) => {
                    let session = Arc::clone(&exchange.session.tag);
                    exchange.emit(&Event::Stalled { session, at, lasts });
                }
                LinkOutcome::Drop { action, at_byte } => {
                    let request = Arc::clone(&exchange.request);
                    exchange.emit(&Event::Dropped { request, action, at_byte });
                    let ending = match action {
                        OnDrop::Retransmit => continue,
                        OnDrop::Corrupt => {
                            let (handed, seed) = (exchange.bytes(), *seed);
                            self.corruption
                                .get_or_insert_with(|| {
                                    Box::new(PacketCorruption::new(handed, seed))
                                })
                                .corrupt_packet(at_byte);
                            continue;
                        }
                        OnDrop::Truncate => Ending::Truncate,
                        OnDrop::Reset => Ending::Reset,
                    };
                    self.cut(cx, Cut::after(ByteSize::from_bytes(at_byte), ending));
                    return Poll::Ready(0);
                }
            }
        }
    }

    /// Reads frames ahead up to the window of simulated TCP. Without simulated TCP, one frame is enough.
    fn read_ahead(&mut self, cx: &mut Context<'_>) {
        let Some(window) = self.link.as_ref().and_then(LinkDriver::window) else { return };
        while self.after.is_none() && ((self.frame.len() + self.ahead_bytes) as u64) < window {
            let Poll::Ready(Some(next)) = Pin::new(&mut self.inner).poll_frame(cx) else { return };
            match next.map(Frame::into_data) {
                Ok(Ok(data)) => {
                    self.ahead_bytes += data.len();
                    self.ahead.push_back(data);
                }
                Ok(Err(trailers)) => self.after = Some(Ok(trailers)),
                Err(error) => self.after = Some(Err(error)),
            }
        }
    }

    /// Polls the source's next frame. Data is stored in `frame`; trailers are returned.
    fn poll_source(&mut self, cx: &mut Context<'_>) -> Poll<Option<Frame<Bytes>>> {
        if let Some(frame) = self.ahead.pop_front() {
            self.ahead_bytes -= frame.len();
            self.frame = frame;
            return Poll::Ready(None);
        }
        let next = match self.after.take() {
            Some(after) => Poll::Ready(Some(after)),
            None => Pin::new(&mut self.inner).poll_frame(cx),
        };
        if next.is_ready() {
            self.exchange.origin_delivered();
        }
        match next {
            Poll::Pending => {
                self.exchange.await_origin();
                if let Some(link) = &mut self.link {
                    link.source_empty();
                }
                Poll::Pending
            }
            Poll::Ready(None) => {
                self.over = true;
                self.exchange.ended(Outcome::Complete);
                Poll::Ready(None)
            }
            Poll::Ready(Some(Err(error))) => {
                self.break_off(cx, BodyError::Origin(error), Outcome::OriginCut);
                Poll::Ready(None)
            }
            Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                Ok(data) => {
                    self.frame = data;
                    Poll::Ready(None)
                }
                Err(trailers) => Poll::Ready(Some(trailers)),
            },
        }
    }
}

impl Body for ShapedBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        loop {
            if self.breaking.is_some() {
                return self.poll_break(cx);
            }
            if self.over {
                return Poll::Ready(None);
            }
            if self.credit > 0 && !self.frame.is_empty() {
                let bytes = self.credit.min(self.frame.len());
                self.credit -= bytes;
                self.over = self.fulfilled && self.credit == 0;
                let mut piece = self.frame.split_to(bytes);
                if let Some(corruption) = &mut self.corruption {
                    piece = corruption.damage(piece);
                }
                return Poll::Ready(Some(Ok(Frame::data(piece))));
            }
            let most = match self.credit {
                0 => ready!(self.poll_gate(cx)),
                credit => credit as u64,
            };
            if most == 0 {
                continue;
            }
            if self.frame.is_empty() {
                if let Some(trailers) = ready!(self.poll_source(cx)) {
                    return Poll::Ready(Some(Ok(trailers)));
                }
                continue;
            }
            self.read_ahead(cx);
            let at_hand = self.frame.len() + self.ahead_bytes;
            let available = (at_hand as u64).min(most) as usize;
            let passed = ready!(self.poll_link(cx, available));
            self.credit = passed;
            self.note_passed(passed);
        }
    }

    fn is_end_stream(&self) -> bool {
        let at_hand = !self.frame.is_empty() || !self.ahead.is_empty() || self.after.is_some();
        self.over || (self.breaking.is_none() && !at_hand && self.inner.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.plan.body_gate {
            None => self.inner.size_hint(),
            Some(body_gate) => {
                body_gate.declared().map_or_else(SizeHint::new, SizeHint::with_exact)
            }
        }
    }
}

impl Drop for ShapedBody {
    fn drop(&mut self) {
        // It is not polled any more when it reports its end or has sent its declared length.
        if !self.over && !self.holds_pipe_bytes() && self.is_end_stream() {
            self.exchange.ended(Outcome::Complete);
        }
        if self.plan.request_close {
            self.exchange.connection().end.request_close();
        }
    }
}

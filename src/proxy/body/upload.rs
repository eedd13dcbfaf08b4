//! A request body whose frames are sent to the origin when the session's uplink allows it.

use super::{
    incoming_body::IncomingError,
    link_driver::{LinkDriver, LinkOutcome},
    request_body::RequestBody,
    uplink_cut::UplinkCut,
    uplink_loss,
};
use crate::proxy::{exchange::Exchange, fault::packet_corruption::PacketCorruption};
use crate::{
    event::{Bus, Event, RequestTag},
    model::OnDrop,
    seed::Seed,
    sessions::Session,
    units::SessionTime,
};
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

/// How long the uplink has delayed a body. The response time-out is extended by this time.
#[derive(Debug, Clone, Default)]
pub(in crate::proxy) struct UplinkDelay(Arc<AtomicU64>);

impl UplinkDelay {
    /// The total so far.
    pub(in crate::proxy) fn total(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }

    fn add(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.0.fetch_add(nanos, Ordering::Relaxed);
    }
}

/// Why a request body ends early.
#[derive(Debug, thiserror::Error)]
pub(in crate::proxy) enum UploadError {
    /// The player's connection failed.
    #[error(transparent)]
    Player(#[from] IncomingError),
    /// A packet was lost, and the profile ends requests there.
    #[error("a packet of the request was lost on the uplink")]
    Lost,
}

/// A request body that is sent to the origin; `None` = no body. Boxed, since hyper's client moves requests and
/// reserves space for 32 of them in every connection.
pub(in crate::proxy) struct Upload(Option<Box<UplinkBody>>);

/// The body and its state on the uplink. Without a limit on the uplink it passes unchanged.
struct UplinkBody {
    inner: RequestBody,
    frame: Bytes,
    session: Arc<Session>,
    request: Arc<RequestTag>,
    bus: Arc<Bus>,
    seed: Seed,
    /// Set by a loss that ends the request, and read where the response is awaited.
    cut: UplinkCut,
    /// Damage to packets, where the profile corrupts them.
    corruption: Option<PacketCorruption>,
    /// Set once the body is shaped.
    link: Option<LinkDriver>,
    delay: UplinkDelay,
    /// The session time up to which `delay` is counted.
    counted_until: SessionTime,
}

impl Upload {
    pub(in crate::proxy) fn new(inner: RequestBody, exchange: &Exchange) -> Self {
        if inner.is_end_stream() {
            return Self(None);
        }
        Self(Some(Box::new(UplinkBody {
            inner,
            frame: Bytes::new(),
            session: Arc::clone(&exchange.session),
            request: Arc::clone(&exchange.request),
            bus: Arc::clone(exchange.bus()),
            seed: exchange.seed.named("uplink"),
            cut: UplinkCut::clone(&exchange.cut),
            corruption: None,
            link: None,
            delay: UplinkDelay::default(),
            counted_until: SessionTime::ZERO,
        })))
    }

    /// A request without a body.
    pub(in crate::proxy) const fn none() -> Self {
        Self(None)
    }

    /// How long the uplink has delayed it, updated as it is sent.
    pub(in crate::proxy) fn delay(&self) -> Option<UplinkDelay> {
        self.0.as_ref().map(|body| body.delay.clone())
    }
}

impl UplinkBody {
    /// Waits until the uplink lets some of the frame pass. Fails when a loss ends the request.
    fn poll_link(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, UploadError>> {
        let Self { frame, session, link, seed, .. } = self;
        if link.is_none() && !session.uplink.shapes_bodies() {
            return Poll::Ready(Ok(frame.len()));
        }
        let link = link
            .get_or_insert_with(|| LinkDriver::up(session, uplink_loss::shaper(session, *seed)));
        loop {
            let Poll::Ready(outcome) = link.poll(cx, frame.len()) else {
                let due = link.due();
                self.count_delay(due);
                return Poll::Pending;
            };
            match outcome {
                LinkOutcome::Pass { bytes, .. } => return Poll::Ready(Ok(bytes)),
                LinkOutcome::Stalled(_) => {}
                LinkOutcome::Drop { action, at_byte } => {
                    let request = Arc::clone(&self.request);
                    self.bus.emit(&Event::Dropped { request, action, at_byte });
                    match action {
                        OnDrop::Retransmit => {}
                        OnDrop::Corrupt => {
                            let (sent, seed) = (link.sent(), self.seed);
                            self.corruption
                                .get_or_insert_with(|| PacketCorruption::new(sent, seed))
                                .corrupt_packet(at_byte);
                        }
                        OnDrop::Truncate | OnDrop::Reset => {
                            let _ = self.cut.set(action);
                            return Poll::Ready(Err(UploadError::Lost));
                        }
                    }
                }
            }
        }
    }

    /// Counts a wait for the link until `due` as delay, each moment once.
    fn count_delay(&mut self, due: Option<SessionTime>) {
        let Some(due) = due else { return };
        let from = self.session.now().max(self.counted_until);
        self.delay.add(due - from);
        self.counted_until = due.max(self.counted_until);
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = UploadError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, UploadError>>> {
        self.0.as_mut().map_or(Poll::Ready(None), |body| Pin::new(body).poll_frame(cx))
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl Body for UplinkBody {
    type Data = Bytes;
    type Error = UploadError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, UploadError>>> {
        while self.frame.is_empty() {
            let Poll::Ready(next) = Pin::new(&mut self.inner).poll_frame(cx) else {
                if let Some(link) = &mut self.link {
                    link.source_empty();
                }
                return Poll::Pending;
            };
            match next.map(|frame| frame.map(Frame::into_data)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
                Some(Ok(Err(trailers))) => return Poll::Ready(Some(Ok(trailers))),
                Some(Ok(Ok(data))) => self.frame = data,
            }
        }
        let bytes = match ready!(self.poll_link(cx)) {
            Ok(bytes) => bytes,
            Err(error) => return Poll::Ready(Some(Err(error))),
        };
        let mut piece = self.frame.split_to(bytes);
        if let Some(corruption) = &mut self.corruption {
            piece = corruption.damage(piece);
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.frame.is_empty() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, here) = (self.inner.size_hint(), self.frame.len() as u64);
        let mut hint = SizeHint::new();
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper + here);
        }
        hint.set_lower(rest.lower() + here);
        hint
    }
}

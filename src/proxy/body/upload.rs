//! A request body whose frames are sent to the origin when the session's uplink allows it.

use super::{
    incoming_body::IncomingError,
    link_driver::{LinkDriver, LinkOutcome},
    packet_corruption::PacketCorruption,
    request_body::RequestBody,
    uplink_cut::UplinkCut,
    uplink_loss,
};
use crate::proxy::exchange::Exchange;
use crate::{
    clock::Clock,
    event::{Bus, Event, RequestTag},
    model::OnDrop,
    seed::Seed,
    sessions::Session,
    units::{ProcessTime, SessionTime},
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

/// The least rate of a body, in bytes per second: a part that comes later does not start the response time-out again.
const LEAST_RATE: u64 = 1024;

/// How far a body has been sent. The response time-out starts again with each part that is passed to the origin, unless
/// the body is slower than the least rate, and is extended by the time that the uplink delays the body.
#[derive(Debug, Clone)]
pub(in crate::proxy) struct UploadProgress {
    clock: Clock,
    began: ProcessTime,
    times: Arc<Times>,
}

#[derive(Debug, Default)]
struct Times {
    /// The delay by the uplink, in nanoseconds.
    delay: AtomicU64,
    /// The process time at which the last part was passed on, in nanoseconds.
    passed: AtomicU64,
    /// The bytes that were passed on.
    bytes: AtomicU64,
}

impl UploadProgress {
    fn new(clock: Clock) -> Self {
        let began = clock.now();
        let passed = AtomicU64::new(nanos(began.since_zero()));
        Self { clock, began, times: Arc::new(Times { passed, ..Times::default() }) }
    }

    /// How long the uplink has delayed it so far.
    pub(in crate::proxy) fn delay(&self) -> Duration {
        Duration::from_nanos(self.times.delay.load(Ordering::Relaxed))
    }

    /// The time since a part of it was passed to the origin, or should have been at the least rate if that is longer.
    pub(in crate::proxy) fn quiet(&self) -> Duration {
        let passed = ProcessTime::from_nanos(self.times.passed.load(Ordering::Relaxed));
        let bytes = self.times.bytes.load(Ordering::Relaxed);
        let sending = Duration::from_millis(bytes.saturating_mul(1000) / LEAST_RATE);
        let latest = self.began + self.delay().saturating_add(sending);
        self.clock.now().since(passed.min(latest))
    }

    fn add_delay(&self, time: Duration) {
        self.times.delay.fetch_add(nanos(time), Ordering::Relaxed);
    }

    /// `bytes` are passed on.
    fn pass(&self, bytes: usize) {
        self.times.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        self.times.passed.store(nanos(self.clock.now().since_zero()), Ordering::Relaxed);
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
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
    progress: UploadProgress,
    /// The session time up to which the delay is counted.
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
            cut: exchange.uplink_cut(),
            corruption: None,
            link: None,
            progress: UploadProgress::new(exchange.connection().clock()),
            counted_until: SessionTime::ZERO,
        })))
    }

    /// A request without a body.
    pub(in crate::proxy) const fn none() -> Self {
        Self(None)
    }

    /// How far it has been sent, updated as it is sent; `None` = there is no body.
    pub(in crate::proxy) fn progress(&self) -> Option<UploadProgress> {
        self.0.as_ref().map(|body| body.progress.clone())
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
        self.progress.add_delay(due - from);
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
            self.progress.pass(0);
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
        self.progress.pass(bytes);
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

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::sleep;

    #[tokio::test(start_paused = true)]
    async fn a_slow_body_does_not_start_the_time_out_again() {
        const SECOND: Duration = Duration::from_secs(1);
        let progress = UploadProgress::new(Clock::start());
        for _ in 0..3 {
            sleep(SECOND).await;
            progress.pass(1024);
            assert_eq!(progress.quiet(), Duration::ZERO);
        }
        for byte in 1..=20 {
            sleep(SECOND).await;
            progress.pass(1);
            let (quiet, behind) = (progress.quiet(), SECOND * byte);
            assert!(quiet <= behind && quiet + SECOND / 20 > behind, "{quiet:?}");
        }
        // The time that the uplink takes is not that of the player.
        progress.add_delay(20 * SECOND);
        assert_eq!(progress.quiet(), Duration::ZERO);
        sleep(SECOND).await;
        assert_eq!(progress.quiet(), SECOND);
    }
}

//! Polls the shaper of one message in real time, and waits as its verdicts say.

use super::{
    session_timer::SessionTimer,
    wake_schedule::{ResponseWakeups, WakeSchedule},
};
use crate::{
    model::{OnDrop, ResponseShaper, Stall, Verdict},
    sessions::{Session, ShapedResponse, Waiting},
    units::SessionTime,
};
use std::{
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

/// What happens to a message on its link, other than waits. Times are session times.
#[derive(Debug, Clone, Copy)]
pub(in crate::proxy) enum LinkOutcome {
    /// Bytes leave now.
    Pass {
        /// How many.
        bytes: usize,
        /// The current time.
        now: SessionTime,
        /// How long they have waited for the link.
        waited: Duration,
    },
    /// A stall delays the message.
    Stalled(Stall<SessionTime>),
    /// A packet is lost.
    Drop {
        /// The effect of the loss.
        action: OnDrop,
        /// The lost packet's first byte, counted from the start of the body.
        at_byte: u64,
    },
}

/// The link that a message passes.
enum Direction {
    /// A response on the downlink.
    Down(Box<ShapedResponse>),
    /// A request on the uplink.
    Up(Box<ResponseShaper>),
}

/// A message on the link of its session, in real time.
pub(in crate::proxy) struct LinkDriver {
    session: Arc<Session>,
    direction: Direction,
    waiting: Waiting,
    timer: SessionTimer,
    /// If it is not set, the runtime's timers are used.
    wake_schedule: Option<Arc<WakeSchedule>>,
    wakeups: Option<ResponseWakeups>,
    waiting_since: Option<SessionTime>,
    /// When it polls the link again, if that is known.
    due: Option<SessionTime>,
    /// What the link has returned after bytes that were passed on before it.
    following: Option<Verdict<SessionTime>>,
}

impl LinkDriver {
    /// A response on the downlink of `session`.
    pub(in crate::proxy) fn down(session: &Arc<Session>, response: ShapedResponse) -> Self {
        Self::new(session, Direction::Down(Box::new(response)))
    }

    /// A request, or a part of one, on the uplink of `session`.
    pub(in crate::proxy) fn up(session: &Arc<Session>, shaper: ResponseShaper) -> Self {
        Self::new(session, Direction::Up(Box::new(shaper)))
    }

    fn new(session: &Arc<Session>, direction: Direction) -> Self {
        Self {
            session: Arc::clone(session),
            direction,
            waiting: Waiting::default(),
            timer: SessionTimer::default(),
            wake_schedule: None,
            wakeups: None,
            waiting_since: None,
            due: None,
            following: None,
        }
    }

    /// The same, with wake-ups as `schedule` says.
    pub(in crate::proxy) fn with_wake_schedule(mut self, schedule: &Arc<WakeSchedule>) -> Self {
        self.wake_schedule = Some(Arc::clone(schedule));
        self
    }

    /// Records that there is nothing to send: the time until there is counts as idle.
    pub(in crate::proxy) fn source_empty(&mut self) {
        self.shaper().source_empty();
    }

    /// Sets the round trip: how late lost packets arrive, and how simulated TCP grows its window. A schedule of round
    /// trips in the link's specification has priority.
    pub(in crate::proxy) fn set_round_trip(&mut self, rtt: Duration) {
        if let Direction::Down(response) = &self.direction {
            response.set_transport_round_trip(rtt);
        }
        self.shaper().set_round_trip(rtt);
    }

    /// Bytes that have left so far.
    pub(in crate::proxy) fn sent(&mut self) -> u64 {
        self.shaper().sent()
    }

    /// The congestion window in bytes, over simulated TCP.
    pub(in crate::proxy) fn window(&self) -> Option<u64> {
        match &self.direction {
            Direction::Down(response) => response.window(),
            Direction::Up(_) => None,
        }
    }

    /// After [`Self::poll`] returned `Pending`: the time for which it waits. `None` = until the link changes.
    pub(in crate::proxy) const fn due(&self) -> Option<SessionTime> {
        self.due
    }

    /// Waits until the link lets some of `available` bytes leave, or something else happens to the message.
    pub(in crate::proxy) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        available: usize,
    ) -> Poll<LinkOutcome> {
        loop {
            // Register before polling the link, so that a change in between is not missed.
            self.register(cx);
            let now = self.session.now();
            self.due = None;
            let verdict = match self.following.take() {
                Some(verdict) => verdict,
                None => self.poll_link(now, available),
            };
            match verdict {
                Verdict::Pass(bytes) => {
                    let bytes = bytes + self.pass_more(now, available.saturating_sub(bytes));
                    if let Some(wakeups) = &mut self.wakeups {
                        wakeups.passed(now);
                    }
                    let waited = self.waiting_since.take().map_or(Duration::ZERO, |s| now - s);
                    return Poll::Ready(LinkOutcome::Pass { bytes, now, waited });
                }
                Verdict::Stalled(stall) => return Poll::Ready(LinkOutcome::Stalled(stall)),
                Verdict::Drop { action, at_byte } => {
                    return Poll::Ready(LinkOutcome::Drop { action, at_byte });
                }
                Verdict::Wait(until) => {
                    self.waiting_since.get_or_insert(now);
                    self.due = Some(until);
                    ready!(self.poll_until(now, until, cx));
                }
                Verdict::Paused => {
                    self.waiting_since.get_or_insert(now);
                    return Poll::Pending;
                }
            }
        }
    }

    fn register(&mut self, cx: &Context<'_>) {
        let (session, waiting) = (&self.session, &mut self.waiting);
        match self.direction {
            Direction::Down(_) => session.downlink.wait(waiting, cx.waker()),
            Direction::Up(_) => session.uplink.wait(waiting, cx.waker()),
        }
    }

    fn poll_link(&mut self, now: SessionTime, available: usize) -> Verdict<SessionTime> {
        match &mut self.direction {
            Direction::Down(response) => response.poll(&self.session, now, available),
            Direction::Up(shaper) => self.session.poll_uplink(shaper, now, available),
        }
    }

    /// How many further bytes of `available` may leave at `now`. A response that wakes up seldom has several quanta to
    /// send each time, and hands them over together.
    fn pass_more(&mut self, now: SessionTime, available: usize) -> usize {
        let mut more = 0;
        if !self.wakeups.as_ref().is_some_and(ResponseWakeups::are_spaced) {
            return more;
        }
        while more < available {
            match self.poll_link(now, available - more) {
                Verdict::Pass(0) => break,
                Verdict::Pass(bytes) => more += bytes,
                // The next poll finds the same.
                Verdict::Wait(_) | Verdict::Paused => break,
                verdict => {
                    self.following = Some(verdict);
                    break;
                }
            }
        }
        more
    }

    fn poll_until(
        &mut self,
        now: SessionTime,
        until: SessionTime,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        let Self { session, timer, wakeups, .. } = self;
        let Some(schedule) = &self.wake_schedule else {
            return timer.poll_until(session, until, cx);
        };
        let wakeups = wakeups.get_or_insert_with(|| ResponseWakeups::new(schedule));
        let until = wakeups.wake_up(until);
        let wait = until - now;
        if wakeups.set_timer(session.process_time(until), wait, cx.waker()) {
            return Poll::Pending;
        }
        timer.poll_until(session, until, cx)
    }

    fn shaper(&mut self) -> &mut ResponseShaper {
        match &mut self.direction {
            Direction::Down(response) => response.shaper(),
            Direction::Up(shaper) => shaper,
        }
    }
}

impl Drop for LinkDriver {
    fn drop(&mut self) {
        let Self { session, waiting, .. } = self;
        match &mut self.direction {
            Direction::Down(response) => {
                response.leave(session);
                session.downlink.leave(waiting);
            }
            Direction::Up(_) => session.uplink.leave(waiting),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{proxy::test_session::session, seed::Seed};
    use std::future::poll_fn;
    use tokio::time::Instant;

    /// What leaves in a second at 1 Mbit/s, as times and bytes, beside so many other responses.
    async fn pieces(others: usize) -> Vec<(SessionTime, usize)> {
        let session = session("[downlink]\nrate = \"1 Mbit/s\"\n");
        let link = Arc::clone(&session.arming().link);
        let response = ShapedResponse::new(ResponseShaper::new(&link, None, Seed::new(3)));
        let schedule = Arc::new(WakeSchedule::default());
        let _others: Vec<_> = (0..others).map(|_| ResponseWakeups::new(&schedule)).collect();
        let mut link = LinkDriver::down(&session, response).with_wake_schedule(&schedule);
        let (start, mut seen) = (Instant::now(), Vec::new());
        while start.elapsed() < Duration::from_secs(1) {
            match poll_fn(|cx| link.poll(cx, 1 << 20)).await {
                LinkOutcome::Pass { bytes, now, .. } => seen.push((now, bytes)),
                other => panic!("{other:?}"),
            }
        }
        seen
    }

    /// Alone, quantum by quantum; beside thousands, three pieces in a tenth of a second. The rate is the same.
    #[tokio::test(start_paused = true)]
    async fn a_response_that_wakes_up_seldom_hands_over_what_is_due_in_one_piece() {
        for (others, least, most) in [(0, 95, 105), (3000, 28, 32)] {
            let pieces = pieces(others).await;
            assert!((least..=most).contains(&pieces.len()), "{others}: {} pieces", pieces.len());
            assert!(pieces.windows(2).all(|two| two[0].0 < two[1].0), "{others}: {pieces:?}");
            let sent: usize = pieces.iter().map(|(_, bytes)| bytes).sum();
            assert!(sent.abs_diff(125_000) < 5000, "{others}: {sent} bytes");
        }
    }
}

//! Streams events to subscribers. Each subscriber has its own queue, and is informed of events it missed.

use super::event_line::{EventLine, subject};
use crate::{
    clock::Timestamp,
    event::{Emitted, Event, Observer},
};
use parking_lot::Mutex;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
};
use tokio::sync::mpsc::{self, Receiver, Sender};

/// Events queued per subscriber: about a megabyte.
const QUEUE: usize = 1024;
/// The most subscribers at the same time.
const MOST_SUBSCRIBERS: usize = 64;

/// An item that a subscriber receives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The subscriber was too slow: this number of events is missing here.
    Lost(u64),
    /// An event.
    Event {
        /// Its name, such as `fault_injected`.
        name: &'static str,
        /// Its JSON, as in the event log.
        json: String,
    },
}

/// Sends events to subscribers. It never waits: a slow subscriber loses events.
#[derive(Debug, Default)]
pub struct Feed {
    subscribers: Mutex<Vec<Subscriber>>,
    /// Read per event, so that a feed without subscribers costs one atomic read.
    count: AtomicUsize,
}

#[derive(Debug)]
struct Subscriber {
    /// The session whose events it receives; `None` = all sessions.
    session: Option<Arc<str>>,
    queue: Sender<Item>,
    lost: Arc<AtomicU64>,
}

#[derive(Debug)]
struct Item {
    /// Events lost before this one.
    lost: u64,
    at: Timestamp,
    event: Arc<Event>,
}

/// The receiving side of a subscription.
#[derive(Debug)]
pub struct Subscription {
    queue: Receiver<Item>,
    lost: Arc<AtomicU64>,
    /// The event to return after the notice of events lost before it.
    next: Option<Notice>,
    /// Whether it receives the events of one session only.
    single_session: bool,
    over: bool,
}

impl Feed {
    /// Subscribes to all events from now on, or to those of one session until it ends. `None` = there are too many
    /// subscribers.
    #[must_use]
    pub fn subscribe(&self, session: Option<Arc<str>>) -> Option<Subscription> {
        let mut subscribers = self.subscribers.lock();
        subscribers.retain(|subscriber| !subscriber.queue.is_closed());
        if subscribers.len() >= MOST_SUBSCRIBERS {
            return None;
        }
        let (queue, events) = mpsc::channel(QUEUE);
        let lost = Arc::<AtomicU64>::default();
        let single_session = session.is_some();
        subscribers.push(Subscriber { session, queue, lost: Arc::clone(&lost) });
        self.count.store(subscribers.len(), Ordering::Relaxed);
        Some(Subscription { queue: events, lost, next: None, single_session, over: false })
    }
}

impl Observer for Feed {
    fn observe(&self, Emitted { at, event }: Emitted<'_>) {
        if self.count.load(Ordering::Relaxed) == 0 {
            return;
        }
        let (session, _) = subject(event);
        let mut copy = None;
        let mut subscribers = self.subscribers.lock();
        subscribers.retain(|subscriber| {
            if subscriber.session.as_ref().is_some_and(|wanted| *wanted != session.id) {
                return true;
            }
            let event = copy.get_or_insert_with(|| Arc::new(event.clone()));
            subscriber.send(at, event)
        });
        self.count.store(subscribers.len(), Ordering::Relaxed);
    }
}

impl Subscriber {
    /// Queues `event`, or counts it as lost. `false` = the subscription was dropped.
    fn send(&self, at: Timestamp, event: &Arc<Event>) -> bool {
        match self.queue.try_reserve() {
            Ok(place) => {
                let lost = self.lost.swap(0, Ordering::Relaxed);
                place.send(Item { lost, at, event: Arc::clone(event) });
            }
            Err(mpsc::error::TrySendError::Full(())) => {
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
            Err(mpsc::error::TrySendError::Closed(())) => return false,
        }
        true
    }
}

impl Subscription {
    /// Polls the next item; `None` = the session or the feed has ended.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Notice>> {
        if let Some(notice) = self.next.take() {
            return Poll::Ready(Some(notice));
        }
        if self.over {
            return Poll::Ready(None);
        }
        let Some(Item { lost, at, event }) = ready!(self.queue.poll_recv(context)) else {
            return Poll::Ready(None);
        };
        self.over = self.single_session && matches!(*event, Event::SessionEnded { .. });
        let line = EventLine::new(&event, at);
        // Strings and numbers can always be serialised.
        let json = serde_json::to_string(&line).unwrap_or_default();
        let notice = Notice::Event { name: line.name(), json };
        if lost == 0 {
            return Poll::Ready(Some(notice));
        }
        self.next = Some(notice);
        Poll::Ready(Some(Notice::Lost(lost)))
    }

    /// The number of events lost since the last [`Notice::Lost`]: without a further event there would be no notice.
    #[must_use]
    pub fn take_lost(&self) -> u64 {
        self.lost.swap(0, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::SessionTag;
    use std::{task::Waker, time::Duration};

    fn event(id: &str, ends: bool) -> Event {
        let session = Arc::new(SessionTag { id: id.into(), ordinal: 1, seed: 1, label: None });
        let profile = "3g".into();
        match ends {
            true => Event::SessionEnded { session, profile, lasted: Duration::ZERO },
            false => Event::LinkChanged { session, profile, rate: None },
        }
    }

    fn observe(feed: &Feed, event: &Event) {
        feed.observe(Emitted { at: Timestamp::default(), event });
    }

    fn next(subscription: &mut Subscription) -> Poll<Option<Notice>> {
        subscription.poll_next(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn who_is_slow_learns_how_many_it_lost_and_where() {
        let feed = Feed::default();
        observe(&feed, &event("a", false));
        let mut slow = feed.subscribe(None).unwrap();
        for _ in 0..QUEUE + 7 {
            observe(&feed, &event("a", false));
        }
        for _ in 0..QUEUE {
            assert!(matches!(next(&mut slow), Poll::Ready(Some(Notice::Event { .. }))));
        }
        assert!(next(&mut slow).is_pending());
        observe(&feed, &event("a", false));
        assert_eq!(next(&mut slow), Poll::Ready(Some(Notice::Lost(7))));
        assert!(matches!(
            next(&mut slow),
            Poll::Ready(Some(Notice::Event { name: "link_changed", .. }))
        ));
        assert_eq!(slow.take_lost(), 0);
    }

    #[test]
    fn who_listens_to_one_session_hears_of_no_other() {
        let feed = Feed::default();
        let mut one = feed.subscribe(Some("a".into())).unwrap();
        observe(&feed, &event("b", false));
        observe(&feed, &event("b", true));
        assert!(next(&mut one).is_pending());
        observe(&feed, &event("a", true));
        assert!(matches!(
            next(&mut one),
            Poll::Ready(Some(Notice::Event { name: "session_ended", .. }))
        ));
        assert_eq!(next(&mut one), Poll::Ready(None));
    }

    #[test]
    fn places_are_given_back() {
        let feed = Feed::default();
        let all: Vec<_> = (0..MOST_SUBSCRIBERS).map(|_| feed.subscribe(None).unwrap()).collect();
        assert!(feed.subscribe(None).is_none());
        drop(all);
        assert!(feed.subscribe(None).is_some());
        observe(&feed, &event("a", false));
        assert_eq!(feed.count.load(Ordering::Relaxed), 0);
    }
}

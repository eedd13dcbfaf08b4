//! Events for those who listen as they happen: each has a queue of its own, and learns what it missed.

use super::event_line::{EventLine, who};
use crate::event::{Event, Observer};
use parking_lot::Mutex;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
    time::SystemTime,
};
use tokio::sync::mpsc::{self, Receiver, Sender};

/// Events that may wait for one listener: about a megabyte.
const QUEUE: usize = 1024;
/// Listeners at a time.
const MOST_LISTENERS: usize = 64;

/// What a listener is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// It was too slow: so many events are missing here.
    Lost(u64),
    /// An event, as in the event log.
    Event {
        /// Its name: `fault_injected`.
        name: &'static str,
        /// The line of the event log.
        json: String,
    },
}

/// Hands events to listeners. It never waits for one: whoever is slow loses events.
#[derive(Debug, Default)]
pub struct Feed {
    listeners: Mutex<Vec<Listener>>,
    /// Read per event, so that a feed without listeners costs nothing.
    count: AtomicUsize,
}

#[derive(Debug)]
struct Listener {
    /// The session it wants to hear of; `None` = all.
    session: Option<Arc<str>>,
    queue: Sender<Item>,
    lost: Arc<AtomicU64>,
}

#[derive(Debug)]
struct Item {
    /// Events lost before this one.
    lost: u64,
    at: SystemTime,
    event: Arc<Event>,
}

/// One listener's end.
#[derive(Debug)]
pub struct Subscription {
    queue: Receiver<Item>,
    lost: Arc<AtomicU64>,
    /// Told after what was lost before it.
    next: Option<Notice>,
    /// Whether the session it is about has ended.
    alone: bool,
    over: bool,
}

impl Feed {
    /// Listens to all events from now on, or to those of one session, until that ends; `None` = there
    /// are too many listeners.
    #[must_use]
    pub fn subscribe(&self, session: Option<Arc<str>>) -> Option<Subscription> {
        let mut listeners = self.listeners.lock();
        listeners.retain(|listener| !listener.queue.is_closed());
        if listeners.len() >= MOST_LISTENERS {
            return None;
        }
        let (queue, events) = mpsc::channel(QUEUE);
        let lost = Arc::<AtomicU64>::default();
        let alone = session.is_some();
        listeners.push(Listener { session, queue, lost: Arc::clone(&lost) });
        self.count.store(listeners.len(), Ordering::Relaxed);
        Some(Subscription { queue: events, lost, next: None, alone, over: false })
    }
}

impl Observer for Feed {
    fn observe(&self, event: &Event) {
        if self.count.load(Ordering::Relaxed) == 0 {
            return;
        }
        #[expect(clippy::disallowed_methods, reason = "the time of the event, under `measured`")]
        let at = SystemTime::now();
        let (session, _) = who(event);
        let mut copy = None;
        let mut listeners = self.listeners.lock();
        listeners.retain(|listener| {
            if listener.session.as_ref().is_some_and(|wanted| *wanted != session.id) {
                return true;
            }
            let event = copy.get_or_insert_with(|| Arc::new(event.clone()));
            listener.tell(at, event)
        });
        self.count.store(listeners.len(), Ordering::Relaxed);
    }
}

impl Listener {
    /// Tells `event`, or counts it as lost; `false` = nobody listens any more.
    fn tell(&self, at: SystemTime, event: &Arc<Event>) -> bool {
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
    /// What is to be told next; `None` = the session has ended, or the feed.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Notice>> {
        if let Some(told) = self.next.take() {
            return Poll::Ready(Some(told));
        }
        if self.over {
            return Poll::Ready(None);
        }
        let Some(Item { lost, at, event }) = ready!(self.queue.poll_recv(context)) else {
            return Poll::Ready(None);
        };
        self.over = self.alone && matches!(*event, Event::SessionEnded { .. });
        let line = EventLine::new(&event, at);
        // Texts and numbers always become JSON.
        let json = serde_json::to_string(&line).unwrap_or_default();
        let told = Notice::Event { name: line.name(), json };
        if lost == 0 {
            return Poll::Ready(Some(told));
        }
        self.next = Some(told);
        Poll::Ready(Some(Notice::Lost(lost)))
    }

    /// How many events were lost since it was last told of any: a quiet feed tells of no later one.
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

    fn next(subscription: &mut Subscription) -> Poll<Option<Notice>> {
        subscription.poll_next(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn who_is_slow_learns_how_many_it_lost_and_where() {
        let feed = Feed::default();
        feed.observe(&event("a", false));
        let mut slow = feed.subscribe(None).unwrap();
        for _ in 0..QUEUE + 7 {
            feed.observe(&event("a", false));
        }
        for _ in 0..QUEUE {
            assert!(matches!(next(&mut slow), Poll::Ready(Some(Notice::Event { .. }))));
        }
        assert!(next(&mut slow).is_pending());
        feed.observe(&event("a", false));
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
        feed.observe(&event("b", false));
        feed.observe(&event("b", true));
        assert!(next(&mut one).is_pending());
        feed.observe(&event("a", true));
        assert!(matches!(
            next(&mut one),
            Poll::Ready(Some(Notice::Event { name: "session_ended", .. }))
        ));
        assert_eq!(next(&mut one), Poll::Ready(None));
    }

    #[test]
    fn places_are_given_back() {
        let feed = Feed::default();
        let all: Vec<_> = (0..MOST_LISTENERS).map(|_| feed.subscribe(None).unwrap()).collect();
        assert!(feed.subscribe(None).is_none());
        drop(all);
        assert!(feed.subscribe(None).is_some());
        feed.observe(&event("a", false));
        assert_eq!(feed.count.load(Ordering::Relaxed), 0);
    }
}

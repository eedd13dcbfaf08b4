//! Streams events to subscribers. Each subscriber has its own queue, and is informed of events it missed.

use super::{
    event_line::EventLine,
    journal::{Entry, Journal},
};
use crate::{
    clock::Timestamp,
    event::{Emitted, Event, Observer},
};
use parking_lot::Mutex;
use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
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
        /// Its number. It grows with each event of the process.
        id: u64,
        /// Its name, such as `fault_injected`.
        name: &'static str,
        /// Its JSON, as in the event log.
        json: String,
    },
}

/// Sends events to subscribers. It never waits: a slow subscriber loses events.
///
/// It keeps the last 10,000 events, for subscribers that connect again and for run files.
#[derive(Debug, Default)]
pub struct Feed {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    subscribers: Vec<Subscriber>,
    journal: Journal,
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
    entry: Entry,
}

/// The receiving side of a subscription.
#[derive(Debug)]
pub struct Subscription {
    queue: Receiver<Item>,
    lost: Arc<AtomicU64>,
    /// The number after which its events begin.
    start: u64,
    /// Events before those of the queue.
    missed: VecDeque<Entry>,
    /// The event to return after the notice of events lost before it.
    next: Option<Notice>,
    /// Whether it receives the events of one session only.
    single_session: bool,
    over: bool,
}

impl Feed {
    /// Subscribes to all events from now on, or to those of one session until it ends. With `after`, the number of the
    /// last event that the client has received, the events since then come first. `None` = there are too many
    /// subscribers.
    #[must_use]
    pub fn subscribe(&self, session: Option<Arc<str>>, after: Option<u64>) -> Option<Subscription> {
        let mut state = self.state.lock();
        let State { subscribers, journal } = &mut *state;
        subscribers.retain(|subscriber| !subscriber.queue.is_closed());
        if subscribers.len() >= MOST_SUBSCRIBERS {
            return None;
        }
        let (queue, events) = mpsc::channel(QUEUE);
        let lost = Arc::<AtomicU64>::default();
        let single_session = session.is_some();
        let (gap, missed) =
            after.map(|after| journal.after(after, session.as_deref())).unwrap_or_default();
        let next = (gap > 0).then_some(Notice::Lost(gap));
        let start = after.filter(|after| *after <= journal.last()).unwrap_or(journal.last());
        subscribers.push(Subscriber { session, queue, lost: Arc::clone(&lost) });
        Some(Subscription { queue: events, lost, start, missed, next, single_session, over: false })
    }

    /// The events about the session `id` that are kept, oldest first.
    pub(in crate::observers) fn kept(&self, id: &str) -> Vec<(Timestamp, Event)> {
        let (_, entries) = self.state.lock().journal.after(0, Some(id));
        entries.into_iter().map(|entry| (entry.at, entry.event)).collect()
    }
}

impl Observer for Feed {
    fn observe(&self, Emitted { at, event }: Emitted<'_>) {
        if event.is_sample() {
            return;
        }
        let event = event.clone();
        let mut state = self.state.lock();
        let State { subscribers, journal } = &mut *state;
        let displaced = journal.add(at, event);
        if let Some(entry) = journal.newest() {
            subscribers.retain(|subscriber| {
                !entry.is_of(subscriber.session.as_deref()) || subscriber.send(entry)
            });
        }
        drop(state);
        // Dropped without the lock, which all requests need.
        drop(displaced);
    }
}

impl Subscriber {
    /// Queues `event`, or counts it as lost. `false` = the subscription was dropped.
    fn send(&self, entry: &Entry) -> bool {
        match self.queue.try_reserve() {
            Ok(place) => {
                let lost = self.lost.swap(0, Ordering::Relaxed);
                place.send(Item { lost, entry: entry.clone() });
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
        let item = match self.missed.pop_front() {
            Some(entry) => Item { lost: 0, entry },
            None => match ready!(self.queue.poll_recv(context)) {
                Some(item) => item,
                None => return Poll::Ready(None),
            },
        };
        let Item { lost, entry: Entry { id, at, event } } = item;
        self.over = self.single_session && matches!(event, Event::SessionEnded { .. });
        let line = EventLine::new(&event, at);
        // Strings and numbers can always be serialised.
        let json = serde_json::to_string(&line).unwrap_or_default();
        let notice = Notice::Event { id, name: line.name(), json };
        if lost == 0 {
            return Poll::Ready(Some(notice));
        }
        self.next = Some(notice);
        Poll::Ready(Some(Notice::Lost(lost)))
    }

    /// The number of the event after which its events begin: for a client that connects again before it has received
    /// one.
    #[must_use]
    pub const fn start(&self) -> u64 {
        self.start
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
    use crate::{event::SessionTag, observers::journal::MOST_EVENTS};
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
        let mut slow = feed.subscribe(None, None).unwrap();
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
        let mut one = feed.subscribe(Some("a".into()), None).unwrap();
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
        let all: Vec<_> =
            (0..MOST_SUBSCRIBERS).map(|_| feed.subscribe(None, None).unwrap()).collect();
        assert!(feed.subscribe(None, None).is_none());
        drop(all);
        assert!(feed.subscribe(None, None).is_some());
        observe(&feed, &event("a", false));
        assert_eq!(feed.state.lock().subscribers.len(), 0);
    }

    /// The numbers that a subscriber receives until it has to wait.
    fn numbers(subscription: &mut Subscription) -> Vec<u64> {
        let mut numbers = Vec::new();
        while let Poll::Ready(Some(Notice::Event { id, .. })) = next(subscription) {
            numbers.push(id);
        }
        numbers
    }

    #[test]
    fn who_connects_again_gets_what_it_missed() {
        let feed = Feed::default();
        for id in ["a", "b", "a", "b", "a"] {
            observe(&feed, &event(id, false));
        }
        let mut all = feed.subscribe(None, Some(2)).unwrap();
        let mut one = feed.subscribe(Some("a".into()), Some(1)).unwrap();
        observe(&feed, &event("a", false));
        assert_eq!(numbers(&mut all), [3, 4, 5, 6]);
        assert_eq!(numbers(&mut one), [3, 5, 6]);
        // A number of an earlier process.
        let mut stranger = feed.subscribe(None, Some(900)).unwrap();
        assert!(numbers(&mut stranger).is_empty());
        assert_eq!(feed.kept("b").len(), 2);
    }

    /// The number at which a subscription starts is one after which nothing is missed.
    #[test]
    fn a_subscription_starts_after_the_last_event_that_was_received() {
        let feed = Feed::default();
        let start = |after| feed.subscribe(None, after).unwrap().start();
        assert_eq!((start(None), start(Some(0)), start(Some(3))), (0, 0, 0));
        for _ in 0..5 {
            observe(&feed, &event("a", false));
        }
        assert_eq!((start(None), start(Some(2)), start(Some(5)), start(Some(6))), (5, 2, 5, 5));
        let mut again = feed.subscribe(None, Some(start(Some(2)))).unwrap();
        assert_eq!(numbers(&mut again), [3, 4, 5]);
    }

    #[test]
    fn what_is_no_longer_kept_is_counted_as_lost() {
        let feed = Feed::default();
        for _ in 0..MOST_EVENTS + 10 {
            observe(&feed, &event("a", false));
        }
        let mut late = feed.subscribe(None, Some(4)).unwrap();
        assert_eq!(next(&mut late), Poll::Ready(Some(Notice::Lost(6))));
        assert_eq!(numbers(&mut late).len(), MOST_EVENTS);
    }
}

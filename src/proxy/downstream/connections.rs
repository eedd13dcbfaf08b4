//! The list of open connections from players, to close all or some of them.

use super::{connection::Connection, full::PlayerPlaces, streams::Streams};
use crate::{
    clock::Clock,
    listen::{Place, RareWarning},
    memory::{MemoryBudget, ResetReason},
    units::ProcessTime,
};
use parking_lot::Mutex;
use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::Notify;

/// The list is first searched for closed connections at this length.
const LEAST: usize = 64;

/// When the connection limit is reached, a connection that has been idle for this long is closed for a new one.
const IDLE: Duration = Duration::from_secs(1);
/// So is a connection whose player has read nothing of what it is sent for this long.
const UNREAD: Duration = Duration::from_secs(60);
/// When the memory budget is used up, it may be cut after this time.
const UNREAD_WHEN_SHORT: Duration = Duration::from_secs(5);

/// Every open connection, and some that have closed; and the permits for all of them, over TCP and QUIC.
pub(in crate::proxy) struct Connections {
    open: Mutex<ConnectionList>,
    /// The streams of those that use HTTP/2.
    pub(in crate::proxy) streams: Arc<Streams>,
    places: PlayerPlaces,
    /// vsps stops.
    stopping: AtomicBool,
    stop: Notify,
    warning: RareWarning,
}

#[derive(Debug, Default)]
struct ConnectionList {
    all: Vec<Weak<Connection>>,
    /// The length at which closed connections are removed.
    full: usize,
}

impl Connections {
    /// At most `most` connections at a time.
    pub(in crate::proxy) fn new(most: usize) -> Self {
        let places = PlayerPlaces::new(most);
        let (stopping, stop) = (AtomicBool::new(false), Notify::new());
        let (open, streams, warning) = (Mutex::default(), Arc::default(), RareWarning::default());
        Self { open, streams, places, stopping, stop, warning }
    }

    /// Waits for a permit for a new connection.
    pub(in crate::proxy) async fn find_place(&self, clock: Clock) -> Place {
        self.places.find(clock, false, |now| self.make_room(now)).await
    }

    /// The same, but when no place has become free for a while, the permit is one to [refuse](Self::refuses) the
    /// connection.
    pub(in crate::proxy) async fn find_place_or_refusal(&self, clock: Clock) -> Place {
        self.places.find(clock, true, |now| self.make_room(now)).await
    }

    /// Whether the connection with `place` is to be refused.
    pub(in crate::proxy) fn refuses(&self, place: &Place) -> bool {
        place.as_ref().is_some_and(|place| self.places.refuses(place))
    }

    /// Adds a connection. After [`Self::close_all`] it is to close too.
    pub(in crate::proxy) fn add(&self, connection: &Arc<Connection>) {
        let mut list = self.open.lock();
        if list.all.len() >= list.full {
            list.all.retain(|known| known.strong_count() > 0);
            list.full = LEAST.max(2 * list.all.len());
        }
        list.all.push(Arc::downgrade(connection));
        drop(list);
        if self.stopping.load(Ordering::SeqCst) {
            connection.end.request_close();
        }
    }

    /// Closes all connections as soon as possible.
    pub(in crate::proxy) fn close_all(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.stop.notify_waiters();
        self.each(|connection| connection.end.request_close());
    }

    /// Waits until all connections are to close.
    pub(in crate::proxy) async fn stopped(&self) {
        // From here on it is notified.
        let stop = self.stop.notified();
        if !self.stopping.load(Ordering::SeqCst) {
            stop.await;
        }
    }

    /// Closes the idle connections that the session with ordinal `session` used last. Returns how many.
    pub(in crate::proxy) fn close_idle(&self, session: u64) -> usize {
        let mut count = 0;
        self.each(|connection| {
            if connection.idles_for(session) {
                connection.end.request_close();
                count += 1;
            }
        });
        count
    }

    /// Makes room for another connection: closes the one that has been idle the longest at process time `now`; or else
    /// the one whose player has read nothing the longest. One that is closing already is left out for a while, and then
    /// cut. Returns whether there is one.
    fn make_room(&self, now: ProcessTime) -> bool {
        let list = self.open.lock();
        let open: Vec<_> = list.all.iter().filter_map(Weak::upgrade).collect();
        drop(list);
        let longest = |since: fn(&Connection) -> Option<ProcessTime>, least: Duration| {
            let staying = open.iter().filter(|one| !one.end.makes_room(now));
            let all = staying.filter_map(|one| Some((since(one)?, one)));
            let longest = all.min_by_key(|(since, _)| *since);
            longest.filter(|(since, _)| *since + least <= now).map(|(_, connection)| connection)
        };
        if let Some(connection) = longest(|one| one.activity.idle_since(), IDLE) {
            connection.end.make_room(now);
        } else if let Some(connection) = longest(|one| one.activity.unread_since(), UNREAD) {
            connection.end.make_room(now);
            connection.end.request_cut();
        } else {
            return false;
        }
        true
    }

    /// Cuts connections of HTTP/1.1 whose players do not read, those that wait the longest first, until `bytes` are free: of the
    /// client with number `client`, or of all.
    pub(super) fn free(
        &self,
        client: Option<u64>,
        bytes: usize,
        now: ProcessTime,
        memory: &MemoryBudget,
    ) {
        let list = self.open.lock();
        let open = list.all.iter().filter_map(Weak::upgrade);
        let unread = open.filter_map(|one| Some((one.activity.unread_since()?, one)));
        let mut unread: Vec<_> =
            unread.filter(|(since, _)| *since + UNREAD_WHEN_SHORT <= now).collect();
        drop(list);
        unread.sort_by_key(|(since, _)| *since);
        let mut free = 0;
        for (_, connection) in unread {
            let Some((held, of)) = connection.unread.held() else { continue };
            if free >= bytes {
                break;
            }
            if client.is_none_or(|client| client == of) {
                connection.unread.release();
                connection.end.reset_on_close();
                connection.end.request_cut();
                memory.count_reset(ResetReason::Memory);
                free += held;
            }
        }
        if free > 0 && self.warning.is_due() {
            tracing::warn!(
                "connections are reset: the memory budget is used up, and their players do not read \
                 (vsps_streams_reset_total counts them)"
            );
        }
    }

    fn each(&self, mut what: impl FnMut(&Connection)) {
        self.open.lock().all.iter().filter_map(Weak::upgrade).for_each(|one| what(&one));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::{sleep, timeout};

    async fn is_notified(notified: impl Future<Output = ()>) -> bool {
        timeout(Duration::ZERO, notified).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn each_idle_connection_is_closed_once_and_cut_if_it_stays() {
        let clock = Clock::start();
        let all = Connections::new(2);
        let mut open = Vec::new();
        for _ in 0..2 {
            open.push(Arc::new(Connection::new(clock)));
            all.add(&open[open.len() - 1]);
            sleep(Duration::from_millis(10)).await;
        }
        let [longest, other] = &open[..] else { unreachable!() };
        sleep(IDLE).await;
        assert!(all.make_room(clock.now()));
        assert!(is_notified(longest.end.close_requested()).await);
        assert!(!is_notified(other.end.close_requested()).await);
        sleep(Duration::from_millis(500)).await;
        assert!(all.make_room(clock.now()));
        assert!(is_notified(other.end.close_requested()).await, "the first one is closing already");
        assert!(!all.make_room(clock.now()), "both are closing");
        assert!(!is_notified(longest.end.cut_requested()).await);
        sleep(Duration::from_millis(500)).await;
        assert!(all.make_room(clock.now()));
        assert!(is_notified(longest.end.cut_requested()).await, "it has not closed in a second");
        assert!(!is_notified(other.end.cut_requested()).await);
    }

    #[tokio::test(start_paused = true)]
    async fn each_unread_connection_is_cut() {
        let clock = Clock::start();
        let all = Connections::new(2);
        let open = [(); 2].map(|()| Arc::new(Connection::new(clock)));
        for connection in &open {
            all.add(connection);
            connection.activity.waits_for_reader(true);
        }
        sleep(UNREAD).await;
        assert!(all.make_room(clock.now()) && all.make_room(clock.now()));
        for connection in &open {
            assert!(is_notified(connection.end.cut_requested()).await);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_stop_closes_connections_that_are_added_before_and_after_it() {
        let (clock, connections) = (Clock::start(), Connections::new(10));
        let closes = async |connection: &Connection| {
            timeout(Duration::from_secs(1), connection.end.close_requested()).await.is_ok()
        };
        let early = Arc::new(Connection::new(clock));
        connections.add(&early);
        assert!(!closes(&early).await);
        connections.close_all();
        assert!(closes(&early).await);
        let late = Arc::new(Connection::new(clock));
        connections.add(&late);
        assert!(closes(&late).await);
    }
}

//! The list of open connections from players, to close all or some of them.

use super::connection::Connection;
use crate::{
    clock::Clock,
    listen::{Place, place},
};
use parking_lot::Mutex;
use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Notify, Semaphore};

/// The list is first searched for closed connections at this length.
const LEAST: usize = 64;

/// When the connection limit is reached, a connection that has been idle for this long is closed for a new one.
const IDLE: Duration = Duration::from_secs(1);
/// How often such a connection is searched for.
const LOOK: Duration = Duration::from_millis(100);

/// Every open connection, and some that have closed; and the permits for all of them, over TCP and QUIC.
#[derive(Debug)]
pub(in crate::proxy) struct Connections {
    open: Mutex<ConnectionList>,
    places: Arc<Semaphore>,
    /// vsps stops.
    stopping: AtomicBool,
    stop: Notify,
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
        let places = Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
        let (stopping, stop) = (AtomicBool::new(false), Notify::new());
        Self { open: Mutex::default(), places, stopping, stop }
    }

    /// Waits for a permit for a new connection.
    pub(in crate::proxy) async fn find_place(&self, clock: Clock) -> Place {
        loop {
            let places = Arc::clone(&self.places);
            if let Ok(place) = tokio::time::timeout(LOOK, place(places)).await {
                return place;
            }
            let now = clock.now().since_zero().as_millis() as u64;
            self.close_longest_idle(now, IDLE.as_millis() as u64);
        }
    }

    /// Adds a connection.
    pub(in crate::proxy) fn add(&self, connection: &Arc<Connection>) {
        let mut list = self.open.lock();
        if list.all.len() >= list.full {
            list.all.retain(|known| known.strong_count() > 0);
            list.full = LEAST.max(2 * list.all.len());
        }
        list.all.push(Arc::downgrade(connection));
    }

    /// Closes all connections as soon as possible.
    pub(in crate::proxy) fn close_all(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.stop.notify_waiters();
        self.each(Connection::request_close);
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
                connection.request_close();
                count += 1;
            }
        });
        count
    }

    /// Closes the connection that has been idle the longest, if that is at least `least` milliseconds at process
    /// time `now`.
    fn close_longest_idle(&self, now: u64, least: u64) {
        let list = self.open.lock();
        let open = list.all.iter().filter_map(Weak::upgrade);
        let idle = open.filter_map(|connection| Some((connection.idle_since()?, connection)));
        let idlest = idle.min_by_key(|(since, _)| *since);
        drop(list);
        if let Some((_, connection)) = idlest.filter(|(since, _)| since + least <= now) {
            connection.request_close();
        }
    }

    fn each(&self, mut what: impl FnMut(&Connection)) {
        self.open.lock().all.iter().filter_map(Weak::upgrade).for_each(|one| what(&one));
    }
}

//! The list of open connections from players, to close all or some of them.

use super::connection::Connection;
use parking_lot::Mutex;
use std::sync::{Arc, Weak};

/// The list is first searched for closed connections at this length.
const LEAST: usize = 64;

/// Every open connection, and some that have closed.
#[derive(Debug, Default)]
pub(in crate::proxy) struct Connections {
    open: Mutex<ConnectionList>,
}

#[derive(Debug, Default)]
struct ConnectionList {
    all: Vec<Weak<Connection>>,
    /// The length at which closed connections are removed.
    full: usize,
}

impl Connections {
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
        self.each(Connection::request_close);
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
    pub(in crate::proxy) fn close_longest_idle(&self, now: u64, least: u64) {
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

//! Players' connections that are open, for those who must reach them all.

use super::connection::Connection;
use parking_lot::Mutex;
use std::sync::{Arc, Weak};

/// How many may be noted before the closed ones are looked for.
const LEAST: usize = 64;

/// Every open connection, and some that have closed since.
#[derive(Debug, Default)]
pub(in crate::proxy) struct Connections {
    noted: Mutex<OpenConnection>,
}

#[derive(Debug, Default)]
struct OpenConnection {
    all: Vec<Weak<Connection>>,
    /// With so many the closed ones are taken out.
    full: usize,
}

impl Connections {
    /// Notes a new one.
    pub(in crate::proxy) fn add(&self, connection: &Arc<Connection>) {
        let mut noted = self.noted.lock();
        if noted.all.len() >= noted.full {
            noted.all.retain(|known| known.strong_count() > 0);
            noted.full = LEAST.max(2 * noted.all.len());
        }
        noted.all.push(Arc::downgrade(connection));
    }

    /// Lets all close as soon as they can.
    pub(in crate::proxy) fn close_all(&self) {
        self.each(Connection::request_close);
    }

    /// Closes those that session number `session` used last, and that are idle. How many there were.
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

    /// Closes the one that has waited the longest for a request, if that is for `least` milliseconds at process
    /// time `now`.
    pub(in crate::proxy) fn dismiss_idlest(&self, now: u64, least: u64) {
        let noted = self.noted.lock();
        let open = noted.all.iter().filter_map(Weak::upgrade);
        let idle = open.filter_map(|connection| Some((connection.idle_since()?, connection)));
        let idlest = idle.min_by_key(|(since, _)| *since);
        drop(noted);
        if let Some((_, connection)) = idlest.filter(|(since, _)| since + least <= now) {
            connection.request_close();
        }
    }

    fn each(&self, mut what: impl FnMut(&Connection)) {
        self.noted.lock().all.iter().filter_map(Weak::upgrade).for_each(|one| what(&one));
    }
}

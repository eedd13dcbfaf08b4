//! The exchanges of one session.

use super::exchange::{End, Exchange};
use crate::event::{RequestTag, SessionTag};
use std::{collections::VecDeque, sync::Arc};

/// Finished exchanges kept per session.
pub(super) const MOST_OF_SESSION: usize = 1000;
/// The most exchanges under way that are tracked: many more than a player has at the same time.
const MOST_UNDER_WAY: usize = 256;

/// Removed exchanges, to be dropped without the lock.
pub(super) type Gone = Vec<Arc<Exchange>>;

/// The exchanges of one session.
pub(super) struct SessionArchive {
    pub(super) session: Arc<SessionTag>,
    under_way: Vec<Exchange>,
    /// In the order of their end, each with its number among those of all sessions.
    finished: VecDeque<(u64, Arc<Exchange>)>,
    /// The number of exchanges that are no longer kept.
    pub(super) left_off: u64,
}

impl SessionArchive {
    pub(super) const fn new(session: Arc<SessionTag>) -> Self {
        Self { session, under_way: Vec::new(), finished: VecDeque::new(), left_off: 0 }
    }

    pub(super) fn begin(&mut self, exchange: Exchange) {
        if self.under_way.len() < MOST_UNDER_WAY {
            self.under_way.push(exchange);
        } else {
            self.left_off += 1;
        }
    }

    /// The exchange of `request`, while it is under way.
    pub(super) fn under_way(&mut self, request: &Arc<RequestTag>) -> Option<&mut Exchange> {
        let place = self.place(request)?;
        self.under_way.get_mut(place)
    }

    /// The index of the exchange of `request` among those under way.
    fn place(&self, request: &Arc<RequestTag>) -> Option<usize> {
        // Nearly always it is the same tag, so pointers are compared first.
        let itself = self.under_way.iter().position(|e| Arc::ptr_eq(&e.request, request));
        itself.or_else(|| self.under_way.iter().position(|exchange| exchange.is_of(request)))
    }

    /// Finishes an exchange, number `number` of all sessions. `false` = it was not tracked. An exchange removed for it
    /// goes to `gone`.
    pub(super) fn finish(
        &mut self,
        number: u64,
        request: &Arc<RequestTag>,
        end: End,
        gone: &mut Gone,
    ) -> bool {
        let Some(place) = self.place(request) else { return false };
        let exchange = self.under_way.swap_remove(place).finished(request, end);
        self.finished.push_back((number, Arc::new(exchange)));
        if self.finished.len() > MOST_OF_SESSION {
            self.remove_oldest(gone);
        }
        true
    }

    /// Removes the exchange of this number, the oldest of all sessions, if it is still kept.
    pub(super) fn forget(&mut self, number: u64, gone: &mut Gone) {
        if self.finished.front().is_some_and(|(oldest, _)| *oldest == number) {
            self.remove_oldest(gone);
        }
    }

    fn remove_oldest(&mut self, gone: &mut Gone) {
        gone.extend(self.finished.pop_front().map(|(_, exchange)| exchange));
        self.left_off += 1;
    }

    /// The finished exchanges, in the order of their start.
    pub(super) fn finished(&self) -> Vec<Arc<Exchange>> {
        let exchanges = self.finished.iter().map(|(_, exchange)| Arc::clone(exchange));
        let mut exchanges: Vec<_> = exchanges.collect();
        exchanges.sort_by_key(|exchange| exchange.started);
        exchanges
    }
}

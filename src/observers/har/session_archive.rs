//! The exchanges of one session.

use super::exchange::{End, Exchange};
use crate::event::{RequestTag, SessionTag};
use std::{collections::VecDeque, sync::Arc};

/// Finished exchanges that are kept of one session.
pub(super) const MOST_OF_SESSION: usize = 1000;
/// Exchanges under way that are followed: many more than a player has at a time.
const MOST_UNDER_WAY: usize = 256;

/// Exchanges that are kept no more: to be dropped without the lock.
pub(super) type Gone = Vec<Arc<Exchange>>;

/// The exchanges of one session.
pub(super) struct SessionArchive {
    pub(super) session: Arc<SessionTag>,
    under_way: Vec<Exchange>,
    /// Oldest end first, each with its number among those of all sessions.
    finished: VecDeque<(u64, Arc<Exchange>)>,
    /// Exchanges that were, and are kept no more.
    pub(super) left_off: u64,
}

impl SessionArchive {
    pub(super) const fn new(session: Arc<SessionTag>) -> Self {
        Self { session, under_way: Vec::new(), finished: VecDeque::new(), left_off: 0 }
    }

    pub(super) fn begin(&mut self, exchange: Exchange) {
        match self.under_way.len() < MOST_UNDER_WAY {
            true => self.under_way.push(exchange),
            false => self.left_off += 1,
        }
    }

    /// The exchange of `request`, while it is under way.
    pub(super) fn under_way(&mut self, request: &Arc<RequestTag>) -> Option<&mut Exchange> {
        let place = self.place(request)?;
        self.under_way.get_mut(place)
    }

    /// Where the exchange of `request` is among those under way.
    fn place(&self, request: &Arc<RequestTag>) -> Option<usize> {
        // Nearly always it is the very tag, which is told without a look at any.
        let itself = self.under_way.iter().position(|e| Arc::ptr_eq(&e.request, request));
        itself.or_else(|| self.under_way.iter().position(|exchange| exchange.is_of(request)))
    }

    /// Ends an exchange, the `number`th of all sessions; `false` = it was not followed. One that is kept no
    /// more in its place goes to `gone`.
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
            self.let_go(gone);
        }
        true
    }

    /// Forgets the exchange of this number, which is the oldest of all, if it is still here.
    pub(super) fn forget(&mut self, number: u64, gone: &mut Gone) {
        if self.finished.front().is_some_and(|(oldest, _)| *oldest == number) {
            self.let_go(gone);
        }
    }

    fn let_go(&mut self, gone: &mut Gone) {
        gone.extend(self.finished.pop_front().map(|(_, exchange)| exchange));
        self.left_off += 1;
    }

    /// The exchanges that are over, in the order in which they began.
    pub(super) fn finished(&self) -> Vec<Arc<Exchange>> {
        let exchanges = self.finished.iter().map(|(_, exchange)| Arc::clone(exchange));
        let mut exchanges: Vec<_> = exchanges.collect();
        exchanges.sort_by_key(|exchange| exchange.started);
        exchanges
    }
}

//! The exchanges of one session.

use super::{
    exchange::{End, Exchange},
    split::Split,
    stalls::Stalls,
};
use crate::{
    event::{Outcome, RequestTag, SessionTag},
    units::ProcessTime,
};
use std::{collections::VecDeque, sync::Arc};

/// Finished exchanges kept per session.
pub(super) const MOST_OF_SESSION: usize = 4000;
/// The most exchanges under way that are tracked: many more than a player has at the same time.
const MOST_UNDER_WAY: usize = 256;

/// Removed exchanges, to be dropped without the lock.
pub(super) type Gone = Vec<Arc<Exchange>>;

/// The exchanges of one session.
pub(super) struct SessionArchive {
    pub(super) session: Arc<SessionTag>,
    under_way: Vec<Arc<Exchange>>,
    /// In the order of their end, each with its number among those of all sessions.
    finished: VecDeque<(u64, Arc<Exchange>)>,
    /// The number of exchanges that are no longer kept.
    pub(super) left_off: u64,
    /// The number of exchanges so far.
    begun: u64,
    pub(super) stalls: Stalls,
}

impl SessionArchive {
    pub(super) fn new(session: Arc<SessionTag>) -> Self {
        let (under_way, finished) = (Vec::new(), VecDeque::new());
        let stalls = Stalls::default();
        Self { session, under_way, finished, left_off: 0, begun: 0, stalls }
    }

    pub(super) fn begin(&mut self, mut exchange: Exchange) {
        self.begun += 1;
        exchange.number = self.begun;
        if self.under_way.len() < MOST_UNDER_WAY {
            self.under_way.push(Arc::new(exchange));
        } else {
            self.left_off += 1;
        }
    }

    /// The exchange of `request`, while it is under way.
    pub(super) fn under_way(&mut self, request: &Arc<RequestTag>) -> Option<&mut Exchange> {
        let place = self.place(request)?;
        self.under_way.get_mut(place).map(Arc::make_mut)
    }

    /// The index of the exchange of `request` among those under way.
    fn place(&self, request: &Arc<RequestTag>) -> Option<usize> {
        // Nearly always it is the same tag, so pointers are compared first.
        let itself = self.under_way.iter().position(|e| Arc::ptr_eq(&e.request, request));
        itself.or_else(|| self.under_way.iter().position(|exchange| exchange.is_of(request)))
    }

    /// Finishes an exchange at `now`, number `number` of all sessions. `None` = it was not tracked. An
    /// exchange removed for it goes to `gone`.
    pub(super) fn finish(
        &mut self,
        number: u64,
        request: &Arc<RequestTag>,
        mut end: End,
        now: ProcessTime,
        gone: &mut Gone,
    ) -> Option<Arc<Exchange>> {
        let mut exchange = self.under_way.swap_remove(self.place(request)?);
        self.measure(&exchange, &mut end, now);
        // It stays where it is: nobody else has it.
        Arc::make_mut(&mut exchange).finish(request, end);
        self.finished.push_back((number, Arc::clone(&exchange)));
        if self.finished.len() > MOST_OF_SESSION {
            self.remove_oldest(gone);
        }
        Some(exchange)
    }

    /// Fills in how long an exchange lasted that ends at `now`, and where its time went.
    fn measure(&self, exchange: &Exchange, end: &mut End, now: ProcessTime) {
        let details = &exchange.request.details;
        let total = end.measured.total;
        end.lasted = match end.outcome {
            Outcome::Complete => total,
            _ => total.max(now - details.process_time),
        };
        let from = details.session_time;
        let stalled = self.stalls.within(from, from + end.lasted);
        end.split = Split::new(end.lasted, exchange.latency, &end.measured, stalled);
    }

    /// The exchanges under way as they are now, in the order of their start.
    pub(super) fn all_under_way(&self) -> Vec<Exchange> {
        let mut all: Vec<_> = self.under_way.iter().map(|one| Exchange::clone(one)).collect();
        all.sort_by_key(|exchange| exchange.number);
        all
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

//! The exchanges of a proxy's sessions, kept as they end.

use crate::{
    event::{Emitted, Event, Observer, Outcome, RequestTag},
    units::SessionTime,
};
use parking_lot::Mutex;
use std::{sync::Arc, time::Duration};

/// More exchanges than this are not kept: a player that requests without end must not fill the memory.
const MOST: usize = 200_000;

/// One exchange.
#[derive(Debug, Clone)]
pub(super) struct Exchange {
    /// The request: its session, and what it is for.
    pub(super) request: Arc<RequestTag>,
    /// The status sent; 0 if none was sent.
    pub(super) status: u16,
    pub(super) outcome: Outcome,
    /// Body bytes sent.
    pub(super) bytes: u64,
    /// From the end of the request to the last body byte sent.
    pub(super) total: Duration,
}

impl Exchange {
    /// The id of its session.
    pub(super) fn session(&self) -> &str {
        &self.request.session.id
    }

    /// When the request arrived.
    pub(super) fn started(&self) -> SessionTime {
        self.request.details.session_time
    }

    /// When it ended.
    pub(super) fn ended(&self) -> SessionTime {
        self.started() + self.total
    }
}

/// All exchanges that have ended, in the order of their ends.
#[derive(Debug, Default)]
pub(super) struct Exchanges(Mutex<Vec<Exchange>>);

impl Exchanges {
    /// Those of the session `id`, and no longer here.
    pub(super) fn take(&self, id: &str) -> Vec<Exchange> {
        self.0.lock().extract_if(.., |exchange| exchange.session() == id).collect()
    }
}

impl Observer for Exchanges {
    fn observe(&self, Emitted { event, .. }: Emitted<'_>) {
        let Event::RequestFinished { request, status, outcome, bytes, measured } = event else {
            return;
        };
        let (request, status, outcome) = (Arc::clone(request), *status, *outcome);
        let exchange = Exchange { request, status, outcome, bytes: *bytes, total: measured.total };
        let mut exchanges = self.0.lock();
        if exchanges.len() < MOST {
            exchanges.push(exchange);
        }
    }
}

//! What one of several players sends over, in place of a link of its own.

use crate::{
    player::network::{Carrier, Response, Transmission, Watch, WatchTimes},
    units::LinkTime,
};
use std::sync::mpsc::{Receiver, Sender};

/// What a player sends to the arbiter.
#[derive(Debug, Clone)]
pub(super) enum Ask {
    /// A response begins, which is watched then.
    Carry { transmission: Transmission, watch: Option<WatchTimes> },
    /// The response goes on.
    GoOn,
    /// The response is given up.
    GiveUp,
    /// How many bytes the link could have carried by this time.
    Capacity(LinkTime),
    /// The player has ended.
    Leave,
}

/// What the arbiter answers.
#[derive(Debug, Clone, Copy)]
pub(super) enum Reply {
    /// The response has ended; `None` if it never does.
    Ended(Option<Response>),
    /// Asks whether to go on: a time, the bytes that had arrived by then, and the time of the question.
    Progress(LinkTime, u64, LinkTime),
    /// See [`Ask::Capacity`]; `None` without a limit.
    Capacity(Option<u64>),
}

/// The place of one player at the arbiter. Until it sends something, virtual time stands still for all players.
#[derive(Debug)]
pub struct SharedCarrier {
    pub(super) player: usize,
    pub(super) asks: Sender<(usize, Ask)>,
    pub(super) replies: Receiver<Reply>,
}

impl SharedCarrier {
    fn ask(&self, ask: Ask) -> Option<Reply> {
        self.asks.send((self.player, ask)).ok()?;
        self.replies.recv().ok()
    }
}

impl Carrier for SharedCarrier {
    fn carry(
        &mut self,
        transmission: Transmission,
        mut watch: Option<Watch<'_>>,
    ) -> Option<Response> {
        let start = transmission.start;
        let times = watch.as_ref().map(|watch| WatchTimes::new(start, watch.step, watch.from));
        let mut reply = self.ask(Ask::Carry { transmission, watch: times })?;
        while let Reply::Progress(at, received, now) = reply {
            let gives_up = watch.as_mut().is_some_and(|watch| (watch.gives_up)(at, received));
            if gives_up {
                self.asks.send((self.player, Ask::GiveUp)).ok()?;
                return Some(Response { end: now, received, cut: None });
            }
            reply = self.ask(Ask::GoOn)?;
        }
        match reply {
            Reply::Ended(response) => response,
            Reply::Progress(..) | Reply::Capacity(_) => None,
        }
    }

    fn capacity(&mut self, now: LinkTime) -> Option<u64> {
        match self.ask(Ask::Capacity(now))? {
            Reply::Capacity(capacity) => capacity,
            Reply::Ended(_) | Reply::Progress(..) => None,
        }
    }
}

impl Drop for SharedCarrier {
    fn drop(&mut self) {
        // Nobody waits for it if the arbiter has ended.
        let _ = self.asks.send((self.player, Ask::Leave));
    }
}

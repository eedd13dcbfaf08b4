//! What one of several players sends over, in place of a link of its own.

use crate::{
    player::network::{Carrier, Response, Watch},
    seed::Seed,
    units::LinkTime,
};
use std::{
    sync::mpsc::{Receiver, Sender},
    time::Duration,
};

/// What a player tells the arbiter.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ask {
    /// A response of `bytes` begins at `start`.
    Carry { start: LinkTime, bytes: u64, seed: Seed, watch: Option<Duration> },
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
    /// So many bytes have arrived by this time: is it to go on?
    Progress(LinkTime, u64),
    /// See [`Ask::Capacity`]; `None` without a limit.
    Capacity(Option<u64>),
}

/// The place of one player at the arbiter. Until it asks for something, virtual time stands still for all players.
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
        start: LinkTime,
        bytes: u64,
        seed: Seed,
        mut watch: Option<Watch<'_>>,
    ) -> Option<Response> {
        let step = watch.as_ref().map(|(step, _)| *step);
        let mut reply = self.ask(Ask::Carry { start, bytes, seed, watch: step })?;
        while let Reply::Progress(now, received) = reply {
            let gives_up = watch.as_mut().is_some_and(|(_, watch)| watch(now, received));
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

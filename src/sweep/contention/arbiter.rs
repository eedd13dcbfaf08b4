//! Moves virtual time for several players on one link.

use super::shared_carrier::{Ask, Reply, SharedCarrier};
use crate::{
    model::{Link, LinkAccess, LinkSpec, Transport, TransportSpec},
    player::network::{VirtualResponse, WatchTimes},
    seed::Seed,
};
use std::{
    sync::{
        Arc,
        mpsc::{Receiver, Sender, channel},
    },
    time::Duration,
};

/// A response on its way.
#[derive(Debug)]
struct Active {
    response: VirtualResponse,
    /// When it is watched.
    watch: Option<WatchTimes>,
}

/// The link that players share. Each runs on a thread of its own and waits here for the end of its
/// responses; time goes on when all of them wait. So what comes of it does not depend on the threads.
#[derive(Debug)]
pub struct Arbiter {
    spec: Arc<LinkSpec>,
    link: Link,
    own: Vec<LinkSpec>,
    asks: Receiver<(usize, Ask)>,
    seats: Vec<Seat>,
    /// How many players may still ask for something before time goes on.
    running: usize,
}

/// The state of one player at the arbiter.
#[derive(Debug)]
struct Seat {
    replies: Sender<Reply>,
    /// Its connection.
    transport: Option<Transport>,
    active: Option<Active>,
}

impl Arbiter {
    /// A link of `spec` for a number of players, each response of which keeps to `own`; and the place of each player.
    #[must_use]
    pub fn new(
        spec: &Arc<LinkSpec>,
        own: &[LinkSpec],
        players: usize,
        seed: Seed,
    ) -> (Self, Vec<SharedCarrier>) {
        let (sender, asks) = channel();
        let (mut seats, mut carriers) = (Vec::new(), Vec::new());
        for player in 0..players {
            let (replies, receiver) = channel();
            let tcp = spec.transport == TransportSpec::Tcp;
            let transport = tcp.then(|| Transport::new(spec.latency.rtt_at(Duration::ZERO)));
            seats.push(Seat { replies, transport, active: None });
            carriers.push(SharedCarrier { player, asks: sender.clone(), replies: receiver });
        }
        let link = Link::new(spec, seed.named("downlink"));
        let (spec, own) = (Arc::clone(spec), own.to_vec());
        (Self { spec, link, own, asks, seats, running: players }, carriers)
    }

    /// Runs until all players have left.
    pub fn run(&mut self) {
        loop {
            while self.running > 0 {
                let Ok((player, ask)) = self.asks.recv() else { return };
                self.take(player, ask);
            }
            let active = self.seats.iter().enumerate();
            let times = active
                .filter_map(|(player, seat)| Some((seat.active.as_ref()?.response.now(), player)));
            let Some((_, player)) = times.min() else { return };
            self.advance(player);
        }
    }

    /// A player has a request to the arbiter.
    fn take(&mut self, player: usize, ask: Ask) {
        match ask {
            Ask::Carry { transmission, watch } => {
                self.running -= 1;
                let response = VirtualResponse::new(&self.spec, &self.own, &transmission);
                self.seats[player].active = Some(Active { response, watch });
            }
            Ask::GoOn => self.running -= 1,
            // It is still running, and its next request will come.
            Ask::GiveUp => self.seats[player].active = None,
            Ask::Capacity(now) => {
                let capacity = self.link.rate(now).map(|_| self.link.carried(now));
                self.reply(player, Reply::Capacity(capacity));
            }
            Ask::Leave => {
                self.running -= 1;
                self.seats[player].active = None;
            }
        }
    }

    /// Takes the response of `player` one step further.
    fn advance(&mut self, player: usize) {
        let seat = &mut self.seats[player];
        let Some(active) = &mut seat.active else { return };
        let now = active.response.now();
        let transport = seat.transport.as_mut();
        let mut access = LinkAccess { transport, ..LinkAccess::new(&mut self.link) };
        if let Some(ended) = active.response.step(&mut access) {
            seat.active = None;
            self.running += 1;
            self.reply(player, Reply::Ended(ended.ok()));
            return;
        }
        let received = active.response.received();
        let due = active.watch.as_mut().and_then(|watch| watch.due(now, received));
        if let Some((at, held)) = due {
            self.running += 1;
            self.reply(player, Reply::Progress(at, held, now));
        }
    }

    fn reply(&self, player: usize, reply: Reply) {
        // A player that is gone has left, which is taken next.
        let _ = self.seats[player].replies.send(reply);
    }
}

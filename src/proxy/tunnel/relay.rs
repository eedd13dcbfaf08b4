//! A tunnel: the two directions of one connection, shaped by the link of its session.

use super::direction::{Direction, Flow};
use crate::event::Outcome;
use crate::proxy::{
    body::{link_driver::LinkDriver, rule_link::RuleLink, uplink_loss},
    downstream::player_stream::PlayerStream,
    exchange::Exchange,
    upstream::Direct,
};
use bytes::Bytes;
use std::{io, sync::Arc};

/// A tunnel that is open at both ends.
pub(in crate::proxy) struct Tunnel {
    exchange: Exchange,
    upstream: Direct,
}

impl Tunnel {
    pub(in crate::proxy) const fn new(exchange: Exchange, upstream: Direct) -> Self {
        Self { exchange, upstream }
    }

    /// Relays bytes until both sides have ended, or one of them fails. `first`: bytes of the player that were read with
    /// the head of its request.
    pub(in crate::proxy) async fn run(mut self, player: PlayerStream, first: Bytes) {
        let session = Arc::clone(&self.exchange.session);
        // Latency was waited for once, with the request. From now on each direction takes its half of it.
        let half = uplink_loss::round_trip(&session) / 2;
        let seed = self.exchange.seed.named("tunnel");
        let (link, host) = (&self.exchange.arming.link, Some(self.exchange.host.clone()));
        let response =
            RuleLink::default().shaped_response(&self.exchange, link, host, seed.named("down"));
        let down =
            Flow::new(&session, LinkDriver::down(&session, response), half, self.upstream.first);
        let shaper = uplink_loss::shaper(&session, seed.named("up"));
        let up = Flow::new(&session, LinkDriver::up(&session, shaper), half, first);
        let (from_player, to_player) = tokio::io::split(player);
        let (from_origin, to_origin) = tokio::io::split(self.upstream.stream);
        let request = Arc::clone(&self.exchange.request);
        let bus = Arc::clone(self.exchange.bus());
        let exchange = &mut self.exchange;
        let down = Direction::new(down, from_origin, to_player, &request, &bus);
        let up = Direction::new(up, from_player, to_origin, &request, &bus);
        let ended = {
            let down = down.run(|bytes, now, waited| exchange.passed(bytes, now, waited));
            tokio::try_join!(down, up.run(|_, _, _| {}))
        };
        self.exchange.ended(match ended {
            Ok(_) => Outcome::Complete,
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => Outcome::Cut,
            Err(_) => Outcome::PlayerGone,
        });
    }
}

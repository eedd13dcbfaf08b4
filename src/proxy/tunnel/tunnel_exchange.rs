//! A tunnel of an exchange: its two connections, and the links of its session.

use super::{
    direction::Direction,
    flow::{Flow, Step, Towards},
    relay::relay,
};
use crate::event::{Event, Outcome};
use crate::proxy::{
    body::{link_driver::LinkDriver, rule_link::RuleLink, uplink_loss},
    downstream::player_stream::PlayerStream,
    exchange::Exchange,
    upstream::Direct,
};
use bytes::Bytes;
use std::{sync::Arc, time::Duration};

/// A tunnel that is open at both ends.
pub(in crate::proxy) struct Tunnel {
    exchange: Box<Exchange>,
    upstream: Direct,
    idle: Duration,
}

impl Tunnel {
    /// The tunnel of `exchange` to `upstream`. When one side has closed, it ends after `idle` without bytes.
    pub(in crate::proxy) const fn new(
        exchange: Box<Exchange>,
        upstream: Direct,
        idle: Duration,
    ) -> Self {
        Self { exchange, upstream, idle }
    }

    /// Relays bytes until the tunnel ends. `first`: bytes of the player that were read with the head of its request.
    pub(in crate::proxy) async fn run(self, player: PlayerStream, first: Bytes) {
        let Self { mut exchange, upstream, idle } = self;
        // When vsps stops, this future is dropped before the tunnel has ended; then this outcome counts.
        exchange.ended(Outcome::Cut);
        let session = Arc::clone(&exchange.session);
        let seed = exchange.seed.named("tunnel");
        let (link, host) = (&exchange.arming.link, Some(exchange.host.clone()));
        let response =
            RuleLink::default().shaped_response(&exchange, link, host, seed.named("down"));
        let downlink = LinkDriver::down(&session, response);
        let uplink = LinkDriver::up(&session, uplink_loss::shaper(&session, seed.named("up")));
        // Latency was waited for once, with the request. From now on each direction takes its half of it.
        let down = Flow::new(&session, Towards::Player, downlink, &upstream.first);
        let up = Flow::new(&session, Towards::Origin, uplink, &first);
        let (from_player, to_player) = tokio::io::split(player);
        let (from_origin, to_origin) = tokio::io::split(upstream.stream);
        let mut down = Direction::new(down, from_origin, to_player);
        let mut up = Direction::new(up, from_player, to_origin);
        let end = relay(&mut down, &mut up, idle, |towards, step| match step {
            Step::Leave { bytes, now, waited } if towards == Towards::Player => {
                exchange.passed(bytes, now, waited);
            }
            Step::Leave { .. } => {}
            Step::Lost { action, at_byte } => {
                let request = Arc::clone(&exchange.request);
                exchange.emit(&Event::Dropped { request, action, at_byte });
            }
        })
        .await;
        exchange.ended(end.outcome);
        drop(exchange);
        if end.reset {
            let ((_, to_player), (from_player, _)) = (down.into_ends(), up.into_ends());
            from_player.unsplit(to_player).reset().await;
        }
    }
}

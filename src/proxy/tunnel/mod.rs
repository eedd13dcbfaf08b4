//! Connections that carry other protocols than HTTP after their first exchange: CONNECT, websockets and other
//! upgrades. Their bytes are shaped in both directions and not read.

mod direction;
mod relay;

pub(super) use relay::Tunnel;

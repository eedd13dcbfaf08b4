//! Connections that carry other protocols than HTTP after their first exchange: CONNECT, websockets and other
//! upgrades. Their bytes are shaped in both directions and not read.

mod direction;
mod flow;
mod relay;
#[cfg(test)]
mod tests;
mod tunnel_exchange;

pub(super) use tunnel_exchange::Tunnel;

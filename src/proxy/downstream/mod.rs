//! The player's side: accept connections, TLS, detect the HTTP version, serve requests, drain.

pub(super) mod connection;
pub(super) mod connections;
mod full;
pub(super) mod head_scan;
#[cfg(feature = "h3")]
pub(super) mod http3;
pub(super) mod player_stream;
pub(super) mod protocol_detect;
mod proxy_protocol;
pub(super) mod request_framing;
pub(super) mod server;
pub(super) mod socket;
pub(super) mod tls;

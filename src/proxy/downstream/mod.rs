//! The player's side: accept connections, TLS, detect the HTTP version, serve requests, drain.

pub(super) mod connection;
pub(super) mod connections;
mod full;
mod half_close;
mod head_memory;
pub(super) mod head_scan;
mod held_body;
#[cfg(feature = "h3")]
pub(super) mod http3;
mod open_stream;
mod plain;
pub(super) mod player_stream;
pub(super) mod protocol_detect;
mod proxy_protocol;
mod rare_future;
pub(super) mod request_framing;
mod requests;
pub(super) mod server;
mod serving;
pub(super) mod shortage;
pub(super) mod socket;
mod stream_executor;
pub(super) mod streams;
pub(super) mod tls;
mod unread_response;

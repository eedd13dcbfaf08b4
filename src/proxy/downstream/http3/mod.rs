//! HTTP/3 with players: QUIC on the data port's number, and the same exchanges as over TCP.

mod certificates;
mod connection;
mod endpoint;
mod exchange;
mod settings;

pub use endpoint::Http3;

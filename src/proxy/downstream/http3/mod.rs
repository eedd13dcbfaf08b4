//! HTTP/3 with players: QUIC on the data port's number, and the same exchanges as over TCP.

mod certificates;
mod connection;
mod endpoint;
mod exchange;
mod quic;
mod quic_error;
mod quic_stream;
mod settings;
mod unsent;

pub use endpoint::Http3;

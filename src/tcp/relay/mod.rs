//! Bytes between the sockets of a client and of an upstream server.

mod connection;
mod flow;
mod setup;

pub(super) use connection::serve;
pub(super) use setup::Relay;

//! The way to the origin: connections that are kept, HTTP/1.1 or 2, TLS with the platform's roots.

mod body;
mod client;
mod failure;
mod guard;
mod idle;
mod intake;
mod leg;
mod places;
mod plain;
mod secure;
mod sip;

pub(super) use body::{OriginBody, OriginError};
pub(super) use client::OriginClient;

//! Raw TCP: listeners with an upstream server each, and toxiproxy's HTTP API.
//!
//! ```text
//!   HTTP API ──▶ ProxySet ─▶ Proxy  a listener, its upstream server, its toxics
//!                              │ toxics, live
//!   client ──▶ relay: Flow ─▶ Chain ─▶ Flow ──▶ upstream server   (and back, with a chain of its own)
//!                              └ stages: the model's links, delays, cuts
//! ```
//!
//! The names, addresses, status codes and messages of the API are those of toxiproxy 2.12 (with `packet_loss`, which
//! came after it); `docs/toxiproxy.md` says where behaviour differs. Bytes are not looked into.

mod attributes;
mod chain;
mod counters;
mod direction;
mod environment;
mod error;
mod fields;
mod http;
mod listen_address;
mod profile;
mod proxy;
mod proxy_set;
mod relay;
mod routes;
mod server;
mod state;
mod toxic;
mod toxics;

pub use attributes::Attributes;
pub use direction::Direction;
pub use error::ApiError;
pub use profile::NamedProfile;
pub use server::{Server, Settings};
pub use toxic::Toxic;

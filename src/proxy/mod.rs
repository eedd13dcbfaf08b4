//! The data plane: one request in, one answer out, by way of the session's network.
//!
//! ```text
//!  accept ─▶ identify ─▶ classify ─▶ decide ─▶ fetch ─▶ rewrite ─▶ shape
//!  server    exchange    exchange    exchange  upstream manifest   shaped_body
//! ```
//!
//! Rules reach into the last three (`fault`). Every step tells the [event bus](crate::event); nothing here counts or logs by itself.

mod alarm;
mod alias;
mod allow;
mod arrival;
mod coding;
mod config;
mod connection;
mod connections;
mod cookies;
mod cors;
mod error;
mod exchange;
mod fault;
mod fetch;
mod framing;
mod greeting;
mod harm;
mod head_scan;
mod headers;
mod heads;
mod hop;
mod identify;
mod manifest;
mod manifest_work;
mod observe;
mod pace;
mod passage;
mod player_body;
mod player_data;
mod player_reports;
mod read_ahead;
mod reply;
mod request_body;
mod second_look;
mod server;
mod shaped_body;
mod socket;
mod source;
mod ticket;
mod uplink;
mod upload;
mod upstream;

pub use config::{Limits, ProxyConfig, SessionBy, Timeouts};
pub use exchange::Proxy;
pub use server::{DrainError, run};
pub use upstream::Resolver;

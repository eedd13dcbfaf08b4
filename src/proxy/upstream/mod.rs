//! The origin's side: connections that are pooled and carry one exchange at a time, HTTP/1.1 or HTTP/2, TLS with the
//! platform's root certificates.

mod answer_framing;
mod body;
mod carried_response;
mod carrier;
mod chunks;
mod client;
mod direct;
mod earlier_traffic;
mod failure;
mod guard;
mod h1_connection;
mod http2;
mod idle_connections;
mod origin_networks;
mod places;
mod plain_exchange;
mod pool;
mod reach;
mod read_policy;
mod resolver;
mod response_deadlines;
mod stream;
mod throttled_stream;
mod tls;

pub(super) use body::{DirectBody, OriginBody, OriginError};
pub(super) use client::OriginClient;
pub(super) use direct::{Answer, Direct};
pub(super) use reach::Reach;
pub use resolver::Resolver;

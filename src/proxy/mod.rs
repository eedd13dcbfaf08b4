//! The data plane: one request in, one response out, through the session's network.
//!
//! The folders follow a request:
//!
//! | folder | does |
//! |---|---|
//! | `downstream` | accepts players' connections, TLS, detects the version of HTTP, drains |
//! | `exchange` | one request through its phases: identify, classify, decide, fetch, answer |
//! | `fault` | applies what a [`Plan`](crate::rules::Plan) asks for, one file an effect |
//! | `manifest` | reads, edits and rewrites manifests |
//! | `body` | where a body's bytes come from, and when they leave |
//! | `tunnel` | bytes of CONNECT and of upgrades, shaped in both directions |
//! | `upstream` | connections to origins |
//!
//! Every step emits an [event](crate::event). The proxy itself neither counts nor logs requests.

mod body;
mod config;
mod downstream;
mod error;
mod exchange;
mod fault;
mod manifest;
mod plain_head;
#[cfg(test)]
mod test_session;
mod trusted_front;
mod tunnel;
mod upstream;

pub use crate::listen::DrainError;
pub use config::{ForwardConfig, Limits, ProxyConfig, SessionBy, Timeouts};
#[cfg(feature = "h3")]
pub use downstream::http3::Http3;
pub use downstream::server::run;
pub use downstream::tls::{CertificateError, TlsServer};
pub use exchange::proxy::Proxy;
pub use trusted_front::AddressRange;
pub use upstream::Resolver;

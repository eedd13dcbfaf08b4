//! The listening socket and the accept loop of every server in the process: players, the APIs and the built-in origin;
//! the threads that serve players; and the HTTP server of the APIs.

mod accept;
mod http_server;
mod listener;
mod open;
mod rare_warning;
mod this_machine;
mod workers;
mod write_timeout;

pub use accept::{AcceptLoop, Place, place};
pub use http_server::HttpServer;
pub use listener::open_listener;
pub use open::{DrainError, OpenConnections};
pub use rare_warning::RareWarning;
pub use this_machine::host_here;
pub use workers::{Workers, cores};

//! The listening socket and the accept loop of every server in the process: players, the control plane and the built-in origin.

mod accept;
mod listener;
mod open;

pub use accept::{AcceptLoop, Place, place};
pub use listener::open_listener;
pub use open::{DrainError, OpenConnections};

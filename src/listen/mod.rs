//! The accept loop of every server in the process: players, the control plane and the built-in origin.

mod accept;
mod open;

pub use accept::{AcceptLoop, Place, place};
pub use open::{DrainError, OpenConnections};

//! The control plane: health, metrics, sessions and profiles over HTTP, on an address of its own.

mod server;
mod state;

pub use server::serve;
pub use state::State;

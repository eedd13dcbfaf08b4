//! Scripts in Rhai. A function receives each request, may keep values for the session, and returns a map
//! like a rule's `then`. Another function receives the response before its body is sent.
//!
//! Scripts are sandboxed. They can't read files or open connections, get the time and random numbers
//! only from the proxy, and are limited in operations, depth, memory and time.

mod answer;
mod bounds;
mod check;
mod decision;
mod engine;
mod error;
mod file;
mod program;
mod request;
mod state;

pub use answer::Answer;
pub use bounds::ScriptBounds;
pub use error::{ScriptError, ScriptFailure};
pub use file::Script;
pub use program::Program;
pub use state::ScriptState;

#[cfg(test)]
mod tests;

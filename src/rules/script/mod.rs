//! Scripts (Rhai): a function that sees each request, remembers what it likes for the session, and
//! returns what a rule's `then` is; another that sees the answer before its body is sent.
//!
//! Sandboxed: a script reads no file, opens no connection, asks for no time and no chance but those
//! it is given, and is bounded in operations, depth, memory and time.

mod answer;
mod decision;
mod engine;
mod error;
mod file;
mod program;
mod request;
mod state;

pub use answer::Answer;
pub use error::{ScriptError, ScriptFailure};
pub use file::Script;
pub use program::Program;
pub use state::ScriptState;

#[cfg(test)]
mod tests;

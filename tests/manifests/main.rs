//! Manifests rewritten in place: golden pairs, the laws of rewriting, and no panic on anything.

#![allow(clippy::unwrap_used, reason = "a test whose fixture cannot be read has failed")]

mod bad_input;
mod cases;
mod hostile;
mod laws;
mod linear;
mod maps;

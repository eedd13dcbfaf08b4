//! Rewriting of manifests: golden pairs, properties of rewriting, and no panic on any input.

#![allow(clippy::unwrap_used, reason = "a test whose fixture cannot be read has failed")]

mod bad_input;
mod cases;
mod hostile;
mod laws;
mod linear;
mod maps;

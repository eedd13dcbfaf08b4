//! `vsps` stands between a video origin and a player and makes the network as bad as asked:
//! no better, no worse, and the same again with the same seed.
//!
//! # A map of the house
//!
//! In reading order, low to high; a room imports only rooms above it in this list
//! (`tests/architecture.rs` keeps the walls).
//!
//! - [`origin`]: the built-in test origin, real playable media with nothing installed

pub mod origin;

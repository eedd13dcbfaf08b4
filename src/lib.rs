//! `vsps` stands between a video origin and a player and makes the network as bad as asked:
//! no better, no worse, and the same again with the same seed.
//!
//! # A map of the house
//!
//! In reading order, low to high; a room imports only rooms above it in this list
//! (`tests/architecture.rs` keeps the walls).

pub mod event;
pub mod media;
pub mod model;
pub mod profiles;
pub mod rules;
pub mod seed;
pub mod units;

//! Which connection a chain belongs to.

use crate::{seed::Seed, tcp::direction::Direction};

/// Which connection a chain belongs to.
#[derive(Debug, Clone, Copy)]
pub(in crate::tcp) struct Origin {
    pub direction: Direction,
    /// The connection's number in its proxy, from 0.
    pub ordinal: u64,
    /// The seed of the connection, and in a slot that of its toxic.
    pub seed: Seed,
}

//! One run: a player, or several, over a network with a seed.

use super::{
    Player,
    plan::{Net, Plan},
};

const MS: f64 = 1000.0;

/// What is run.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// What all runs have in common.
    pub plan: &'a Plan,
    /// The network.
    pub net: &'a Net,
    /// The algorithm.
    pub player: &'a Player,
    /// The seed.
    pub seed: u64,
}

impl Run<'_> {
    /// The half-lives of the estimator in ms, as in Sabre; players with one of their own do not ask it.
    pub(super) const HALF_LIVES: [f64; 2] = [3000.0, 8000.0];

    /// The players by number, from 0.
    pub(super) fn players(&self) -> std::ops::Range<usize> {
        0..self.plan.options.players.get()
    }

    /// The level in ms that the buffer never exceeds.
    pub(super) fn max_buffer(&self) -> f64 {
        let buffer = self.plan.options.buffer.map(|buffer| buffer.as_secs_f64() * MS);
        self.player.max_buffer(buffer, self.plan.presentation.segment())
    }
}

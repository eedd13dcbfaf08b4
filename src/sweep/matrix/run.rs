//! One run: a player, or several, over a network with a seed.

use super::{
    Player,
    plan::{Net, Plan},
};
use crate::player::{BufferGrowth, Presentation, preset};

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

impl<'a> Run<'a> {
    /// The half-lives of the estimator in ms, as in Sabre; players with one of their own do not use it.
    pub(super) const HALF_LIVES: [f64; 2] = [3000.0, 8000.0];

    /// What is played, as the player requests it.
    #[must_use]
    pub fn presentation(&self) -> &'a Presentation {
        self.plan.presentations.of(&self.player.name)
    }

    /// The algorithm of player number `seat`, from 0.
    pub(super) fn player_at(&self, seat: usize) -> &'a Player {
        let all = &self.plan.players;
        if self.plan.options.mixed { &all[seat % all.len()] } else { self.player }
    }

    /// Whether the figures are about player number `seat`.
    pub(super) fn is_about(&self, seat: usize) -> bool {
        self.player_at(seat).name == self.player.name
    }

    /// The first player that they are about.
    pub(super) fn first_seat(&self) -> usize {
        self.players().find(|seat| self.is_about(*seat)).unwrap_or(0)
    }

    /// The players by number, from 0.
    pub(super) fn players(&self) -> std::ops::Range<usize> {
        0..self.plan.options.players.get()
    }

    /// How much higher that is for what is played; not at all if the level was given.
    pub(super) fn growth(&self) -> BufferGrowth {
        let given = self.plan.options.buffer.is_some();
        if given { BufferGrowth::Never } else { preset(&self.player.name).growth }
    }

    /// The level in ms that the buffer never exceeds, but for [`Self::growth`].
    pub(super) fn max_buffer(&self) -> f64 {
        let buffer = self.plan.options.buffer.map(|buffer| buffer.as_secs_f64() * MS);
        self.player.max_buffer(buffer, self.plan.presentation.segment())
    }
}

//! Plays a run to its end, with all its players.

use super::{Figures, RunError, group::play_together, play::play, run::Run, seat::Seat};
use crate::seed::Seed;

/// Runs to the end.
///
/// # Errors
/// When it cannot go on.
pub fn run(run: Run<'_>) -> Result<Figures, RunError> {
    let mut seats: Vec<_> = run.players().map(|_| Seat::default()).collect();
    play_all(run, &mut seats)
}

/// Plays with one player for each seat.
pub(super) fn play_all(run: Run<'_>, seats: &mut [Seat<'_>]) -> Result<Figures, RunError> {
    if let [seat] = seats {
        let network = run.net.session(run.presentation(), Seed::new(run.seed));
        return play(run, network, seat);
    }
    play_together(run, seats)
}

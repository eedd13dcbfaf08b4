//! Plays a run to its end, with all its players.

use super::{
    Figures, RunError, SegmentLine,
    group::play_together,
    play::play,
    run::Run,
    seat::{Seat, See, Shown},
};
use crate::seed::Seed;

/// Runs to the end.
///
/// # Errors
/// When it cannot go on.
pub fn run(run: Run<'_>) -> Result<Figures, RunError> {
    let mut seats: Vec<_> = run.players().map(|_| Seat::default()).collect();
    play_all(run, &mut seats)
}

/// The same, and adds a line of JSON for each segment to `lines`.
///
/// # Errors
/// When it cannot go on.
pub fn log(run: Run<'_>, lines: &mut String) -> Result<Figures, RunError> {
    let bitrates = run.plan.presentation.bitrates();
    let mut texts: Vec<String> = run.players().map(|_| String::new()).collect();
    let mut seats: Vec<Seat<'_>> = Vec::new();
    for (player, text) in texts.iter_mut().enumerate() {
        if !run.is_about(player) {
            seats.push(Seat::default());
            continue;
        }
        let see: See<'_> = Box::new(move |step, estimate| {
            let line = SegmentLine::new(&run, player, step, bitrates[step.rung], estimate);
            if let Ok(line) = serde_json::to_string(&line) {
                text.push_str(&line);
                text.push('\n');
            }
        });
        seats.push(Seat { shown: Shown::default(), see });
    }
    let figures = play_all(run, &mut seats);
    drop(seats);
    texts.iter().for_each(|text| lines.push_str(text));
    figures
}

/// Plays with one player for each seat.
pub(super) fn play_all(run: Run<'_>, seats: &mut [Seat<'_>]) -> Result<Figures, RunError> {
    if let [seat] = seats {
        let network = run.net.session(&run.plan.presentation, Seed::new(run.seed));
        return play(run, network, seat);
    }
    play_together(run, seats)
}

//! What is written down of a run beside its figures.

use super::{
    Figures, RunError, SegmentLine,
    p1203::p1203,
    play_all::play_all,
    run::Run,
    seat::{Seat, See, Shown, ShownTimes},
};

/// What to write down of a run beside its figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wanted {
    /// A line of JSON for each segment.
    pub log: bool,
    /// The input of ITU-T P.1203.
    pub p1203: bool,
}

/// A run, and what was written down of it.
#[derive(Debug)]
pub struct Recorded {
    /// What came of it.
    pub figures: Result<Figures, RunError>,
    /// A line of JSON for each segment; empty if they were not asked for.
    pub log: String,
    /// The input of ITU-T P.1203, if it was asked for. What was played before an error is in it, too.
    pub p1203: Option<String>,
}

/// Plays `run` once, and writes down what is `wanted`. P.1203 is about the first player with the algorithm of the run,
/// the log about all of them.
#[must_use]
pub fn record(run: Run<'_>, wanted: Wanted) -> Recorded {
    let mut logs: Vec<String> = run.players().map(|_| String::new()).collect();
    let first = run.first_seat();
    let mut seats = Vec::new();
    for (player, log) in logs.iter_mut().enumerate() {
        let times = (wanted.p1203 && player == first).then(ShownTimes::default);
        let shown = Shown { times, ..Shown::default() };
        let logged = wanted.log && run.is_about(player);
        let see = if logged { writer(run, player, log) } else { Seat::default().see };
        seats.push(Seat { shown, see });
    }
    let figures = play_all(run, &mut seats);
    let times = seats.swap_remove(first).shown.times;
    drop(seats);
    let p1203 = times.and_then(|times| p1203(run, &times).ok());
    Recorded { figures, log: logs.concat(), p1203 }
}

/// Writes the downloads of a player to `log`.
fn writer<'a>(run: Run<'a>, player: usize, log: &'a mut String) -> See<'a> {
    let bitrates = run.plan.presentation.bitrates();
    Box::new(move |step, estimate| {
        let line = SegmentLine::new(&run, player, step, bitrates[step.rung], estimate);
        if let Ok(line) = serde_json::to_string(&line) {
            log.push_str(&line);
            log.push('\n');
        }
    })
}

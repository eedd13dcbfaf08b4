//! One run: a player, or several, over a network with a seed.

use super::{
    Figures, METRICS, Player, RunError, SegmentLine,
    figures::Sums,
    group::play_together,
    live::play_live,
    plan::{Net, Plan},
};
use crate::{
    player::{
        FullBuffer, Observer, Replacement, Session, SessionPolicy, SessionReport,
        estimator::{Estimate, Ewma},
        network::LinkNetwork,
    },
    seed::Seed,
};

/// The half-lives of the estimator in ms, as in Sabre; players with one of their own do not ask it.
pub(super) const HALF_LIVES: [f64; 2] = [3000.0, 8000.0];
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

/// Counts what is shown.
#[derive(Default)]
pub(super) struct Shown {
    pub(super) last: Option<usize>,
    pub(super) segments: f64,
    pub(super) up: f64,
    pub(super) down: f64,
    /// When each segment starts to be shown, in seconds, and its rung, if that is wanted.
    pub(super) rungs: Option<Vec<(f64, usize)>>,
}

impl Observer for Shown {
    fn segment_shown(&mut self, rung: usize, shown: f64) {
        self.segments += 1.0;
        match self.last {
            Some(last) if rung > last => self.up += 1.0,
            Some(last) if rung < last => self.down += 1.0,
            _ => {}
        }
        self.last = Some(rung);
        if let Some(rungs) = &mut self.rungs {
            rungs.push((shown / MS, rung));
        }
    }
}

/// Sees each download, and the estimate after it.
type See<'a> = Box<dyn FnMut(&SessionReport, Option<Estimate>) + Send + 'a>;

/// One of the players of a run: what it shows, and what sees its downloads.
pub(super) struct Seat<'a> {
    pub(super) shown: Shown,
    pub(super) see: See<'a>,
}

impl Default for Seat<'_> {
    /// Nothing sees the downloads.
    fn default() -> Self {
        Self { shown: Shown::default(), see: Box::new(|_, _| {}) }
    }
}

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

impl Run<'_> {
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

/// Plays with one player for each seat.
pub(super) fn play_all(run: Run<'_>, seats: &mut [Seat<'_>]) -> Result<Figures, RunError> {
    if let [seat] = seats {
        let net = run.net;
        let network = LinkNetwork::new(&net.link, &net.own, &net.shared, Seed::new(run.seed));
        return play(run, network, seat);
    }
    play_together(run, seats)
}

/// Plays with one player over `network`.
pub(super) fn play(
    run: Run<'_>,
    network: LinkNetwork,
    seat: &mut Seat<'_>,
) -> Result<Figures, RunError> {
    if let Some(catch_up) = run.plan.options.live {
        return play_live(run, network, seat, catch_up);
    }
    let presentation = &run.plan.presentation;
    let max_buffer = run.max_buffer();
    let mut abr = run.player.algorithm(presentation, max_buffer, run.seed, false)?;
    let mut estimator = Ewma::new(&HALF_LIVES, presentation.segment());
    let policy = SessionPolicy {
        max_buffer,
        full: FullBuffer::WaitForRoom,
        replacement: Replacement::Never,
        abandon: run.plan.options.abandon,
        startup_rebuffers: false,
        seek: None,
    };
    let mut session = Session::new(presentation, network, abr.as_mut(), &mut estimator, policy);
    let mut sums = Sums { segment: presentation.segment(), ..Sums::default() };
    let mut started = false;
    while let Some(step) = session.step(&mut seat.shown)? {
        if let Some(problem) = session.failure() {
            return Err(RunError::External(problem.to_owned()));
        }
        let progress = &step.download.progress;
        if !started {
            sums.startup = step.at + progress.time;
            started = true;
        }
        sums.received += progress.received;
        if step.download.abandoned {
            sums.wasted += progress.received;
        }
        (seat.see)(&step, session.estimate());
    }
    sums.capacity = session.network.capacity();
    session.play_out(&mut seat.shown);
    let totals = session.playback().totals();
    let shown = &seat.shown;
    sums.segments = shown.segments;
    sums.bitrate = totals.bitrate;
    sums.utility = totals.utility;
    sums.time = totals.time;
    sums.rebuffer = totals.rebuffer;
    sums.rebuffer_events = totals.rebuffer_events as f64;
    (sums.up, sums.down, sums.change) = (shown.up, shown.down, totals.bitrate_change);
    finished(sums.figures())
}

/// Figures, if all of them are numbers.
pub(super) fn finished(figures: Figures) -> Result<Figures, RunError> {
    match METRICS.iter().find(|metric| !(metric.of)(&figures).is_finite()) {
        Some(metric) => Err(RunError::NotFinite(metric.name)),
        None => Ok(figures),
    }
}

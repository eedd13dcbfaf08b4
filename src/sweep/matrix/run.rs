//! One session: a player over a network with a seed.

use super::{
    Figures, Player, RunError,
    figures::Sums,
    plan::{Net, Plan},
};
use crate::{
    model::Link,
    player::{
        FullBuffer, Observer, Replacement, Session, SessionPolicy, estimator::Ewma,
        network::LinkNetwork,
    },
    seed::Seed,
};
use std::time::Duration;

/// The half-lives of the estimator in ms, as in Sabre; players with one of their own do not ask it.
const HALF_LIVES: [f64; 2] = [3000.0, 8000.0];
const MS: f64 = 1000.0;

/// What a session did at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Seconds since the first request.
    pub at: f64,
    /// Seconds of buffer.
    pub buffer: f64,
}

/// One session, request by request.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    /// The buffer at the start and the end of each download.
    pub buffer: Vec<Point>,
    /// When each segment starts to be shown, in seconds, and its rung.
    pub rungs: Vec<(f64, usize)>,
    /// Each download: start, first byte and end in seconds, and its throughput in kbit/s.
    pub downloads: Vec<(f64, f64, f64, f64)>,
    /// Times in which nothing was shown, from and to, in seconds; the first is the startup.
    pub stalls: Vec<(f64, f64)>,
    /// The link's rate in kbit/s from each of these seconds on; empty without a limit.
    pub rates: Vec<(f64, f64)>,
    /// When playback ended, in seconds.
    pub end: f64,
    /// Why it ended before the presentation did.
    pub error: Option<String>,
}

/// Counts what is shown.
#[derive(Default)]
struct Shown {
    last: Option<usize>,
    segments: f64,
    up: f64,
    down: f64,
    rungs: Option<Vec<(f64, usize)>>,
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

/// Runs one session to its end.
///
/// # Errors
/// When it cannot go on.
pub fn run(plan: &Plan, net: &Net, player: &Player, seed: u64) -> Result<Figures, RunError> {
    let mut shown = Shown::default();
    play(plan, net, player, seed, &mut shown, &mut |_| {})
}

/// The same, and writes down what happens.
#[must_use]
pub fn trace(plan: &Plan, net: &Net, player: &Player, seed: u64) -> Trace {
    let mut shown = Shown { rungs: Some(Vec::new()), ..Shown::default() };
    let mut trace = Trace::default();
    let played = play(plan, net, player, seed, &mut shown, &mut |step| {
        let progress = &step.download.progress;
        let (start, end) = (step.at / MS, (step.at + progress.time) / MS);
        let first = start + progress.first_byte / MS;
        let throughput = progress.received / (progress.time - progress.first_byte);
        trace.downloads.push((start, first, end, throughput));
        let [before, after, added] = step.levels.map(|level| level / MS);
        trace.buffer.push(Point { at: start, buffer: before });
        // Down to zero in between, if it runs empty.
        if after <= 0.0 && before < end - start {
            trace.buffer.push(Point { at: start + before, buffer: 0.0 });
            trace.stalls.push((start + before, end));
        }
        trace.buffer.push(Point { at: end, buffer: after });
        trace.buffer.push(Point { at: end, buffer: added });
        trace.end = end + added;
    });
    trace.rungs = shown.rungs.unwrap_or_default();
    trace.rates = rates(net, seed, trace.end);
    trace.error = played.err().map(|error| error.to_string());
    trace
}

/// The link's mean rate in each of some hundred parts of the session.
fn rates(net: &Net, seed: u64, end: f64) -> Vec<(f64, f64)> {
    const PARTS: f64 = 400.0;
    let mut link = Link::new(&net.link, Seed::new(seed).named("downlink"));
    if link.rate(Duration::ZERO).is_none() {
        return Vec::new();
    }
    let step = (end / PARTS).max(1.0);
    let (mut rates, mut before) = (Vec::new(), 0);
    let mut at = 0.0;
    while at < end {
        let carried = link.carried(Duration::from_secs_f64(at + step));
        rates.push((at, (carried - before) as f64 * 8.0 / MS / step));
        before = carried;
        at += step;
    }
    rates
}

fn play(
    plan: &Plan,
    net: &Net,
    player: &Player,
    seed: u64,
    shown: &mut Shown,
    see: &mut dyn FnMut(&crate::player::SessionReport),
) -> Result<Figures, RunError> {
    let presentation = &plan.presentation;
    let buffer = plan.options.buffer.map(|buffer| buffer.as_secs_f64() * MS);
    let max_buffer = player.max_buffer(buffer, presentation.segment());
    let mut abr = player.algorithm(presentation, max_buffer, seed)?;
    let mut estimator = Ewma::new(&HALF_LIVES, presentation.segment());
    let network = LinkNetwork::new(&net.link, &net.own, &net.shared, Seed::new(seed));
    let policy = SessionPolicy {
        max_buffer,
        full: FullBuffer::WaitForRoom,
        replacement: Replacement::Never,
        abandon: plan.options.abandon,
        startup_rebuffers: false,
        seek: None,
    };
    let mut session = Session::new(presentation, network, abr.as_mut(), &mut estimator, policy);
    let mut sums = Sums { segment: presentation.segment(), ..Sums::default() };
    let mut started = false;
    while let Some(step) = session.step(shown)? {
        if let Some(problem) = session.failure() {
            return Err(RunError::External(problem.to_owned()));
        }
        let progress = &step.download.progress;
        if !started {
            sums.startup = progress.time;
            started = true;
        }
        sums.received += progress.received;
        if step.download.abandoned {
            sums.wasted += progress.received;
        }
        see(&step);
    }
    sums.capacity = session.network.capacity();
    session.play_out(shown);
    let totals = session.playback().totals();
    sums.segments = shown.segments;
    sums.bitrate = totals.bitrate;
    sums.utility = totals.utility;
    sums.time = totals.time;
    sums.rebuffer = totals.rebuffer;
    sums.rebuffer_events = totals.rebuffer_events as f64;
    (sums.up, sums.down, sums.change) = (shown.up, shown.down, totals.bitrate_change);
    Ok(sums.figures())
}

//! One session, request by request, for drawings.

use super::{
    plan::Net,
    play_all::play_all,
    run::Run,
    seat::{Seat, Shown, ShownTimes},
};
use crate::{model::Link, player::SessionReport, seed::Seed, units::LinkTime};
use std::time::Duration;

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

/// Runs one session and writes down what happens; of several players, what happens to the first with
/// the algorithm of the run.
#[must_use]
pub fn trace(run: Run<'_>) -> Trace {
    let mut trace = Trace::default();
    let recorded = Seat {
        shown: Shown { times: Some(ShownTimes::default()), ..Shown::default() },
        see: Box::new(|step, _| trace.add(step)),
    };
    let first = run.first_seat();
    let mut seats: Vec<Seat<'_>> = run.players().map(|_| Seat::default()).collect();
    seats[first] = recorded;
    let played = play_all(run, &mut seats);
    let times = seats.swap_remove(first).shown.times.unwrap_or_default();
    drop(seats);
    trace.stalls = times.standstills().collect();
    trace.rungs = times.rungs;
    if let Some((_, end)) = trace.stalls.last() {
        trace.end = trace.end.max(*end);
    }
    trace.rates = rates(run.net, run.seed, trace.end);
    trace.error = played.err().map(|error| error.to_string());
    trace
}

impl Trace {
    fn add(&mut self, step: &SessionReport) {
        let progress = &step.download.progress;
        let (start, end) = (step.at / MS, (step.at + progress.time) / MS);
        let first = start + progress.first_byte / MS;
        self.downloads.push((start, first, end, progress.throughput()));
        let [before, after, added] = step.levels.map(|level| level / MS);
        // It ran empty before the request: while others failed.
        if before <= 0.0
            && let Some(last) = self.buffer.last()
            && last.at + last.buffer < start
        {
            self.buffer.push(Point { at: last.at + last.buffer, buffer: 0.0 });
        }
        self.buffer.push(Point { at: start, buffer: before });
        // Down to zero in between, if it runs empty.
        if after <= 0.0 && before < end - start {
            self.buffer.push(Point { at: start + before, buffer: 0.0 });
        }
        self.buffer.push(Point { at: end, buffer: after });
        self.buffer.push(Point { at: end, buffer: added });
        self.end = end + added;
    }
}

/// The link's mean rate in each of some hundred parts of the session.
pub(super) fn rates(net: &Net, seed: u64, end: f64) -> Vec<(f64, f64)> {
    const PARTS: f64 = 400.0;
    let mut link = Link::new(&net.link, Seed::new(seed).named("downlink"));
    if link.rate(LinkTime::ZERO).is_none() {
        return Vec::new();
    }
    let step = (end / PARTS).max(1.0);
    let (mut rates, mut before) = (Vec::new(), 0);
    let mut at = 0.0;
    while at < end {
        let carried = link.carried(LinkTime::new(Duration::from_secs_f64(at + step)));
        rates.push((at, (carried - before) as f64 * 8.0 / MS / step));
        before = carried;
        at += step;
    }
    rates
}

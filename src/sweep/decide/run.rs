//! Reads finished downloads, and writes what is chosen after each.

use super::DecideError;
use crate::{
    player::{
        Abr, Download, FailedRequests, Presentation, Progress, SessionReport, State,
        estimator::{Estimate, Estimator},
    },
    sweep::{
        catalogue::{AlgorithmSetup, CatalogueEntry, algorithm},
        decision_lines::{Abandonment, Decision, Finished, Setup},
        external::ExternalAlgorithm,
    },
};
use serde::de::DeserializeOwned;
use std::io::{BufRead, Write};

/// Bits per byte, and bit/s per kbit/s, and ms per s.
const BITS: f64 = 8.0;
const THOUSAND: f64 = 1000.0;

/// Runs the algorithm called `name` over the lines of `input`.
///
/// # Errors
/// When the name, a line or a setting is not understood, or reading or writing fails.
pub fn run(name: &str, input: impl BufRead, mut out: impl Write) -> Result<(), DecideError> {
    let chosen = Chosen::find(name)?;
    let mut lines = input.lines().enumerate();
    let (_, first) = lines.next().ok_or(DecideError::Empty)?;
    let setup: Setup = parse(0, &first?)?;
    let presentation = presentation(&setup)?;
    let dimensions: Vec<_> = setup.ladder.iter().map(|one| one.width.zip(one.height)).collect();
    let made = AlgorithmSetup {
        presentation: &presentation,
        dimensions: &dimensions,
        live: setup.live,
        seed: setup.seed,
        config: &setup.config,
    };
    let mut decider = Decider {
        presentation: &presentation,
        abr: chosen.make(&made)?,
        estimator: chosen.estimator(&made),
        estimate: None,
        segment: 0,
        first: true,
    };
    for (index, line) in lines {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let finished = check(index, parse(index, &line)?, &presentation)?;
        decider.seek(&finished);
        let text = match finished.size {
            Some(size) => serde_json::to_string(&decider.check(&finished, size)),
            None => serde_json::to_string(&decider.decide(&finished)),
        };
        if let Some(problem) = decider.abr.failure() {
            return Err(DecideError::Failed(problem.to_owned()));
        }
        let text = text.map_err(std::io::Error::from)?;
        writeln!(out, "{text}")?;
        out.flush()?;
    }
    Ok(())
}

/// The algorithm that was asked for.
enum Chosen {
    BuiltIn(&'static CatalogueEntry),
    External(ExternalAlgorithm),
}

impl Chosen {
    fn find(name: &str) -> Result<Self, DecideError> {
        match ExternalAlgorithm::find(name).map_err(DecideError::External)? {
            Some(external) => Ok(Self::External(external)),
            None => algorithm(name).map(Self::BuiltIn).map_err(DecideError::Name),
        }
    }

    fn make(&self, setup: &AlgorithmSetup<'_>) -> Result<Box<dyn Abr>, DecideError> {
        match self {
            Self::BuiltIn(entry) => entry.make(setup).map_err(DecideError::Config),
            Self::External(external) => external.make(setup).map_err(DecideError::Failed),
        }
    }

    fn estimator(&self, setup: &AlgorithmSetup<'_>) -> Option<Box<dyn Estimator>> {
        match self {
            Self::BuiltIn(entry) => entry.estimator(setup.presentation),
            // It has all downloads.
            Self::External(_) => None,
        }
    }
}

/// The presentation of the first line. It has no end: downloads may go on for ever.
fn presentation(setup: &Setup) -> Result<Presentation, DecideError> {
    let bitrates = setup.ladder.iter().map(|rendition| rendition.bandwidth / THOUSAND).collect();
    let segment = setup.segment_s * THOUSAND;
    if setup.sizes.is_empty() {
        return Ok(Presentation::endless(segment, bitrates)?);
    }
    let bits = |row: &Vec<f64>| row.iter().map(|bytes| bytes * BITS).collect();
    let sizes: Vec<Vec<f64>> = setup.sizes.iter().map(bits).collect();
    Ok(Presentation::new(segment, bitrates, &sizes)?.repeated())
}

/// An algorithm, and what it is given.
struct Decider<'a> {
    presentation: &'a Presentation,
    abr: Box<dyn Abr>,
    /// For an algorithm that does not measure the network itself.
    estimator: Option<Box<dyn Estimator>>,
    estimate: Option<Estimate>,
    /// The segment of the next download.
    segment: usize,
    first: bool,
}

impl<'a> Decider<'a> {
    /// Tells the algorithm about a jump before the request, if there was one.
    fn seek(&mut self, finished: &Finished) {
        if let Some(target) = finished.seek_to_s {
            let target = target * THOUSAND;
            self.segment = whole(target / self.presentation.segment());
            self.abr.on_seek(target, self.presentation);
        }
    }

    /// Passes a download to the algorithm, and returns the next rendition.
    fn decide(&mut self, finished: &Finished) -> Decision {
        let report = self.report(finished);
        if !finished.abandoned {
            self.segment = self.segment.saturating_add(1);
            self.learn(&report.download.progress);
        }
        let state = self.state(finished);
        if self.first && !finished.abandoned {
            self.first = false;
            self.abr.on_first(&state, &report);
        } else {
            self.abr.on_download(&state, &report);
        }
        let choice = self.abr.choose(&state);
        Decision { rendition: choice.rung, estimate_bps: self.estimate_bps() }
    }

    /// Asks the algorithm whether to give up a download of `size` bytes.
    fn check(&mut self, finished: &Finished, size: f64) -> Abandonment {
        let progress = Progress {
            size: size * BITS,
            received: finished.bytes * BITS,
            time: finished.total_ms,
            first_byte: finished.ttfb_ms,
        };
        let left = finished.buffer_s * THOUSAND;
        // The state is that of the request.
        let mut state = self.state(finished);
        state.level = left + finished.total_ms;
        state.now = finished.now_ms - finished.total_ms;
        let abandon = self.abr.abandon(&state, finished.rendition, &progress, left);
        Abandonment { abandon, estimate_bps: self.estimate_bps() }
    }

    fn state(&self, finished: &Finished) -> State<'a> {
        let level = finished.buffer_s * THOUSAND;
        let (segment, now) = (self.segment, finished.now_ms);
        let mut state = State::new(self.presentation, level, self.estimate, segment, now);
        state.position = finished.position_s.map_or(state.position, |position| position * THOUSAND);
        state.live_latency = finished.latency_s.map_or(0.0, |latency| latency * THOUSAND);
        state.playback_rate = finished.playback_rate.unwrap_or(1.0);
        state
    }

    /// The algorithm's estimate in bit/s, or that of the estimator.
    fn estimate_bps(&self) -> Option<f64> {
        let own = self.abr.estimate();
        own.or(self.estimate.map(|estimate| estimate.throughput * THOUSAND))
    }

    fn learn(&mut self, progress: &Progress) {
        let Some(estimator) = &mut self.estimator else { return };
        let time = progress.time - progress.first_byte;
        let throughput = progress.received / time;
        if throughput.is_finite() {
            self.estimate = Some(estimator.push(time, throughput, progress.first_byte));
        }
    }

    fn report(&self, finished: &Finished) -> SessionReport {
        let size = finished.bytes * BITS;
        let progress = Progress {
            size,
            received: size,
            time: finished.total_ms,
            first_byte: finished.ttfb_ms,
        };
        let level = finished.buffer_s * THOUSAND;
        let before = (level - self.presentation.segment()).max(0.0);
        // Nothing is said of the level in between: algorithms that follow it see that of the decision alone.
        SessionReport {
            segment: self.segment,
            rung: finished.rendition,
            download: Download { progress, abandoned: finished.abandoned, failure: None },
            replaced: false,
            abandoned_to: None,
            full_wait: 0.0,
            chosen_wait: 0.0,
            levels: [before + finished.total_ms, level, level],
            rebuffer: 0.0,
            at: finished.now_ms - finished.total_ms,
            failed: FailedRequests::default(),
            discarded: 0.0,
        }
    }
}

/// The whole part of a number that is not negative.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
fn whole(number: f64) -> usize {
    number.floor() as usize
}

/// Refuses what no download can be.
fn check(
    index: usize,
    finished: Finished,
    presentation: &Presentation,
) -> Result<Finished, DecideError> {
    let line =
        |problem: &str| Err(DecideError::Line { line: index + 1, problem: problem.to_owned() });
    let count = presentation.bitrates().len();
    if finished.rendition >= count {
        return line(&format!("`rendition` is {}; the ladder has {count}", finished.rendition));
    }
    let numbers =
        [finished.bytes, finished.ttfb_ms, finished.total_ms, finished.buffer_s, finished.now_ms];
    let optional = [finished.seek_to_s, finished.position_s, finished.latency_s, finished.size];
    let mut all = numbers.into_iter().chain(optional.into_iter().flatten());
    if !all.all(|number| number.is_finite() && number >= 0.0) {
        return line("write numbers that are not negative");
    }
    if finished.playback_rate.is_some_and(|rate| !(rate > 0.0 && rate.is_finite())) {
        return line("`playback_rate` is not above 0; leave it out while playback is paused");
    }
    if finished.size.is_some_and(|size| size < finished.bytes) {
        return line("`size` is below `bytes`; it is what the whole download has");
    }
    if finished.ttfb_ms > finished.total_ms {
        return line("`ttfb_ms` is above `total_ms`; it is a part of it");
    }
    Ok(finished)
}

fn parse<T: DeserializeOwned>(index: usize, line: &str) -> Result<T, DecideError> {
    serde_json::from_str(line)
        .map_err(|error| DecideError::Line { line: index + 1, problem: error.to_string() })
}

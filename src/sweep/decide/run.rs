//! Reads finished downloads, and writes what is chosen after each.

use super::{
    DecideError, catalogue,
    lines::{Decision, Finished, Setup},
};
use crate::player::{Abr, Download, Presentation, Progress, SessionReport, State};
use serde::de::DeserializeOwned;
use std::io::{BufRead, Write};

/// Bits per byte, and bit/s per kbit/s, and ms per s.
const BITS: f64 = 8.0;
const THOUSAND: f64 = 1000.0;
/// Downloads may go on for ever: the presentation has no end.
const ENDLESS: usize = 1;

/// Runs the algorithm called `name` over the lines of `input`.
///
/// # Errors
/// When the name, a line or a setting is not understood, or reading or writing fails.
pub fn run(name: &str, input: impl BufRead, mut out: impl Write) -> Result<(), DecideError> {
    let mut lines = input.lines().enumerate();
    let (_, first) = lines.next().ok_or(DecideError::Empty)?;
    let setup: Setup = parse(0, &first?)?;
    let bitrates = setup.ladder.iter().map(|rendition| rendition.bandwidth / THOUSAND).collect();
    let presentation = Presentation::constant(setup.segment_s * THOUSAND, bitrates, ENDLESS)?;
    let mut abr = catalogue::algorithm(name, &setup, &presentation)?;
    let mut count = 0;
    for (index, line) in lines {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let finished = check(index, parse(index, &line)?, &presentation)?;
        let decision = decide(abr.as_mut(), &presentation, &finished, count);
        count += 1;
        let text = serde_json::to_string(&decision).map_err(std::io::Error::from)?;
        writeln!(out, "{text}")?;
        out.flush()?;
    }
    Ok(())
}

/// Tells the algorithm about a download, and asks it for the next rendition.
fn decide(
    abr: &mut dyn Abr,
    presentation: &Presentation,
    finished: &Finished,
    segment: usize,
) -> Decision {
    let size = finished.bytes * BITS;
    let progress =
        Progress { size, received: size, time: finished.total_ms, first_byte: finished.ttfb_ms };
    let level = finished.buffer_s * THOUSAND;
    let before = (level - presentation.segment()).max(0.0);
    let report = SessionReport {
        segment,
        rung: finished.rendition,
        download: Download { progress, abandoned: false },
        replaced: false,
        abandoned_to: None,
        full_wait: 0.0,
        chosen_wait: 0.0,
        levels: [before + finished.total_ms, before, level],
        rebuffer: 0.0,
        at: finished.now_ms - finished.total_ms,
    };
    let state = State::new(presentation, level, None, segment + 1, finished.now_ms);
    if segment == 0 {
        abr.on_first(&state, &report);
    } else {
        abr.on_download(&state, &report);
    }
    let choice = abr.choose(&state);
    Decision { rendition: choice.rung, estimate_bps: abr.estimate() }
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
    if !numbers.iter().all(|number| number.is_finite() && *number >= 0.0) {
        return line("write numbers that are not negative");
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

//! `--log`: each download of a video segment as a line of JSON.

use crate::player::{SessionReport, fetch::Outcome};
use serde::Serialize;
use std::io::{self, Write};

/// One download. Sound that has segments of its own is not logged.
#[derive(Debug, Serialize)]
struct Line {
    /// From 1.
    player: usize,
    /// How many segments were added to the buffer before it.
    segment: usize,
    /// From 1, the lowest.
    rung: usize,
    /// When it was requested, in seconds since the player's start.
    at_s: f64,
    /// From the request to the first byte.
    ttfb_ms: f64,
    /// From the request to the last byte.
    total_ms: f64,
    bytes: f64,
    /// Whether it was given up.
    abandoned: bool,
    /// Whether it was to replace a buffered segment, whose number `segment` is then.
    replaced: bool,
    /// The buffer level at the request.
    buffer_s: f64,
}

/// Writes the downloads of all players, in their order.
pub(super) fn write_log(out: &mut impl Write, outcomes: &[Outcome]) -> io::Result<()> {
    for (player, outcome) in outcomes.iter().enumerate() {
        for report in &outcome.downloads {
            serde_json::to_writer(&mut *out, &line(player + 1, report))?;
            out.write_all(b"\n")?;
        }
    }
    out.flush()
}

fn line(player: usize, report: &SessionReport) -> Line {
    let progress = &report.download.progress;
    Line {
        player,
        segment: report.segment,
        rung: report.rung + 1,
        at_s: report.at / 1000.0,
        ttfb_ms: progress.first_byte,
        total_ms: progress.time,
        bytes: progress.received / 8.0,
        abandoned: report.download.abandoned,
        replaced: report.replaced,
        buffer_s: report.levels[0] / 1000.0,
    }
}

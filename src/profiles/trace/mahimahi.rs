//! Mahimahi's delivery opportunities: one millisecond per line, 1500 bytes each; the last one ends the trace,
//! which then repeats.

use super::{error::Fault, format::TraceOptions, lines::Lines, recorded::Recorded};
use crate::{model::Step, units::BitRate};
use std::{io::BufRead, time::Duration};

/// Bits of one opportunity.
const OPPORTUNITY: u64 = 1500 * 8;
/// The longest trace: a year.
const LONGEST: u64 = 366 * 24 * 3_600_000;

/// Counts the opportunities of each bin. The last bin ends with the trace.
pub(super) fn read<R: BufRead>(
    lines: &mut Lines<R>,
    options: &TraceOptions,
    steps: &mut Recorded,
) -> Result<(), Fault> {
    let bin = (options.bin.unwrap_or(TraceOptions::BIN).as_millis() as u64).max(1);
    let (mut start, mut count, mut last, mut end) = (0, 0, 0, 0);
    while let Some((line, text)) = lines.next()? {
        let at: u64 = text.parse().ok().filter(|at| *at <= LONGEST).ok_or_else(|| {
            Fault::at(line, format!("`{text}` is not a millisecond"), "write a whole number from 0")
        })?;
        if at < last {
            return Err(Fault::at(
                line,
                format!("{at} ms is before {last} ms"),
                "write times in order",
            ));
        }
        // An opportunity at millisecond n belongs to the millisecond that ends at n.
        while at > start + bin {
            steps.push(line, step(bin, count))?;
            (start, count) = (start + bin, 0);
        }
        (count, last, end) = (count + 1, at, line);
    }
    if last > start {
        steps.push(end, step(last - start, count))?;
    }
    Ok(())
}

fn step(milliseconds: u64, count: u64) -> Step {
    let rate = BitRate::from_bits_per_second(count * OPPORTUNITY * 1000 / milliseconds);
    Step { lasts: Duration::from_millis(milliseconds), rate }
}

//! Pensieve's "cooked" traces: seconds and Mbit/s. The rate of a line applies to the time since the
//! previous line, as in its simulator; the first line only sets the start time. With a fixed length per line
//! (`step`), each line is a sample, including the first.

use super::{
    clock::Clock,
    error::Fault,
    format::{RateUnit, TraceOptions},
    lines::{Lines, number, rate, span},
    recorded::Recorded,
};
use crate::model::Step;
use std::io::BufRead;

pub(super) fn read<R: BufRead>(
    lines: &mut Lines<R>,
    options: &TraceOptions,
    steps: &mut Recorded,
) -> Result<(), Fault> {
    let bits = options.rate_unit.unwrap_or(RateUnit::Megabit).bits();
    let mut clock = Clock::new(options.time_unit, None);
    let mut last: Option<f64> = None;
    while let Some((line, text)) = lines.next()? {
        let mut columns = text.split([' ', '\t', ',', ';']).filter(|word| !word.is_empty());
        let (Some(time), Some(value), None) = (columns.next(), columns.next(), columns.next())
        else {
            return Err(Fault::at(line, "does not have two columns", "write seconds and Mbit/s"));
        };
        let rate = rate(line, number(line, value)? * bits)?;
        if let Some(lasts) = options.step {
            steps.push(line, Step { lasts, rate })?;
            continue;
        }
        let time = clock.read(line, time)?;
        if let Some(last) = last {
            if time <= last {
                return Err(Fault::at(
                    line,
                    format!("{time} s is not after {last} s"),
                    "write times in order, or give each line a fixed time with `step`",
                ));
            }
            steps.push(line, Step { lasts: span(line, time - last)?, rate })?;
        }
        last = Some(time);
    }
    Ok(())
}

//! The six columns of Riiser's HSDPA logs (Norway, 2010-2011) and those of Ghent (LTE): unix time,
//! milliseconds, latitude, longitude, bytes since the line before, milliseconds since the line before.

use super::{
    error::Fault,
    format::{TimeUnit, TraceOptions},
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
    let unit = options.time_unit.unwrap_or(TimeUnit::Millisecond).seconds();
    while let Some((line, text)) = lines.next()? {
        let mut columns = text.split([' ', '\t', ',']).filter(|word| !word.is_empty());
        let (Some(bytes), Some(milliseconds), None) =
            (columns.nth(4), columns.next(), columns.next())
        else {
            let hint = "write unix time, ms, latitude, longitude, bytes, ms since the line before";
            return Err(Fault::at(line, "does not have six columns", hint));
        };
        let (bytes, since) = (number(line, bytes)?, number(line, milliseconds)? * unit);
        let seconds = options.step.map_or(since, |step| step.as_secs_f64());
        if seconds < 1e-3 {
            return Err(Fault::at(
                line,
                "has a length of zero",
                "write at least 1 ms in the sixth column",
            ));
        }
        let (lasts, bits) = (span(line, seconds)?, bytes * 8.0 / seconds);
        steps.push(line, Step { lasts, rate: rate(line, bits)? })?;
    }
    Ok(())
}

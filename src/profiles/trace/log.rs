//! The six columns of Riiser's HSDPA logs (Norway, 2010-2011) and those of Ghent (LTE): unix time,
//! milliseconds, latitude, longitude, bytes since the line before, milliseconds since the line before.

use super::{
    error::Fault,
    lines::{Lines, number, rate, span},
    recorded::Recorded,
};
use crate::model::Step;
use std::io::BufRead;

pub(super) fn read<R: BufRead>(lines: &mut Lines<R>, steps: &mut Recorded) -> Result<(), Fault> {
    while let Some((line, text)) = lines.next()? {
        let mut columns = text.split([' ', '\t', ',']).filter(|word| !word.is_empty());
        let (Some(bytes), Some(milliseconds), None) =
            (columns.nth(4), columns.next(), columns.next())
        else {
            let hint = "write unix time, ms, latitude, longitude, bytes, ms since the line before";
            return Err(Fault::at(line, "has not six columns", hint));
        };
        let (bytes, milliseconds) = (number(line, bytes)?, number(line, milliseconds)?);
        if milliseconds < 1.0 {
            return Err(Fault::at(
                line,
                "lasts no time",
                "write at least 1 ms in the sixth column",
            ));
        }
        let (lasts, bits) = (span(line, milliseconds / 1e3)?, bytes * 8e3 / milliseconds);
        steps.push(line, Step { lasts, rate: rate(line, bits)? })?;
    }
    Ok(())
}

//! Pensieve's "cooked" traces: seconds and Mbit/s. The rate of a line is that of the time since the
//! line before, as its simulator has it; the first line only says where time starts.

use super::{
    error::Fault,
    lines::{Lines, number, rate, span},
    recorded::Recorded,
};
use crate::model::Step;
use std::io::BufRead;

pub(super) fn read<R: BufRead>(lines: &mut Lines<R>, steps: &mut Recorded) -> Result<(), Fault> {
    let mut last: Option<f64> = None;
    while let Some((line, text)) = lines.next()? {
        let mut columns = text.split([' ', '\t', ',', ';']).filter(|word| !word.is_empty());
        let (Some(time), Some(megabits), None) = (columns.next(), columns.next(), columns.next())
        else {
            return Err(Fault::at(line, "has not two columns", "write seconds and Mbit/s"));
        };
        let (time, megabits) = (number(line, time)?, number(line, megabits)?);
        if let Some(last) = last {
            if time <= last {
                return Err(Fault::at(
                    line,
                    format!("{time} s is not after {last} s"),
                    "write times in order",
                ));
            }
            let rate = rate(line, megabits * 1e6)?;
            steps.push(line, Step { lasts: span(line, time - last)?, rate })?;
        }
        last = Some(time);
    }
    Ok(())
}

//! Lists of rates times seconds: `1200x30, 800x30`, in kbit/s and s; read and written.

use super::{
    error::Fault,
    format::{RateUnit, TimeUnit, TraceOptions},
    lines::{Lines, number, rate, span},
    recorded::Recorded,
};
use crate::model::Step;
use std::{fmt::Write as _, io::BufRead};

pub(super) fn read<R: BufRead>(
    lines: &mut Lines<R>,
    options: &TraceOptions,
    steps: &mut Recorded,
) -> Result<(), Fault> {
    let bits = options.rate_unit.unwrap_or(RateUnit::Kilobit).bits();
    let unit = options.time_unit.unwrap_or(TimeUnit::Second).seconds();
    while let Some((line, text)) = lines.next()? {
        for item in text.split([',', ';']).map(str::trim).filter(|item| !item.is_empty()) {
            let Some((kilobits, seconds)) = item.split_once(['x', '×', '*']) else {
                let problem = format!("`{item}` is not a rate times seconds");
                return Err(Fault::at(line, problem, "write kbit/s and s, as in `1200x30`"));
            };
            let (kilobits, seconds) =
                (number(line, kilobits.trim())?, number(line, seconds.trim())?);
            if seconds <= 0.0 {
                return Err(Fault::at(line, "has a length of zero", "write seconds above 0"));
            }
            let rate = rate(line, kilobits * bits)?;
            steps.push(line, Step { lasts: span(line, seconds * unit)?, rate })?;
        }
    }
    Ok(())
}

/// Writes `steps` as a list, one per line, exact to 1 bit/s and 1 ns.
#[must_use]
pub fn write(steps: impl IntoIterator<Item = Step>) -> String {
    steps.into_iter().fold(String::new(), |mut text, step| {
        let bits = step.rate.bits_per_second();
        let kilobits = decimal(bits / 1000, bits % 1000, 3);
        let seconds = decimal(step.lasts.as_secs(), step.lasts.subsec_nanos().into(), 9);
        // Writing to a String can't fail.
        let _ = writeln!(text, "{kilobits}x{seconds}");
        text
    })
}

fn decimal(whole: u64, rest: u64, digits: usize) -> String {
    if rest == 0 {
        return whole.to_string();
    }
    format!("{whole}.{rest:0digits$}").trim_end_matches('0').to_owned()
}

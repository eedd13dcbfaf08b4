//! Columns of times and rates: a rate holds until the time of the next line. Lines of one time are averaged:
//! logs whose times are whole seconds often have several in one.

use super::{
    clock::Clock,
    columns::{Columns, fields, quantity, with_point},
    error::Fault,
    format::{RateUnit, TraceOptions},
    lines::{Lines, number, rate, span},
    recorded::Recorded,
};
use crate::model::Step;
use std::{io::BufRead, time::Duration};

pub(super) use super::columns::is_without_names;

/// The default length of a line without a time.
const SECOND: Duration = Duration::from_secs(1);

pub(super) fn read<R: BufRead>(
    lines: &mut Lines<R>,
    options: &TraceOptions,
    steps: &mut Recorded,
) -> Result<(), Fault> {
    let Some((line, first)) = lines.next()? else {
        return Err(Fault::whole("is empty", "write a header and one sample per line"));
    };
    let columns = Columns::of(line, first, options)?;
    if columns.time.is_none() && options.step.is_none() {
        steps.note("no line has a time: each counts as 1 s (set another length with `step`)");
    }
    let mut samples = Samples::new(columns, options);
    if samples.columns.without_names {
        samples.line(line, first, steps)?;
    }
    while let Some((line, text)) = lines.next()? {
        samples.line(line, text, steps)?;
    }
    samples.finish(steps)
}

/// The state of reading: samples that are not added yet.
struct Samples {
    columns: Columns,
    /// The unit of `rate-unit`.
    asked: Option<RateUnit>,
    clock: Clock,
    step: Duration,
    now: Option<Sample>,
    /// The length of the previous sample.
    lasted: Duration,
}

/// The lines with the same time.
struct Sample {
    line: u64,
    time: f64,
    bits: f64,
    lines: f64,
    round_trip: Option<Duration>,
}

impl Samples {
    fn new(columns: Columns, options: &TraceOptions) -> Self {
        Self {
            clock: Clock::new(options.time_unit, columns.time_unit),
            columns,
            asked: options.rate_unit,
            step: options.step.unwrap_or(SECOND),
            now: None,
            lasted: Duration::ZERO,
        }
    }

    fn line(&mut self, line: u64, text: &str, steps: &mut Recorded) -> Result<(), Fault> {
        let fields: Vec<&str> = fields(text, self.columns.delimiter).collect();
        let field = |place: usize| {
            fields.get(place).copied().ok_or_else(|| {
                let problem = format!("has {} columns", fields.len());
                Fault::at(line, problem, "write as many columns as the header has")
            })
        };
        let bits =
            self.bits(line, field(self.columns.rate)?, self.columns.unit.map(field).transpose()?)?;
        // A missing value is that of the previous line.
        let known = self.columns.latency.and_then(|(place, unit)| {
            let value = field(place).ok()?.parse::<f64>().ok().filter(|value| *value >= 0.0)?;
            Duration::try_from_secs_f64(value * unit.seconds()).ok()
        });
        let Some(place) = self.columns.time else {
            return keep(line, bits, known, self.step, steps);
        };
        let moment = field(place)?;
        let number = with_point(moment, self.columns.delimiter);
        let is_number = number.parse::<f64>().is_ok();
        let time = self.clock.read(line, if is_number { &number } else { moment })?;
        let fresh = Sample { line, time, bits, lines: 1.0, round_trip: known };
        let Some(now) = &mut self.now else {
            self.now = Some(fresh);
            return Ok(());
        };
        if time < now.time {
            let hint = "write times in order, or give each line a fixed time with `step`";
            return Err(Fault::at(line, "has an earlier time than the previous line", hint));
        }
        if time == now.time {
            (now.bits, now.lines) = (now.bits + bits, now.lines + 1.0);
            now.round_trip = known.or(now.round_trip);
            return Ok(());
        }
        self.lasted = span(line, time - now.time)?;
        let done = std::mem::replace(now, fresh);
        done.keep(self.lasted, steps)
    }

    /// The rate of a cell, in bit/s.
    fn bits(&self, line: u64, cell: &str, beside: Option<&str>) -> Result<f64, Fault> {
        let Some((value, own)) = quantity(cell, self.columns.delimiter) else {
            // This returns the reason.
            return number(line, cell);
        };
        if !value.is_finite() || value < 0.0 {
            return number(line, cell);
        }
        let said = own.or_else(|| beside.and_then(super::format::spelling::rate));
        match (self.asked, said) {
            (Some(asked), Some(said)) if asked != said => {
                let problem = format!("is in `{}`, not `{}`", said.as_str(), asked.as_str());
                Err(Fault::at(line, problem, "leave `rate-unit` out"))
            }
            (_, said) => match said.or(self.columns.rate_unit) {
                Some(unit) => Ok(value * unit.bits()),
                None => Err(self.columns.no_unit()),
            },
        }
    }

    /// The last sample lasts as long as the one before it.
    fn finish(self, steps: &mut Recorded) -> Result<(), Fault> {
        match self.now {
            Some(sample) if self.lasted > Duration::ZERO => sample.keep(self.lasted, steps),
            _ => Ok(()),
        }
    }
}

impl Sample {
    fn keep(self, lasts: Duration, steps: &mut Recorded) -> Result<(), Fault> {
        keep(self.line, self.bits / self.lines, self.round_trip, lasts, steps)
    }
}

fn keep(
    line: u64,
    bits: f64,
    round_trip: Option<Duration>,
    lasts: Duration,
    steps: &mut Recorded,
) -> Result<(), Fault> {
    steps.push(line, Step { lasts, rate: rate(line, bits)? })?;
    steps.push_round_trip(lasts, round_trip);
    Ok(())
}

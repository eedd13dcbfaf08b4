//! Columns of times and rates: a rate holds until the time of the next line, or as long as the line says. Lines of one time
//! are averaged: logs whose times are whole seconds often have several in one.

use super::{
    clock::Clock,
    columns::{Columns, fields, quantity, with_point},
    error::Fault,
    format::{RateUnit, TimeUnit, TraceOptions},
    lines::{Lines, number, rate, span},
    recorded::Recorded,
    timing::Timing,
};
use crate::model::Step;
use std::{io::BufRead, time::Duration};

pub(super) use super::columns::is_without_names;

/// The default length of a line without a time.
const SECOND: Duration = Duration::from_secs(1);
/// Times that differ by less, in seconds, are the same.
const INEXACT: f64 = 1e-6;

pub(super) fn read<R: BufRead>(
    lines: &mut Lines<R>,
    options: &TraceOptions,
    steps: &mut Recorded,
) -> Result<(), Fault> {
    let Some((line, first)) = lines.next()? else {
        return Err(Fault::whole("is empty", "write a header and one sample per line"));
    };
    let columns = Columns::of(line, first, options)?;
    if columns.timing == Timing::Fixed && options.step.is_none() {
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
    /// The unit of lengths.
    unit: TimeUnit,
    /// Lines that begin after the end of the line before.
    gaps: u64,
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
            unit: options.time_unit.or(columns.time_unit).unwrap_or(TimeUnit::Second),
            gaps: 0,
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
        let mut fresh = Sample { line, time: 0.0, bits, lines: 1.0, round_trip: known };
        match self.columns.timing {
            Timing::Fixed => fresh.keep(self.step, steps),
            Timing::For(place) => {
                let lasts = self.length(line, field(place)?)?;
                fresh.keep(lasts, steps)
            }
            Timing::Between { start, end } => {
                let (start, end) = (self.time(line, field(start)?)?, self.time(line, field(end)?)?);
                self.between(Sample { time: start, ..fresh }, end, steps)
            }
            Timing::From(place) => {
                fresh.time = self.time(line, field(place)?)?;
                self.next(fresh, steps)
            }
        }
    }

    /// The time in a cell, in seconds.
    fn time(&mut self, line: u64, cell: &str) -> Result<f64, Fault> {
        let number = with_point(cell, self.columns.delimiter);
        let is_number = number.parse::<f64>().is_ok();
        self.clock.read(line, if is_number { &number } else { cell })
    }

    /// The length in a cell.
    fn length(&self, line: u64, cell: &str) -> Result<Duration, Fault> {
        let seconds =
            number(line, &with_point(cell, self.columns.delimiter))? * self.unit.seconds();
        let lasts = span(line, seconds)?;
        if lasts.is_zero() {
            return Err(Fault::at(line, "lasts no time", "write a length above 0"));
        }
        Ok(lasts)
    }

    /// Adds a sample that ends at `end`. The rate before a gap holds until its end.
    fn between(&mut self, sample: Sample, end: f64, steps: &mut Recorded) -> Result<(), Fault> {
        let (line, start) = (sample.line, sample.time);
        if end <= start {
            return Err(Fault::at(
                line,
                "does not end after its start",
                "write an end after the start",
            ));
        }
        if let Some(before) = self.now.take() {
            // Sums of fractions are not exact.
            if start < before.time - INEXACT {
                let hint =
                    "write lines that follow each other, or give each a fixed time with `step`";
                return Err(Fault::at(line, "begins before the previous line ends", hint));
            }
            if start > before.time + INEXACT {
                self.gaps += 1;
                let gap = span(line, start - before.time)?;
                before.keep(gap, steps)?;
            }
        }
        let Sample { bits, round_trip, .. } = sample;
        sample.keep(span(line, end - start)?, steps)?;
        self.now = Some(Sample { line, time: end, bits, lines: 1.0, round_trip });
        Ok(())
    }

    /// Adds a sample that ends where the next one begins.
    fn next(&mut self, fresh: Sample, steps: &mut Recorded) -> Result<(), Fault> {
        let Sample { line, time, bits, round_trip: known, .. } = fresh;
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
        if self.gaps > 0 {
            let gaps = self.gaps;
            steps.note(format!("lines that begin after the end of the line before: {gaps}; the rate before them holds until then"));
        }
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

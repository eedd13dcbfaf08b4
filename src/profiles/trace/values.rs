//! Measured values for an empirical distribution: one value per line, with an optional weight.
//!
//! A value has its own unit (`12 ms`), or that of the header (`rtt_ms`). With a mean and a standard
//! deviation, the file is a distribution file of netem (`normal.dist`): integers in units of 1/8192 of the
//! standard deviation.

use super::{
    error::{Fault, TraceError},
    format::{TimeUnit, TraceOptions},
    lines::{Counted, Lines, number, span},
};
use crate::{model::Distribution, units};
use std::{
    io::{BufRead, BufReader, Read},
    time::Duration,
};

/// The number of netem's units in one standard deviation.
const NETEM_SCALE: f64 = 8192.0;

/// Values with their weights.
type Weighted = Vec<(Duration, f64)>;

/// Reads values; `mean_and_sd`, in seconds, scale netem's numbers.
///
/// # Errors
/// If a line is invalid, or there are too many values.
pub(in crate::profiles) fn read_values(
    input: impl Read,
    file: &str,
    mean_and_sd: Option<(f64, f64)>,
) -> Result<Weighted, TraceError> {
    let progress = &mut |_| {};
    let lines = Lines::new(BufReader::new(Counted::new(input, TraceOptions::LIMIT, progress)));
    let read = match mean_and_sd {
        Some((mean, sd)) => scaled(lines, mean, sd),
        None => listed(lines),
    };
    match read {
        Ok(values) if values.is_empty() => {
            Err(Fault::whole("has no values", "write one per line, as in `12 ms`").within(file))
        }
        read => read.map_err(|fault| fault.within(file)),
    }
}

/// Values of netem: integers, any number of them per line.
fn scaled<R: BufRead>(mut lines: Lines<R>, mean: f64, sd: f64) -> Result<Weighted, Fault> {
    let mut values = Vec::new();
    while let Some((line, text)) = lines.next()? {
        for word in text.split_whitespace() {
            let Ok(steps) = word.parse::<i16>() else {
                let hint = "write whole numbers of 1/8192 of `sd`, or leave `mean` and `sd` out";
                return Err(Fault::at(line, format!("`{word}` is not a number of netem"), hint));
            };
            let seconds = mean + sd * f64::from(steps) / NETEM_SCALE;
            push(&mut values, line, (span(line, seconds.max(0.0))?, 1.0))?;
        }
    }
    Ok(values)
}

fn listed<R: BufRead>(mut lines: Lines<R>) -> Result<Weighted, Fault> {
    let (mut values, mut unit, mut first) = (Vec::new(), None, true);
    while let Some((line, text)) = lines.next()? {
        let mut fields = text.split([',', ';', '\t']).map(|field| field.trim().trim_matches('"'));
        let (value, weight) = (fields.next().unwrap_or_default(), fields.next());
        if fields.next().is_some() {
            let hint = "write a value, or a value and its weight, as in `12 ms, 3`";
            return Err(Fault::at(line, "has more than two columns", hint));
        }
        if std::mem::take(&mut first) && value.starts_with(char::is_alphabetic) {
            unit = unit_of(value);
            continue;
        }
        let weight = weight.map_or(Ok(1.0), |text| number(line, text))?;
        if !(weight > 0.0 && weight <= 1e9) {
            let hint = "write a weight above 0, at most 1e9, or leave the line out";
            return Err(Fault::at(line, "has an invalid weight", hint));
        }
        push(&mut values, line, (quantity(line, value, unit)?, weight))?;
    }
    Ok(values)
}

/// `12 ms`, or `12` in the header's unit.
fn quantity(line: u64, text: &str, unit: Option<TimeUnit>) -> Result<Duration, Fault> {
    match (text.parse::<f64>(), unit) {
        (Ok(_), Some(unit)) => span(line, number(line, text)? * unit.seconds()),
        (Ok(_), None) => {
            let hint = format!("write `{text} ms`, or a header that ends in it, as in `rtt_ms`");
            Err(Fault::at(line, format!("`{text}` has no unit"), hint))
        }
        (Err(_), _) => units::span::parse(text).map_err(|error| {
            Fault::at(line, format!("`{}` is not {}", error.text, error.wanted), error.hint)
        }),
    }
}

/// The unit that a column's name ends in: `rtt_ms`, `jitter (us)`, `seconds`.
fn unit_of(name: &str) -> Option<TimeUnit> {
    let name = name.to_ascii_lowercase();
    match name.rsplit(|c: char| !c.is_ascii_alphabetic()).find(|word| !word.is_empty())? {
        "s" | "sec" | "seconds" => Some(TimeUnit::Second),
        "ms" | "millis" | "milliseconds" => Some(TimeUnit::Millisecond),
        "us" | "micros" | "microseconds" => Some(TimeUnit::Microsecond),
        _ => None,
    }
}

fn push(values: &mut Weighted, line: u64, value: (Duration, f64)) -> Result<(), Fault> {
    const MOST: usize = Distribution::MOST_VALUES;
    if values.len() >= MOST {
        let problem = format!("is one more value than the {MOST} that a table can have");
        return Err(Fault::at(line, problem, "write fewer values, with weights for repeated ones"));
    }
    values.push(value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, mean_and_sd: Option<(f64, f64)>) -> Result<Vec<(u64, f64)>, String> {
        let values = read_values(text.as_bytes(), "f", mean_and_sd).map_err(|e| e.to_string())?;
        Ok(values.iter().map(|(value, weight)| (value.as_micros() as u64, *weight)).collect())
    }

    #[test]
    fn a_line_is_a_value_and_maybe_its_weight() {
        let told = vec![(12_000, 1.0), (500, 3.0), (1_000_000, 0.5)];
        assert_eq!(read("# by hand\n12 ms\n500 us, 3\n1 s;0.5\n", None).unwrap(), told);
        assert_eq!(read("rtt_ms,count\n12,1\n\"0.5\",3\n1 s,0.5", None).unwrap(), told);
        assert_eq!(read("delay (us)\r\n12000\r\n", None).unwrap(), [(12_000, 1.0)]);
        assert_eq!(read("value,count\n12 ms,2\n", None).unwrap(), [(12_000, 2.0)]);
    }

    /// Mean 30 ms, sd 10 ms: −8192 is 20 ms, 4096 is 35 ms, and what comes out under zero is zero.
    #[test]
    fn netems_numbers_are_scaled() {
        let values = read("# normal\n-8192 0\n 4096\n-32768\n", Some((0.03, 0.01))).unwrap();
        assert_eq!(values, [(20_000, 1.0), (30_000, 1.0), (35_000, 1.0), (0, 1.0)]);
    }

    #[test]
    fn bad_lines_have_numbers() {
        let fault = |text| read(text, None).unwrap_err();
        insta::assert_snapshot!(fault("12 ms\n12"), @"f:2: `12` has no unit; write `12 ms`, or a header that ends in it, as in `rtt_ms`");
        insta::assert_snapshot!(fault("rtt\n12"), @"f:2: `12` has no unit; write `12 ms`, or a header that ends in it, as in `rtt_ms`");
        insta::assert_snapshot!(fault("rtt_ms\n-12"), @"f:2: `-12` is not a number of at least 0; write a number from 0");
        insta::assert_snapshot!(fault("rtt_ms\n"), @"f: has no values; write one per line, as in `12 ms`");
        insta::assert_snapshot!(fault("-12 ms"), @"f:1: `-12 ms` is not a span of time; write a number and us, ms, s, m or h, as in `30 ms` or `2 m`");
        insta::assert_snapshot!(fault("12 ms\n12 mz"), @"f:2: `12 mz` is not a span of time; write a number and us, ms, s, m or h, as in `30 ms` or `2 m`");
        insta::assert_snapshot!(fault("12 ms, 0"), @"f:1: has an invalid weight; write a weight above 0, at most 1e9, or leave the line out");
        insta::assert_snapshot!(fault("12 ms, much"), @"f:1: `much` is not a number; write one, as in `1200.5`");
        insta::assert_snapshot!(fault("12 ms, 1, 2"), @"f:1: has more than two columns; write a value, or a value and its weight, as in `12 ms, 3`");
        insta::assert_snapshot!(fault(&"1 ms\n".repeat(16_385)), @"f:16385: is one more value than the 16384 that a table can have; write fewer values, with weights for repeated ones");
        insta::assert_snapshot!(read("0 1\n0.5\n", Some((0.03, 0.01))).unwrap_err(), @"f:2: `0.5` is not a number of netem; write whole numbers of 1/8192 of `sd`, or leave `mean` and `sd` out");
        insta::assert_snapshot!(read("0 40000", Some((0.03, 0.01))).unwrap_err(), @"f:1: `40000` is not a number of netem; write whole numbers of 1/8192 of `sd`, or leave `mean` and `sd` out");
    }
}

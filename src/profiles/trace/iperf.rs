//! The output of iperf: intervals with their rates, as text (iperf 2 and 3) or JSON (iperf 3).
//!
//! Several streams are summed. Omitted intervals (slow start, `-O`) and the summary are skipped. Prefixes of bits are powers of 1000 there, and those of bytes powers of 1024.

use super::{
    error::Fault,
    format::{RateUnit, spelling},
    lines::{Lines, number, rate, span},
    recorded::Recorded,
};
use crate::model::Step;
use serde::Deserialize;
use std::io::{BufRead, Read};

/// Whether a file that begins with `head` is text output of iperf.
pub(super) fn is_text(head: &str) -> bool {
    head.lines().take(200).any(|line| {
        let line = line.trim_start();
        line.starts_with("[ ID] Interval") || Row::of(line).is_some()
    })
}

/// Whether a file that begins with `head` is JSON output of iperf.
pub(super) fn is_json(head: &str) -> bool {
    let has = |word: &str| head.contains(word);
    let head_of_run = has("\"start\"") && (has("\"version\"") || has("\"intervals\""));
    head.starts_with('{') && (head_of_run || has("\"intervals\"") || has("\"event\""))
}

/// One printed interval.
struct Row<'t> {
    id: &'t str,
    /// `RX-C`, as in tests of both directions.
    role: Option<&'t str>,
    from: f64,
    to: f64,
    bits: f64,
    omitted: bool,
}

impl<'t> Row<'t> {
    /// The interval that a line prints, if it does: `[  5]  0.00-1.00  sec  1.60 MBytes  13.4 Mbits/sec`.
    fn of(line: &'t str) -> Option<Self> {
        let (id, rest) = line.get(line.find('[')? + 1..)?.split_once(']')?;
        let (role, rest) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((role, rest)) => (Some(role), rest),
            None => (None, rest),
        };
        let (interval, rest) = rest.split_once("sec")?;
        let (from, to) = interval.trim().split_once('-')?;
        let words: Vec<&str> = rest.split_whitespace().collect();
        let place = words.iter().position(|word| word.ends_with("/sec"))?;
        let value: f64 = words.get(place.checked_sub(1)?)?.parse().ok()?;
        let unit = spelling::rate(words.get(place)?)?;
        let omitted = words.contains(&"(omitted)");
        let (from, to) = (from.trim().parse().ok()?, to.trim().parse().ok()?);
        Some(Self { id: id.trim(), role, from, to, bits: value * bits(unit), omitted })
    }
}

/// iperf's bytes have prefixes of 1024.
const fn bits(unit: RateUnit) -> f64 {
    match unit {
        RateUnit::Kilobyte => RateUnit::Kibibyte.bits(),
        RateUnit::Megabyte => RateUnit::Mebibyte.bits(),
        RateUnit::Gigabyte => 1024.0 * RateUnit::Mebibyte.bits(),
        unit => unit.bits(),
    }
}

/// The interval that is being read: the sum of its streams, or the sum that iperf prints.
#[derive(Default)]
struct Interval {
    line: u64,
    from: f64,
    to: f64,
    streams: f64,
    sum: Option<f64>,
}

impl Interval {
    fn finish(self, steps: &mut Recorded) -> Result<(), Fault> {
        if self.to <= self.from {
            return Ok(());
        }
        let rate = rate(self.line, self.sum.unwrap_or(self.streams))?;
        steps.push(self.line, Step { lasts: span(self.line, self.to - self.from)?, rate })
    }
}

pub(super) fn read_text<R: BufRead>(
    lines: &mut Lines<R>,
    steps: &mut Recorded,
) -> Result<(), Fault> {
    let mut now = Interval::default();
    while let Some((line, text)) = lines.next()? {
        let Some(row) = Row::of(text).filter(|row| !row.omitted) else { continue };
        // In a bidirectional test, use the direction that the client received.
        if row.role.is_some_and(|role| role.starts_with("TX")) || row.to <= row.from {
            continue;
        }
        if row.from != now.from || row.to != now.to {
            // The summary repeats earlier intervals.
            if row.from < now.to {
                continue;
            }
            let done = std::mem::replace(
                &mut now,
                Interval { line, from: row.from, to: row.to, ..Interval::default() },
            );
            done.finish(steps)?;
        }
        match row.id {
            "SUM" => now.sum = Some(row.bits),
            _ => now.streams += row.bits,
        }
    }
    now.finish(steps)?;
    none_is_left(steps)
}

#[derive(Deserialize)]
struct Run {
    #[serde(default)]
    intervals: Vec<JsonInterval>,
    /// The error that iperf reports.
    error: Option<String>,
}

#[derive(Deserialize)]
struct JsonInterval {
    sum: Option<Sum>,
    #[serde(default)]
    streams: Vec<Sum>,
}

#[derive(Deserialize)]
struct Sum {
    start: f64,
    end: f64,
    bits_per_second: f64,
    #[serde(default)]
    omitted: bool,
}

/// A line of `--json-stream`.
#[derive(Deserialize)]
struct StreamLine {
    event: String,
    data: serde_json::Value,
}

/// Whether a file that begins with `head` has one JSON event per line.
pub(super) fn is_stream(head: &str) -> bool {
    head.chars().take(200).collect::<String>().contains("\"event\"")
}

/// Reads the output of `iperf3 -J`.
pub(super) fn read_json(input: impl Read, steps: &mut Recorded) -> Result<(), Fault> {
    let run: Run = serde_json::from_reader(input).map_err(|error| not_iperfs(&error))?;
    run.intervals.iter().try_for_each(|one| keep(one, steps))?;
    match run.error {
        Some(error) if steps.is_empty() => {
            let problem = format!("is a run of iperf3 that failed: {error}");
            Err(Fault::whole(problem, "run the test again"))
        }
        _ => none_is_left(steps),
    }
}

/// Reads the output of `iperf3 --json-stream`.
pub(super) fn read_stream(input: impl Read, steps: &mut Recorded) -> Result<(), Fault> {
    for line in serde_json::Deserializer::from_reader(input).into_iter::<StreamLine>() {
        let line = line.map_err(|error| not_iperfs(&error))?;
        if line.event == "interval" {
            let one = serde_json::from_value(line.data).map_err(|error| not_iperfs(&error))?;
            keep(&one, steps)?;
        }
    }
    none_is_left(steps)
}

fn keep(interval: &JsonInterval, steps: &mut Recorded) -> Result<(), Fault> {
    let of_streams = || {
        let first = interval.streams.first()?;
        let bits_per_second = interval.streams.iter().map(|stream| stream.bits_per_second).sum();
        Some(Sum { start: first.start, end: first.end, bits_per_second, omitted: first.omitted })
    };
    let Some(sum) = interval.sum.as_ref().map(|sum| Sum { ..*sum }).or_else(of_streams) else {
        return Ok(());
    };
    if sum.omitted || sum.end <= sum.start {
        return Ok(());
    }
    let bits = number(0, &sum.bits_per_second.to_string())?;
    steps.push(0, Step { lasts: span(0, sum.end - sum.start)?, rate: rate(0, bits)? })
}

fn none_is_left(steps: &Recorded) -> Result<(), Fault> {
    if steps.is_empty() {
        let problem = "has no usable iperf interval: all were omitted, or none was printed";
        return Err(Fault::whole(
            problem,
            "run iperf for longer than it omits (`-O`), with `-i 1`",
        ));
    }
    Ok(())
}

fn not_iperfs(error: &serde_json::Error) -> Fault {
    let line = error.line() as u64;
    if error.is_io() {
        return Fault::whole(error.to_string(), "raise the limit with --max-trace, or cut it");
    }
    let problem = format!("is not JSON as iperf3 writes it: {error}");
    match line {
        0 => Fault::whole(problem, "write the output of `iperf3 -J`"),
        line => Fault::at(line, problem, "write the output of `iperf3 -J`"),
    }
}

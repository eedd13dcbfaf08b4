//! Reads a stream of bytes into steps, in the given or the detected format.

use super::{
    applicable_options, csv,
    error::{Fault, TraceError},
    format::{TraceFormat, TraceOptions},
    iperf, kind,
    lines::{Counted, Lines},
    list, log, mahimahi, pensieve,
    recorded::{Recorded, Recording},
    sabre,
};
use crate::model::Step;
use std::io::{BufRead, BufReader, Read};

/// How much of a file is used to detect its format.
const HEAD: usize = 64 << 10;

/// Reads the rates of a trace. `file` is the name used in errors; `progress` receives the number of bytes read so far.
///
/// # Errors
/// If the format can't be detected, a line is invalid, or the input is larger than the limit.
pub fn read(
    input: impl Read,
    file: &str,
    options: &TraceOptions,
    progress: &mut dyn FnMut(u64),
) -> Result<Vec<Step>, TraceError> {
    record(input, file, options, progress).map(|recording| recording.steps)
}

/// Reads a trace, including round trips and notes.
///
/// # Errors
/// As [`read`].
pub fn record(
    input: impl Read,
    file: &str,
    options: &TraceOptions,
    progress: &mut dyn FnMut(u64),
) -> Result<Recording, TraceError> {
    let counted = Counted::new(input, options.limit, progress);
    recording(BufReader::with_capacity(HEAD, counted), options).map_err(|fault| fault.within(file))
}

fn recording<R: BufRead>(mut input: R, options: &TraceOptions) -> Result<Recording, Fault> {
    let head = input.fill_buf().map_err(|cause| super::lines::unreadable(1, &cause))?;
    let head_text = String::from_utf8_lossy(head);
    let format = match options.format {
        Some(format) => format,
        None => recognise(head, &head_text, options)?,
    };
    applicable_options::check(format, options)?;
    let is_json = head_text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '[']);
    let mut steps = Recorded::new();
    match format {
        TraceFormat::Sabre => sabre::read(input, options, &mut steps)?,
        TraceFormat::Iperf if is_json && !iperf::is_text(&head_text) => {
            if iperf::is_stream(&head_text) {
                iperf::read_stream(input, &mut steps)?;
            } else {
                iperf::read_json(input, &mut steps)?;
            }
        }
        format => by_line(format, &mut Lines::new(input), options, &mut steps)?,
    }
    if steps.is_empty() {
        let hint = "write at least two lines, or give each a fixed time with `step`";
        return Err(Fault::whole("has no sample with a length", hint));
    }
    Ok(steps.finish())
}

fn by_line<R: BufRead>(
    format: TraceFormat,
    lines: &mut Lines<R>,
    options: &TraceOptions,
    steps: &mut Recorded,
) -> Result<(), Fault> {
    match format {
        TraceFormat::Mahimahi => mahimahi::read(lines, options, steps),
        TraceFormat::Pensieve => pensieve::read(lines, options, steps),
        TraceFormat::List => list::read(lines, options, steps),
        TraceFormat::Log => log::read(lines, options, steps),
        TraceFormat::Iperf => iperf::read_text(lines, steps),
        TraceFormat::Csv | TraceFormat::Sabre => csv::read(lines, options, steps),
    }
}

/// Detects the format from the first line that is not blank or a comment.
fn recognise(head: &[u8], text: &str, options: &TraceOptions) -> Result<TraceFormat, Fault> {
    if let Some((kind, hint)) = kind::of_no_trace(head) {
        return Err(Fault::whole(format!("is {kind}, not a trace"), hint));
    }
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if iperf::is_json(text) || iperf::is_text(text) {
        return Ok(TraceFormat::Iperf);
    }
    if text.starts_with('{') {
        let hint =
            "write a list of periods, `iperf3 -J`, or import presets with `vsps profiles import`";
        return Err(Fault::whole("is a JSON object that is not a trace", hint));
    }
    let said = |line: &&str| !line.is_empty() && !line.starts_with('#');
    let Some(line) = text.lines().map(str::trim).find(said) else {
        return Err(Fault::whole("is empty", "write a trace: one sample per line"));
    };
    if line.starts_with('[') {
        return Ok(TraceFormat::Sabre);
    }
    if is_product(line) {
        return Ok(TraceFormat::List);
    }
    let words = || line.split([' ', '\t', ',', ';']).filter(|word| !word.is_empty());
    let numbers = words().all(|word| word.parse::<f64>().is_ok());
    // With a unit or a fixed length, a single number is a rate: delivery opportunities have neither.
    let are_rates = options.step.is_some() || options.rate_unit.is_some() || line.contains('.');
    match (numbers, words().count()) {
        (true, 1) if are_rates => Ok(TraceFormat::Csv),
        (true, 1) => Ok(TraceFormat::Mahimahi),
        (true, 2) => Ok(TraceFormat::Pensieve),
        (true, 6) => Ok(TraceFormat::Log),
        (false, 1..) if line.chars().any(char::is_alphabetic) || csv::is_without_names(line) => {
            Ok(TraceFormat::Csv)
        }
        _ => {
            let names: Vec<_> = TraceFormat::ALL.iter().map(|(name, _)| *name).collect();
            let hint = format!("set the format: {}", names.join(", "));
            Err(Fault::whole("has a format that can't be detected from its first line", hint))
        }
    }
}

/// `1200x30`
fn is_product(line: &str) -> bool {
    let text = line.split([',', ';']).next().unwrap_or_default();
    let parts = text.split_once(['x', '×', '*']);
    parts.is_some_and(|(a, b)| [a, b].iter().all(|part| part.trim().parse::<f64>().is_ok()))
}

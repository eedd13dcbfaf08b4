//! From a stream of bytes to steps: the format is told or recognised, the rest is its reader's.

use super::{
    csv,
    error::{Fault, TraceError},
    format::{TraceFormat, TraceOptions},
    lines::{Counted, Lines},
    list, log, mahimahi, pensieve,
    recorded::Recorded,
    sabre,
};
use crate::model::Step;
use std::io::{BufRead, BufReader, Read};

/// Enough of a file to tell its format by.
const HEAD: usize = 64 << 10;

/// Reads a trace. `file` is named in errors; `progress` is told the bytes read so far.
///
/// # Errors
/// When the format can't be told, a line is at fault, or the input is larger than the limit.
pub fn read(
    input: impl Read,
    file: &str,
    options: &TraceOptions,
    progress: &mut dyn FnMut(u64),
) -> Result<Vec<Step>, TraceError> {
    let counted = Counted::new(input, options.limit, progress);
    steps(BufReader::with_capacity(HEAD, counted), options).map_err(|fault| fault.within(file))
}

fn steps<R: BufRead>(mut input: R, options: &TraceOptions) -> Result<Vec<Step>, Fault> {
    let format = match options.format {
        Some(format) => format,
        None => {
            let head = input.fill_buf().map_err(|cause| super::lines::unreadable(1, &cause))?;
            recognise(&String::from_utf8_lossy(head))?
        }
    };
    let mut steps = Recorded::new();
    if format == TraceFormat::Sabre {
        sabre::read(input, &mut steps)?;
        return Ok(steps.into_steps());
    }
    let lines = &mut Lines::new(input);
    match format {
        TraceFormat::Mahimahi => mahimahi::read(lines, options.bin, &mut steps)?,
        TraceFormat::Pensieve => pensieve::read(lines, &mut steps)?,
        TraceFormat::List => list::read(lines, &mut steps)?,
        TraceFormat::Log => log::read(lines, &mut steps)?,
        TraceFormat::Csv | TraceFormat::Sabre => csv::read(lines, options, &mut steps)?,
    }
    Ok(steps.into_steps())
}

/// Tells the format by the first line that says something.
fn recognise(head: &str) -> Result<TraceFormat, Fault> {
    let said = |line: &&str| !line.is_empty() && !line.starts_with('#');
    let line = head.lines().map(|line| line.trim_start_matches('\u{feff}').trim()).find(said);
    let Some(line) = line else {
        return Err(Fault::whole("says nothing", "write a trace: a sample a line"));
    };
    let words = || line.split([' ', '\t', ',', ';']).filter(|word| !word.is_empty());
    let numbers = words().all(|word| word.parse::<f64>().is_ok());
    let product = |text: &str| {
        let text = text.split([',', ';']).next().unwrap_or_default();
        let parts = text.split_once(['x', '×', '*']);
        parts.is_some_and(|(a, b)| [a, b].iter().all(|part| part.trim().parse::<f64>().is_ok()))
    };
    match (numbers, words().count()) {
        _ if line.starts_with(['[', '{']) => Ok(TraceFormat::Sabre),
        _ if product(line) => Ok(TraceFormat::List),
        (true, 1) => Ok(TraceFormat::Mahimahi),
        (true, 2) => Ok(TraceFormat::Pensieve),
        (true, 6) => Ok(TraceFormat::Log),
        (false, 1..) if line.chars().any(char::is_alphabetic) => Ok(TraceFormat::Csv),
        _ => {
            let names: Vec<_> = TraceFormat::ALL.iter().map(|(name, _)| *name).collect();
            let hint = format!("say the format: {}", names.join(", "));
            Err(Fault::whole("is of no format that can be told by its first line", hint))
        }
    }
}

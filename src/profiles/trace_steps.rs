//! Validates `trace` and reads its steps.

use super::{
    file::TraceTable,
    sources::Sources,
    trace::{RateUnit, TimeUnit, TraceFormat, TraceOptions, read},
};
use crate::{
    document::{Scope, Text},
    model::Step,
};
use std::{io::Read, str::FromStr, time::Duration};

/// Reads the trace that a table names or contains; `scope` is the table.
pub(super) fn trace(
    table: &TraceTable,
    scope: &Scope<'_>,
    sources: &Sources<'_>,
) -> Option<Vec<Step>> {
    let options = options(table, scope)?;
    let (name, input): (&str, Box<dyn Read + '_>) = match (&table.file, &table.data) {
        (Some(file), None) => (file.as_str(), sources.find(file, scope)?),
        (None, Some(data)) => ("data", Box::new(data.as_str().as_bytes())),
        _ => {
            scope.fault(
                "must have exactly one trace",
                "write `file = \"drive.csv\"` or `data = \"1200x30, ..\"`",
            );
            return None;
        }
    };
    match read(input, name, &options, &mut |_| {}) {
        Ok(steps) => Some(steps),
        Err(error) => {
            let line = error.line.map(|line| format!(":{line}")).unwrap_or_default();
            scope.fault(format!("{}{line}: {}", error.file, error.problem), error.hint);
            None
        }
    }
}

fn options(table: &TraceTable, scope: &Scope<'_>) -> Option<TraceOptions> {
    let (formats, times, rates) = (TraceFormat::ALL, TimeUnit::ALL, RateUnit::ALL);
    let format = word("format", "a format", table.format.as_ref(), formats, scope)?;
    let time_unit = word("time-unit", "a unit of time", table.time_unit.as_ref(), times, scope)?;
    let rate_unit = word("rate-unit", "a unit of rates", table.rate_unit.as_ref(), rates, scope)?;
    let name = |text: &Option<Text>| text.as_ref().map(|text| text.as_str().to_owned());
    Some(TraceOptions {
        format,
        time_column: name(&table.time_column),
        rate_column: name(&table.rate_column),
        time_unit,
        rate_unit,
        step: at_least(Duration::from_millis(1), "step", table.step.as_ref(), scope),
        bin: at_least(Duration::from_millis(1), "bin", table.bin.as_ref(), scope),
        ..TraceOptions::default()
    })
}

/// Reads one of `names`, if the key is set; the outer `None` is an error.
fn word<T: Copy + FromStr>(
    key: &str,
    what: &str,
    written: Option<&Text>,
    names: &[(&str, T)],
    scope: &Scope<'_>,
) -> Option<Option<T>> {
    match written {
        // `FromStr` accepts more spellings of units than those listed.
        Some(text) => match text.as_str().parse() {
            Ok(known) => Some(Some(known)),
            Err(_) => scope.at(key).choose(what, text, names).map(Some),
        },
        None => Some(None),
    }
}

fn at_least(
    least: Duration,
    key: &str,
    written: Option<&Text>,
    scope: &Scope<'_>,
) -> Option<Duration> {
    let span = scope.span(key, written)?;
    if span < least {
        scope.at(key).fault("is too short", "write at least `1 ms`");
    }
    Some(span)
}

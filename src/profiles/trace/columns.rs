//! Which columns of a CSV are time, rate and latency, and in which units.

use super::{
    clock,
    column_names::{named, none_of, starting},
    error::Fault,
    format::{RateUnit, TimeUnit, TraceOptions, spelling},
    timing::Timing,
};
use std::borrow::Cow;

/// Prefixes of column names (case-insensitive), the most likely first.
const RATES: [&str; 14] = [
    "dl_bitrate",
    "rate",
    "bandwidth",
    "throughput",
    "goodput",
    "tput",
    "bitrate",
    "download",
    "downlink",
    "speed",
    "bw",
    "bps",
    "kbps",
    "mbps",
];
const LATENCIES: [&str; 3] = ["latency", "rtt", "ping"];
/// Parts of names of rates, used if no name has such a prefix.
const WITHIN: [&str; 5] = ["throughput", "goodput", "bitrate", "bandwidth", "download"];
/// The other direction.
const UPWARD: [&str; 7] = ["ul", "up", "tx", "sent", "send", "snd", "out"];

/// The columns, from the header or guessed without one.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) delimiter: char,
    pub(super) timing: Timing,
    /// The unit in the name of the time column.
    pub(super) time_unit: Option<TimeUnit>,
    pub(super) rate: usize,
    /// The requested unit, or the unit in the column name; `None` = each cell must have one.
    pub(super) rate_unit: Option<RateUnit>,
    /// The column with the unit of each rate, if there is one.
    pub(super) unit: Option<usize>,
    pub(super) latency: Option<(usize, TimeUnit)>,
    /// Whether the first line is already a sample.
    pub(super) without_names: bool,
    /// The line that should name the unit, and the name of the rate column in errors.
    named: (u64, String),
}

impl Columns {
    /// The columns that the first line names.
    pub(super) fn of(line: u64, first: &str, options: &TraceOptions) -> Result<Self, Fault> {
        let delimiter = delimiter(first);
        let names: Vec<&str> = fields(first, delimiter).collect();
        if without_names(&names) {
            return Self::untitled(line, delimiter, &names, options);
        }
        let timing = Timing::of(line, &names, options)?;
        let rate = rate_of(line, &names, options)?;
        let name = |place: usize| names.get(place).copied().unwrap_or_default();
        let place = |starts: &[&str], unit: fn(&str) -> Option<TimeUnit>| {
            let find = |(i, name): (usize, &&str)| {
                let plain = name.to_ascii_lowercase();
                let named = starts.iter().any(|start| plain.starts_with(start));
                named.then(|| unit(name)).flatten().map(|unit| (i, unit))
            };
            names.iter().enumerate().find_map(find)
        };
        let is_unit = |name: &&str| {
            ["unit", "units", "rate_unit"].iter().any(|unit| name.eq_ignore_ascii_case(unit))
        };
        Ok(Self {
            delimiter,
            timing,
            time_unit: timing.unit(&names),
            rate,
            rate_unit: options
                .rate_unit
                .or_else(|| spelling::rate_in(name(rate)).map(|(unit, _)| unit)),
            unit: names.iter().position(is_unit),
            latency: place(&LATENCIES, spelling::time_in),
            without_names: false,
            named: (line, name(rate).to_owned()),
        })
    }

    /// Columns without names: a time (a date or the first of several numbers), and a rate, optionally with its
    /// unit after it.
    fn untitled(
        line: u64,
        delimiter: char,
        cells: &[&str],
        options: &TraceOptions,
    ) -> Result<Self, Fault> {
        let is_rate = |cell: &str| quantity(cell, delimiter).is_some();
        let date = cells.iter().position(|cell| clock::is_moment(cell));
        let mut numbers: Vec<usize> = (0..cells.len())
            .filter(|place| cells.get(*place).is_some_and(|cell| is_rate(cell)))
            .collect();
        let time = match (options.step, date) {
            (Some(_), _) => None,
            (None, Some(date)) => Some(date),
            (None, None) if numbers.len() > 1 => Some(numbers.remove(0)),
            (None, None) => None,
        };
        let unit = cells.iter().position(|cell| spelling::rate(cell).is_some());
        // A column with a unit is the rate; otherwise there must be only one number.
        let told = numbers.iter().copied().find(|place| {
            let own = cells.get(*place).and_then(|cell| quantity(cell, delimiter));
            own.is_some_and(|(_, unit)| unit.is_some()) || unit == Some(place + 1)
        });
        let asked = options.rate_column.as_deref().map(|text| {
            let place = text.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
            place.filter(|place| *place < cells.len()).ok_or_else(|| {
                let problem = format!("has no column names, and so no column `{text}`");
                Fault::at(line, problem, "write the number of a column, from 1")
            })
        });
        let only = match numbers.as_slice() {
            [only] => Some(*only),
            _ => None,
        };
        let Some(rate) = asked.transpose()?.or(told).or(only) else {
            let hint = "write names in a first line, or the number of the column as `rate-column`";
            return Err(Fault::at(
                line,
                "has columns without names, and several may be the rate",
                hint,
            ));
        };
        let name = cells.get(rate).copied().unwrap_or_default().to_owned();
        Ok(Self {
            delimiter,
            timing: time.map_or(Timing::Fixed, Timing::From),
            time_unit: None,
            rate,
            rate_unit: options.rate_unit,
            unit,
            latency: None,
            without_names: true,
            named: (line, name),
        })
    }

    /// The error that the unit of rates is unknown.
    pub(super) fn no_unit(&self) -> Fault {
        let (line, name) = &self.named;
        let problem = format!("the unit of `{name}` is unknown");
        Fault::at(*line, problem, "set it with `rate-unit`, as in `kbit/s`")
    }
}

/// Whether a first line is a sample, not column names.
pub(super) fn is_without_names(line: &str) -> bool {
    let delimiter = delimiter(line);
    without_names(&fields(line, delimiter).collect::<Vec<_>>())
}

fn without_names(cells: &[&str]) -> bool {
    let is_number = |cell: &&str| quantity(cell, ',').is_some();
    let is_unit = |cell: &&str| spelling::rate(cell).is_some();
    cells.iter().any(is_number)
        && (cells.first().is_some_and(|cell| clock::is_moment(cell))
            || cells.iter().all(|cell| is_number(cell) || is_unit(cell) || clock::is_moment(cell)))
}

/// A number, and the unit after it if there is one: `13.4 Mbits/sec`.
pub(super) fn quantity(cell: &str, delimiter: char) -> Option<(f64, Option<RateUnit>)> {
    let cell = with_point(cell, delimiter);
    if let Ok(number) = cell.parse::<f64>() {
        return Some((number, None));
    }
    let end = cell.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+')))?;
    let (number, unit) = cell.split_at(end);
    Some((number.parse().ok()?, Some(spelling::rate(unit.trim())?)))
}

/// A cell with a decimal point in place of a comma: that may be a decimal separator if columns have another one.
pub(super) fn with_point(cell: &str, delimiter: char) -> Cow<'_, str> {
    if delimiter != ',' && cell.contains(',') && !cell.contains('.') {
        cell.replacen(',', ".", 1).into()
    } else {
        cell.into()
    }
}

fn delimiter(first: &str) -> char {
    [',', ';', '\t'].into_iter().find(|delimiter| first.contains(*delimiter)).unwrap_or(' ')
}

fn rate_of(line: u64, names: &[&str], options: &TraceOptions) -> Result<usize, Fault> {
    let hint = "name one with `rate-column`";
    if let Some(wanted) = options.rate_column.as_deref() {
        return named(line, names, wanted, hint);
    }
    let down =
        |name: &str| !UPWARD.iter().any(|start| name.to_ascii_lowercase().starts_with(start));
    let is_sure = |name: &str| {
        down(name) && spelling::rate_in(name).is_some_and(|(_, per_second)| per_second)
    };
    let contains = |name: &&str| {
        let plain = name.to_ascii_lowercase();
        down(name) && WITHIN.iter().any(|part| plain.contains(part))
    };
    starting(names, &RATES, &is_sure)
        .or_else(|| starting(names, &RATES, &down))
        .or_else(|| names.iter().position(|name| is_sure(name)))
        .or_else(|| names.iter().position(contains))
        .ok_or_else(|| none_of(line, names, "has no column that looks like a rate".into(), hint))
}

/// The fields of a line, without quotes around them.
pub(super) fn fields(text: &str, delimiter: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let split = text.split(move |c: char| {
        quoted ^= c == '"';
        c == delimiter && !quoted
    });
    let kept = move |field: &&str| delimiter != ' ' || !field.is_empty();
    split.filter(kept).map(|field| field.trim().trim_matches('"').trim())
}

//! Columns with names: which are time and rate, and in which units, is told or recognised.

use super::{
    error::Fault,
    format::{RateUnit, TimeUnit, TraceOptions},
    lines::{Lines, number, rate, span},
    recorded::Recorded,
};
use crate::{model::Step, units::BitRate};
use chrono::NaiveDateTime;
use std::{io::BufRead, time::Duration};

/// Names of columns, as far as they start so (case aside), the likeliest first.
const TIMES: [&str; 4] = ["time", "t", "seconds", "date"];
const RATES: [&str; 11] = [
    "dl_bitrate",
    "rate",
    "bandwidth",
    "throughput",
    "bitrate",
    "download",
    "speed",
    "bw",
    "bps",
    "kbps",
    "mbps",
];
/// Moments as people write them; the first is that of the Irish 5G logs.
const MOMENTS: [&str; 3] = ["%Y.%m.%d_%H.%M.%S", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f"];

/// What the header says.
struct Columns {
    delimiter: char,
    /// Place and unit; none when each line lasts a fixed time.
    time: Option<(usize, TimeUnit)>,
    rate: (usize, RateUnit),
}

pub(super) fn read<R: BufRead>(
    lines: &mut Lines<R>,
    options: &TraceOptions,
    steps: &mut Recorded,
) -> Result<(), Fault> {
    let Some((mut line, header)) = lines.next()? else {
        return Err(Fault::whole("says nothing", "write a header and a sample a line"));
    };
    let columns = Columns::of(line, header, options)?;
    let mut last: Option<(f64, BitRate)> = None;
    let mut lasts = options.step.unwrap_or_default();
    while let Some((number_of_line, text)) = lines.next()? {
        line = number_of_line;
        let fields: Vec<&str> = fields(text, columns.delimiter).collect();
        let field = |place: usize| {
            fields.get(place).copied().ok_or_else(|| {
                let problem = format!("has {} columns", fields.len());
                Fault::at(line, problem, "write as many as the header has")
            })
        };
        let (place, unit) = columns.rate;
        let now = rate(line, number(line, field(place)?)? * unit.bits())?;
        let Some((place, unit)) = columns.time else {
            steps.push(line, Step { lasts, rate: now })?;
            continue;
        };
        let time = moment(line, field(place)?, unit)?;
        if let Some((before, rate)) = last {
            if time <= before {
                let hint = "write times in order, or give each line a fixed time with `step`";
                return Err(Fault::at(line, "is not after the line before", hint));
            }
            lasts = span(line, time - before)?;
            steps.push(line, Step { lasts, rate })?;
        }
        last = Some((time, now));
    }
    // The last sample lasts as long as the one before it.
    match last {
        Some((_, rate)) if lasts > Duration::ZERO => steps.push(line, Step { lasts, rate }),
        _ => Ok(()),
    }
}

impl Columns {
    fn of(line: u64, header: &str, options: &TraceOptions) -> Result<Self, Fault> {
        let likely = [',', ';', '\t'].into_iter().find(|delimiter| header.contains(*delimiter));
        let delimiter = likely.unwrap_or(' ');
        let names: Vec<&str> = fields(header, delimiter).collect();
        let time = match options.step {
            Some(_) => None,
            None => {
                let place = place(line, &names, options.time_column.as_deref(), &TIMES, "time")?;
                Some((place, options.time_unit.unwrap_or_else(|| time_unit(names[place]))))
            }
        };
        let place = place(line, &names, options.rate_column.as_deref(), &RATES, "rate")?;
        let unit = options.rate_unit.or_else(|| rate_unit(names[place])).ok_or_else(|| {
            let problem = format!("`{}` does not tell its unit", names[place]);
            Fault::at(line, problem, "say it with `rate-unit`, as in `kbit/s`")
        })?;
        Ok(Self { delimiter, time, rate: (place, unit) })
    }
}

/// The place of a column that was named, or is likely.
fn place(
    line: u64,
    names: &[&str],
    wanted: Option<&str>,
    likely: &[&str],
    what: &str,
) -> Result<usize, Fault> {
    let by = |test: &dyn Fn(&str) -> bool| names.iter().position(|name| test(name));
    let found = match wanted {
        Some(wanted) => by(&|name| name.eq_ignore_ascii_case(wanted)),
        None => likely.iter().find_map(|start| {
            let plain = |name: &str| name.to_ascii_lowercase();
            // A name of one letter only as it is.
            by(&|name| plain(name) == *start || (start.len() > 1 && plain(name).starts_with(start)))
        }),
    };
    found.ok_or_else(|| {
        let problem = match wanted {
            Some(wanted) => format!("has no column `{wanted}`"),
            None => format!("has no column that looks like a {what}"),
        };
        let hint = format!("name one with `{what}-column`: {}", names.join(", "));
        Fault::at(line, problem, hint)
    })
}

fn time_unit(name: &str) -> TimeUnit {
    match name.to_ascii_lowercase() {
        name if name.ends_with("ms") || name.contains("milli") || name.ends_with("(ms)") => {
            TimeUnit::Millisecond
        }
        name if name.ends_with("us") || name.contains("micro") => TimeUnit::Microsecond,
        _ => TimeUnit::Second,
    }
}

fn rate_unit(name: &str) -> Option<RateUnit> {
    let name = name.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    Some(match () {
        () if has(&["dl_bitrate", "kbps", "kbit", "kb/s"]) => RateUnit::Kilobit,
        () if has(&["mbps", "mbit", "mb/s"]) => RateUnit::Megabit,
        () if has(&["bps", "bit/s", "bits"]) => RateUnit::Bit,
        () if has(&["byte"]) => RateUnit::Byte,
        () => return None,
    })
}

/// A time in seconds: a number of the unit, or a date and time of day.
fn moment(line: u64, text: &str, unit: TimeUnit) -> Result<f64, Fault> {
    let plain = text.trim_end_matches('Z');
    let date = MOMENTS.iter().find_map(|form| NaiveDateTime::parse_from_str(plain, form).ok());
    match date {
        Some(date) => Ok(date.and_utc().timestamp_micros() as f64 / 1e6),
        None => Ok(number(line, text)? * unit.seconds()),
    }
}

/// The fields of a line, without quotes around them.
fn fields(text: &str, delimiter: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let split = text.split(move |c: char| {
        quoted ^= c == '"';
        c == delimiter && !quoted
    });
    let kept = move |field: &&str| delimiter != ' ' || !field.is_empty();
    split.filter(kept).map(|field| field.trim().trim_matches('"').trim())
}

//! How long each line of a CSV lasts, as its column names say.

use super::{
    column_names::{named, none_of, starting},
    error::Fault,
    format::{TimeUnit, TraceOptions, spelling},
};

/// Prefixes of column names (case-insensitive), the most likely first.
const TIMES: [&str; 11] =
    ["time", "t", "ts", "seconds", "sec", "date", "dtime", "epoch", "unix", "elapsed", "utc"];
const DURATIONS: [&str; 5] = ["duration", "length", "interval", "lasts", "dt"];
const STARTS: [&str; 3] = ["start", "begin", "from"];
/// The words by which the names of two columns with a start and an end differ.
const PAIRS: [(&str, &str); 4] =
    [("start", "end"), ("start", "stop"), ("begin", "end"), ("from", "to")];

/// How long a line lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Timing {
    /// As long as each other line.
    Fixed,
    /// From the time in this column to that of the next line.
    From(usize),
    /// From the time in one column to that in another.
    Between {
        /// The column with the start.
        start: usize,
        /// The column with the end.
        end: usize,
    },
    /// As long as this column says.
    For(usize),
}

impl Timing {
    /// What the column names say.
    pub(super) fn of(line: u64, names: &[&str], options: &TraceOptions) -> Result<Self, Fault> {
        let hint = "name one with `time-column`, or give each line a fixed time with `step`";
        if options.step.is_some() {
            return Ok(Self::Fixed);
        }
        if let Some(wanted) = options.time_column.as_deref() {
            return named(line, names, wanted, hint).map(Self::From);
        }
        let any = |starts: &[&str]| starting(names, starts, &|_| true);
        pair(names)
            .or_else(|| any(&TIMES).map(Self::From))
            .or_else(|| any(&DURATIONS).map(Self::For))
            .or_else(|| any(&STARTS).map(Self::From))
            .ok_or_else(|| {
                none_of(line, names, "has no column that looks like a time".into(), hint)
            })
    }

    /// The unit in the name of the column.
    pub(super) fn unit(self, names: &[&str]) -> Option<TimeUnit> {
        match self {
            Self::Fixed => None,
            Self::From(place) | Self::For(place) | Self::Between { start: place, .. } => {
                names.get(place).and_then(|name| spelling::time_in(name))
            }
        }
    }
}

/// Two columns whose names differ in the words for start and end alone: `start_ms` and `end_ms`.
fn pair(names: &[&str]) -> Option<Timing> {
    let of = |name: &str, word: &str| {
        let name = name.to_ascii_lowercase();
        let rest = name.replacen(word, "", 1);
        let of_time =
            rest.is_empty() || rest.contains("time") || spelling::time_in(&name).is_some();
        (rest.len() < name.len() && of_time).then_some(rest)
    };
    PAIRS.iter().find_map(|(first, last)| {
        let starts = names.iter().enumerate().filter_map(|(i, name)| Some((i, of(name, first)?)));
        starts.into_iter().find_map(|(start, rest)| {
            let end = names.iter().position(|name| of(name, last).as_ref() == Some(&rest))?;
            Some(Timing::Between { start, end })
        })
    })
}

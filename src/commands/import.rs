//! `vsps profiles import`: a recorded trace becomes a profile.

use super::{
    Failure,
    output::{print, tell},
};
use crate::{
    args::ImportArgs,
    model::{Start, Trace},
    profiles::trace::{Figures, TraceOptions, read, write_list},
    units::{Ratio, span},
};
use std::{
    fs::{self, File},
    io::{self, IsTerminal as _, Write as _},
    path::Path,
    time::Duration,
};

/// A longer trace gets a file of its own.
const MOST_INLINE: usize = 64 << 10;
/// Files from here on are worth a progress bar.
const LARGE: u64 = 8 << 20;

pub(super) fn import(args: &ImportArgs) -> Result<(), Failure> {
    let trace = load(args)?;
    let name = args.trace.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let figures = figures(&name, &Figures::of(&trace));
    let list = write_list(trace.steps());
    let Some(output) = &args.output else {
        tell(&figures);
        return print(&profile(&name, &trace, &inline(&list)));
    };
    let data = if list.len() > MOST_INLINE {
        let beside = output.with_extension("trace");
        write(&beside, &list)?;
        let file = beside.file_name().unwrap_or_default().to_string_lossy().into_owned();
        format!("file = {}, format = \"list\"", toml::Value::from(file))
    } else {
        inline(&list)
    };
    write(output, &profile(&name, &trace, &data))?;
    print(&format!("{figures}written to {}\n", output.display()))
}

fn load(args: &ImportArgs) -> Result<Trace, Failure> {
    let path = &args.trace;
    let unreadable =
        |cause| Failure::usage(format_args!("{}: can't be read: {cause}", path.display()));
    let file = File::open(path).map_err(unreadable)?;
    let size = file.metadata().map_err(unreadable)?.len();
    let options = TraceOptions {
        format: args.format,
        time_column: args.time_column.clone(),
        rate_column: args.rate_column.clone(),
        time_unit: args.time_unit,
        rate_unit: args.rate_unit,
        step: args.step,
        bin: args.bin.unwrap_or(TraceOptions::BIN),
        limit: args.max_trace.unwrap_or(TraceOptions::LIMIT),
    };
    let mut bar = Bar::new(size);
    let name = path.to_string_lossy();
    let steps = read(file, &name, &options, &mut |read| bar.at(read));
    bar.clear();
    let steps = steps.map_err(Failure::usage)?;
    let made = Trace::new(steps, true, Start::default());
    made.map_err(|fault| Failure::usage(format_args!("{name}: {}; {}", fault.problem, fault.hint)))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(|cause| {
        Failure::running(format_args!("{}: can't be written: {cause}", path.display()))
    })
}

fn inline(list: &str) -> String {
    format!("data = \"\"\"\n{list}\"\"\", format = \"list\"")
}

/// The text of the profile; `data` says where the trace is.
fn profile(name: &str, trace: &Trace, data: &str) -> String {
    let length =
        span::print(Duration::from_secs_f64(trace.length().as_secs_f64().round().max(1.0)));
    let summary =
        toml::Value::from(format!("The trace {name}: {length} of {} on average", trace.mean()));
    let source = toml::Value::from(format!("Imported from {name}; write here where that is from."));
    format!("summary = {summary}\nsource = {source}\n\n[downlink]\ntrace = {{ {data} }}\n")
}

fn figures(name: &str, figures: &Figures) -> String {
    let [low, median, high] = figures.percentiles;
    let percent = |share: f64| {
        let ratio = Ratio::new((share * 1e4).round() / 1e4).unwrap_or(Ratio::NONE);
        ratio.to_string()
    };
    format!(
        "{name}: {}\n  mean      {}\n  p5        {low}\n  p50       {median}\n  p95       {high}\n  \
         lag-1     {:.3} (autocorrelation)\n  outage    {} of the time under 100 kbit/s\n  \
         all in bins of {}\n",
        span::print(figures.duration),
        figures.mean,
        figures.autocorrelation,
        percent(figures.outage),
        span::print(figures.bin),
    )
}

/// A line on the terminal that tells how far a large file was read.
struct Bar {
    size: u64,
    shown: Option<u64>,
}

impl Bar {
    /// Shows nothing for small files, or where standard error is no terminal.
    fn new(size: u64) -> Self {
        Self { size, shown: (size >= LARGE && io::stderr().is_terminal()).then_some(0) }
    }

    fn at(&mut self, read: u64) {
        let percent = (read * 100 / self.size.max(1)).min(100);
        if self.shown.is_some_and(|shown| shown < percent) {
            self.shown = Some(percent);
            let done = "#".repeat(percent as usize / 4);
            let _ = write!(io::stderr(), "\r[{done:25}] {percent:3} % of {} MiB", self.size >> 20);
        }
    }

    fn clear(&self) {
        if self.shown.is_some() {
            let _ = write!(io::stderr(), "\r{:50}\r", "");
        }
    }
}

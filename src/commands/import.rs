//! `vsps profiles import`: converts a recorded trace or a preset of another tool to a profile.

use super::{
    Failure, files,
    output::{print, tell},
    presets,
};
use crate::{
    args::ImportArgs,
    model::{RoundTrips, SpecError, Start, Step, Trace},
    profiles::trace::{Figures, Recording, TraceOptions, record, write_list},
    units::{BitRate, Ratio, span},
};
use std::{
    fs::{self, File},
    io::{self, IsTerminal as _, Write as _},
    path::Path,
    time::Duration,
};

/// A longer trace is written to a separate file.
const MOST_INLINE: usize = 64 << 10;
/// Larger files are not read as presets.
const MOST_PRESETS: u64 = 1 << 20;
/// Larger files get a progress bar.
const LARGE: u64 = 8 << 20;

pub(super) fn import(args: &ImportArgs) -> Result<(), Failure> {
    if let Some(text) = presets::text_of(args, small_text(&args.trace).as_deref())? {
        return match &args.output {
            Some(output) => {
                write(output, &text)?;
                print(&format!("written to {}\n", output.display()))
            }
            None => print(&text),
        };
    }
    let recording = load(args)?;
    let name = args.trace.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let trace = looped(&recording).map_err(|fault| {
        Failure::usage(format_args!("{name}: {}; {}", fault.problem, fault.hint))
    })?;
    let notes: String =
        recording.notes.iter().map(|note| format!("  note      {note}\n")).collect();
    let figures = figures(&name, &Figures::of(&trace)) + notes.as_str();
    let latency = latency(&recording.round_trips)?;
    let list = write_list(trace.steps());
    let link = match constant(&recording.steps) {
        Some(rate) => rate,
        None => format!("[downlink]\n{}\n", kept(args, &list)?),
    };
    let text = profile(&name, &trace, &(latency + link.as_str()));
    match &args.output {
        None => {
            tell(&figures);
            print(&text)
        }
        Some(output) => {
            write(output, &text)?;
            print(&format!("{figures}written to {}\n", output.display()))
        }
    }
}

/// The text of a file that is small enough to hold presets; `None` for other files.
fn small_text(path: &Path) -> Option<String> {
    let size = fs::metadata(path).ok().filter(fs::Metadata::is_file)?.len();
    if size > MOST_PRESETS {
        return None;
    }
    fs::read_to_string(path).ok()
}

/// The steps as a trace, to compute its statistics. A single step is doubled, because a trace needs two.
fn looped(recording: &Recording) -> Result<Trace, SpecError> {
    let steps = match recording.steps.as_slice() {
        [only] => {
            let half = Step { lasts: only.lasts / 2, ..*only };
            vec![half, Step { lasts: only.lasts - half.lasts, ..*only }]
        }
        steps => steps.to_vec(),
    };
    Trace::new(steps, true, Start::default())
}

/// The `[downlink]` of a trace with a single rate.
fn constant(steps: &[Step]) -> Option<String> {
    let first = steps.first()?;
    let same = steps.iter().all(|step| step.rate == first.rate);
    same.then(|| format!("[downlink]\nrate = \"{}\"\n", exact(first.rate)))
}

/// A rate with a precision of 1 bit/s.
fn exact(rate: BitRate) -> String {
    let printed = rate.to_string();
    if printed.parse() == Ok(rate) { printed } else { format!("{} bit/s", rate.bits_per_second()) }
}

/// The `[latency]` for the round trips of a recording.
fn latency(round_trips: &[(Duration, Duration)]) -> Result<String, Failure> {
    if round_trips.len() > RoundTrips::MOST_STEPS {
        let most = RoundTrips::MOST_STEPS;
        return Err(Failure::usage(format_args!(
            "has more than {most} changes of latency; cut it"
        )));
    }
    let ms = |time: &Duration| {
        let printed = span::print(*time);
        if span::parse(&printed) == Ok(*time) {
            printed
        } else {
            format!("{} ms", time.as_nanos() as f64 / 1e6)
        }
    };
    Ok(match round_trips {
        [] => String::new(),
        [(_, only)] if only.is_zero() => String::new(),
        [(_, only)] => format!("[latency]\nrtt = \"{}\"\n\n", ms(only)),
        steps => {
            let step = |(lasts, rtt): &(Duration, Duration)| {
                format!("    {{ for = \"{}\", rtt = \"{}\" }},\n", ms(lasts), ms(rtt))
            };
            let list: String = steps.iter().map(step).collect();
            format!("[latency]\nschedule = [\n{list}]\n\n")
        }
    })
}

/// The `trace` of a profile: the list itself, or a file next to the profile that holds it.
fn kept(args: &ImportArgs, list: &str) -> Result<String, Failure> {
    let data = match &args.output {
        Some(output) if list.len() > MOST_INLINE => {
            let beside = output.with_extension("trace");
            write(&beside, list)?;
            let file = beside.file_name().unwrap_or_default().to_string_lossy().into_owned();
            format!("file = {}, format = \"list\"", toml::Value::from(file))
        }
        _ => format!("data = \"\"\"\n{list}\"\"\", format = \"list\""),
    };
    Ok(format!("trace = {{ {data} }}"))
}

fn load(args: &ImportArgs) -> Result<Recording, Failure> {
    let path = &args.trace;
    let instead = "write the path of a trace";
    let unreadable = |cause: io::Error| files::unusable("", path, &cause, instead);
    let file = File::open(path).map_err(unreadable)?;
    let size = file.metadata().map_err(unreadable)?.len();
    let options = TraceOptions {
        format: args.format,
        time_column: args.time_column.clone(),
        rate_column: args.rate_column.clone(),
        time_unit: args.time_unit,
        rate_unit: args.rate_unit,
        step: args.step,
        bin: args.bin,
        limit: args.max_trace.unwrap_or(TraceOptions::LIMIT),
    };
    let mut bar = ProgressBar::new(size);
    let name = path.to_string_lossy();
    let recording = record(file, &name, &options, &mut |read| bar.at(read));
    bar.clear();
    recording.map_err(Failure::usage)
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(|cause| {
        Failure::running(format_args!("{}: can't be written: {cause}", path.display()))
    })
}

/// The text of the profile; `link` is its description of the network.
fn profile(name: &str, trace: &Trace, link: &str) -> String {
    let length =
        span::print(Duration::from_secs_f64(trace.length().as_secs_f64().round().max(1.0)));
    let summary =
        toml::Value::from(format!("The trace {name}: {length} of {} on average", trace.mean()));
    let source = toml::Value::from(format!("Imported from {name}; write here where that is from."));
    format!("summary = {summary}\nsource = {source}\n\n{link}")
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

/// A line on the terminal that shows how much of a large file is read.
struct ProgressBar {
    size: u64,
    shown: Option<u64>,
}

impl ProgressBar {
    /// Shows nothing for small files, or if standard error is not a terminal.
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

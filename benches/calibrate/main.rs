//! Measures the whole proxy on real sockets against its targets.
//!
//! `cargo bench --bench calibrate [-- --quick] [-- rate relay sharing change latency scale kernel following]` prints
//! Markdown on standard output and its progress on standard error. The proxy under test is the
//! real program in a process of its own; client and origin run here. A missed target is a result,
//! not a failure. Started by `cargo test --benches`, it only shows that it still works.

mod bare;
mod change;
mod clock;
mod crowd;
mod download;
mod effort;
mod figure;
mod following;
mod http;
mod kernel;
mod latency;
mod load;
mod machine;
mod origin;
mod patience;
mod peers;
mod process;
mod proxy;
mod rate;
mod relay;
mod report;
mod rig;
mod scale;
mod sharing;
mod stutter;
mod system_calls;
mod trace;
mod usual_origin;
mod veth;
mod wrk;

use crate::{effort::Effort, report::Report, rig::Rig};
use anyhow::Context as _;
use clap::{Parser, ValueEnum};
use std::{fs, path::PathBuf, time::Duration};

/// Measures the proxy over loopback sockets.
#[derive(Debug, Parser)]
#[command(name = "calibrate")]
struct Options {
    /// What to measure [default: everything].
    questions: Vec<Question>,
    /// Shorter and fewer runs: a first look.
    #[arg(long)]
    quick: bool,
    /// Also writes the results to this file.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Spends at most so long on waiting for a quiet machine, and on doing disturbed runs again.
    #[arg(long, value_name = "SECONDS")]
    patience: Option<u64>,
    /// Measures this program, such as one of an earlier version, instead of the one that was built.
    #[arg(long, value_name = "FILE", default_value = env!("CARGO_BIN_EXE_vsps"), hide_default_value = true)]
    program: PathBuf,
    /// Given by `cargo bench`; without it, only whether the measurement works is of interest.
    #[arg(long, hide = true)]
    bench: bool,
    /// As without `--bench`.
    #[arg(long, hide = true)]
    test: bool,
    /// Runs as the bare pass-through before this origin, for `relay`.
    #[arg(long, hide = true, value_name = "ADDR")]
    bare: Option<String>,
    /// Runs as an origin at this address, for `kernel`.
    #[arg(long, hide = true, value_name = "ADDR")]
    serve: Option<String>,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Question {
    /// Goodput and smoothness of one download, from 0.1 to 1000 Mbit/s.
    Rate,
    /// Parallel downloads of one session.
    Sharing,
    /// How soon a download feels a new rate.
    Change,
    /// The delay before the first byte, measured and configured.
    Latency,
    /// CPU of an unshaped relay, beside other proxies.
    Relay,
    /// Many slow downloads at once.
    Scale,
    /// The same downloads through the kernel's token bucket filter.
    Kernel,
    /// Traces and steps, followed.
    Following,
}

impl Question {
    fn ask(self, rig: &Rig, effort: &Effort, report: &mut Report) -> anyhow::Result<()> {
        match self {
            Self::Rate => rate::measure(rig, effort, report),
            Self::Sharing => sharing::measure(rig, effort, report),
            Self::Change => change::measure(rig, effort, report),
            Self::Latency => latency::measure(rig, effort, report),
            Self::Relay => relay::measure(rig, effort, report),
            Self::Scale => scale::measure(rig, effort, report),
            Self::Kernel => kernel::measure(rig, effort, report),
            Self::Following => following::measure(rig, effort, report),
        }
    }
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    if let Some(origin) = options.bare {
        return bare::run(origin);
    }
    if let Some(address) = options.serve {
        return origin::serve_at(&address);
    }
    let effort = match (options.bench && !options.test, options.quick) {
        (false, _) => Effort::SMOKE,
        (true, true) => Effort::QUICK,
        (true, false) => Effort::FULL,
    };
    let patience = options.patience.map_or(effort.patience, Duration::from_secs);
    let rig = Rig::start(options.program, patience)?;
    let mut report = Report::new(machine::describe(), effort.to_string());
    let all = Question::value_variants();
    let asked = if options.questions.is_empty() { all } else { &options.questions };
    for question in asked {
        question.ask(&rig, &effort, &mut report)?;
    }
    print!("{report}");
    if let Some(path) = options.json {
        let text = serde_json::to_string_pretty(&report)?;
        fs::write(&path, text + "\n").with_context(|| path.display().to_string())?;
    }
    Ok(())
}

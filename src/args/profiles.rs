//! The command line of `vsps profiles`.

use crate::{
    profiles::trace::{RateUnit, TimeUnit, TraceFormat},
    units::{ByteSize, span},
};
use clap::{Args, Subcommand};
use std::{path::PathBuf, time::Duration};

/// What to do with profiles.
#[derive(Debug, Subcommand)]
pub enum ProfilesCommand {
    /// Lists the built-in profiles.
    #[command(after_help = "Example: vsps profiles list --json")]
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Shows what a profile does, and where its numbers come from.
    #[command(after_help = "Example: vsps profiles show flaky-wifi")]
    Show {
        /// A built-in profile's name, or a file.
        profile: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Draws rate, stalls and latency over time: into a file, or as a sketch in the terminal.
    #[command(after_help = "Example: vsps profiles plot 3g --seeds 3 -o 3g.svg")]
    Plot {
        /// A built-in profile's name, or a file.
        profile: String,
        /// The file to draw, `.svg` or `.png`; without it, a sketch in the terminal.
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// How many runs to draw over each other, with seeds counting up from --seed.
        #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=20))]
        seeds: u64,
        /// The first seed.
        #[arg(long, default_value_t = 1, value_name = "N")]
        seed: u64,
        /// How much of the network's time to draw.
        #[arg(long = "for", default_value = "2 m", value_name = "SPAN", value_parser = span::parse)]
        span: Duration,
    },
    /// Turns a recorded trace into a profile, and prints its figures.
    #[command(after_help = "Examples:
  vsps profiles import Verizon-LTE-short.down -o lte-drive.toml
  vsps profiles import log.csv --time-column t_ms --rate-column goodput --rate-unit Mbit/s")]
    Import(ImportArgs),
    /// Checks profile files.
    #[command(after_help = "Example: vsps profiles check my/*.toml")]
    Check {
        /// The files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

/// Options of `vsps profiles import`. What is left out is detected from the file.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The trace: delivery opportunities (mahimahi), Sabre's JSON, Pensieve's two columns, a list of
    /// `RATExSECONDS`, CSV, the six columns of the HSDPA and Ghent logs, or what iperf prints (text or JSON).
    /// Or presets: WebPageTest's connectivity.ini, a plist of Apple's Network Link Conditioner, JSON of
    /// sitespeed.io, browsertime, Lighthouse or Chrome.
    pub trace: PathBuf,
    /// Writes the profile here; a long trace goes beside it. Without it the profile is printed, and
    /// the figures go to standard error.
    #[arg(short, long, value_name = "FILE.toml")]
    pub output: Option<PathBuf>,
    /// mahimahi, sabre, pensieve, list, csv, log or iperf.
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<TraceFormat>,
    /// The CSV column with times.
    #[arg(long, value_name = "NAME")]
    pub time_column: Option<String>,
    /// The CSV column with rates; its number where columns have no names.
    #[arg(long, value_name = "NAME")]
    pub rate_column: Option<String>,
    /// s, ms, us, ns or min.
    #[arg(long, value_name = "UNIT")]
    pub time_unit: Option<TimeUnit>,
    /// bit/s, kbit/s, Mbit/s, byte/s, kB/s, MB/s, MiB/s, or another spelling, as in `Mbps`.
    #[arg(long, value_name = "UNIT")]
    pub rate_unit: Option<RateUnit>,
    /// The duration of each line; the times in the trace are ignored.
    #[arg(long, value_name = "SPAN", value_parser = span::parse)]
    pub step: Option<Duration>,
    /// The interval in which a mahimahi trace is counted to give a rate [default: 10 ms].
    #[arg(long, value_name = "SPAN", value_parser = span::parse)]
    pub bin: Option<Duration>,
    /// Which preset, where a file holds several.
    #[arg(long, value_name = "NAME")]
    pub preset: Option<String>,
    /// Larger traces are refused [default: 64 MiB].
    #[arg(long, value_name = "SIZE")]
    pub max_trace: Option<ByteSize>,
}

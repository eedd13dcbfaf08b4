//! What was typed after `vsps play`.

use crate::{media::CmcdVersion, player::Assertion, units::span};
use clap::Args;
use std::{path::PathBuf, time::Duration};

/// Options of `vsps play`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vsps play http://127.0.0.1:8080/demo/hls/master.m3u8 --duration 60s
  vsps play URL --abr bola --assert 'rebuffer_ratio < 1%' --assert 'mean_bitrate_bps > 2M' --junit play.xml
  vsps play URL --cmcd v2 --cmcd-headers
  vsps play URL --players 20 --assert 'p95(startup_seconds) < 2s' --json > play.json")]
pub struct PlayArgs {
    /// An HLS playlist or a DASH MPD: http or https.
    pub url: String,
    /// The algorithm that chooses renditions; an unknown name lists all of them.
    #[arg(long, value_name = "NAME", default_value = "throughput")]
    pub abr: String,
    /// So many players, each with connections of its own.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub players: u32,
    /// Between the starts of two players [default: 250 ms, and 10 s for all together].
    #[arg(long, value_name = "SPAN", value_parser = span::parse)]
    pub stagger: Option<Duration>,
    /// Each player stops so long after its start [default: at the end; live: 1 m].
    #[arg(long, value_name = "SPAN", value_parser = span::parse)]
    pub duration: Option<Duration>,
    /// The most media that a player buffers [default: that of the player that `--abr` names, else 25 s].
    #[arg(long, value_name = "SPAN", value_parser = span::parse)]
    pub max_buffer: Option<Duration>,
    /// What the result must satisfy, as in `rebuffer_ratio < 0.01`; else the exit code is 1. Can be
    /// repeated.
    #[arg(long = "assert", value_name = "EXPR")]
    pub assertions: Vec<Assertion>,
    /// Prints the result as JSON.
    #[arg(long)]
    pub json: bool,
    /// Writes the assertions as test cases, in JUnit's XML.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Sends CMCD with every request, in the query.
    #[arg(long, value_name = "VERSION", num_args = 0..=1, default_missing_value = "v1", require_equals = false)]
    pub cmcd: Option<CmcdVersion>,
    /// Sends CMCD in headers instead.
    #[arg(long, requires = "cmcd")]
    pub cmcd_headers: bool,
    /// Writes each download of a video segment as a line of JSON.
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
}

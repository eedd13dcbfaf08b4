//! What was typed after `vsps play`.

use super::{ShardArg, catch_up::catch_up};
use crate::{media::CmcdVersion, player::Assertion, units::span};
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use std::{path::PathBuf, time::Duration};

/// Options of `vsps play`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(after_help = "\
Examples:
  vsps play http://127.0.0.1:8080/demo/hls/master.m3u8 --duration 60s
  vsps play URL --abr bola --assert 'rebuffer_ratio < 1%' --assert 'mean_bitrate_bps > 2M' --junit play.xml
  vsps play URL --cmcd v2 --cmcd-headers
  vsps play https://127.0.0.1:8443/demo/hls/master.m3u8 --ca ca.pem
  vsps play URL --players 20 --assert 'p95(startup_seconds) < 2s' --json > play.json
  vsps play URL --players 900 --shard 2/3 --start-at 2026-05-01T12:00:00Z --json > part2.json")]
pub struct PlayArgs {
    /// What else to do.
    #[command(subcommand)]
    pub command: Option<PlayCommand>,
    /// An HLS playlist or a DASH MPD: http or https.
    #[arg(required = true)]
    pub url: Option<String>,
    /// The algorithm that chooses renditions: its name (an unknown one lists all), FILE.rhai, or cmd:PROGRAM.
    #[arg(long, value_name = "NAME", default_value = "throughput")]
    pub abr: String,
    /// How many players play, each with connections of its own; at most 10,000 on one machine.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub players: u32,
    /// Only part I (from 1) of N of the players, for several machines: each player starts when it would start if one
    /// machine had all; see `vsps play merge`. `auto` and `auto/N` as in `vsps bench --shard`.
    #[arg(long, value_name = "I/N", default_value = "1/1", hide_default_value = true)]
    pub shard: ShardArg,
    /// The first player of all parts starts at this time (RFC 3339), as in 2026-05-01T12:00:00Z; give it to all parts.
    /// A time in the past is an error.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub start_at: Option<DateTime<Utc>>,
    /// The time between the starts of two players [default: 250 ms, and 10 s for all together].
    #[arg(long, value_name = "SPAN", value_parser = span::parse)]
    pub stagger: Option<Duration>,
    /// Each player stops this long after its start [default: at the end; live: 1 m].
    #[arg(long, value_name = "SPAN", value_parser = span::positive)]
    pub duration: Option<Duration>,
    /// The most media that a player buffers [default: that of the player that `--abr` names, else 25 s].
    #[arg(long, value_name = "SPAN", value_parser = span::positive)]
    pub max_buffer: Option<Duration>,
    /// Live: playback may be faster or slower by this share to keep its latency, as in 0.05 [default: 0].
    #[arg(long, value_name = "SHARE", default_value = "0", hide_default_value = true, value_parser = catch_up)]
    pub catch_up: f64,
    /// Live: the latency to keep [default: that at which playback starts].
    #[arg(long, value_name = "SPAN", value_parser = span::parse, requires = "catch_up")]
    pub live_latency: Option<Duration>,
    /// What becomes of the result.
    #[command(flatten)]
    pub result: PlayResultArgs,
    /// Sends CMCD with every request, in the query.
    #[arg(long, value_name = "VERSION", num_args = 0..=1, default_missing_value = "v1", require_equals = false)]
    pub cmcd: Option<CmcdVersion>,
    /// Sends CMCD in headers instead.
    #[arg(long, requires = "cmcd")]
    pub cmcd_headers: bool,
    /// Posts CMCD reports of the player's events there: a URL, or a path at the stream's host, as `/-/cmcd`.
    #[arg(long, value_name = "URL")]
    pub cmcd_events: Option<String>,
    /// Trusts the certificates in this PEM file, too.
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Writes each download of a video segment as a line of JSON.
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
}

/// The subcommands of `vsps play`.
#[derive(Debug, Subcommand)]
pub enum PlayCommand {
    /// Puts the results of all parts together, which were made with --shard and --json, in any order.
    ///
    /// A part that is missing, there twice, cut, or of another run is named, and the exit code is 2.
    #[command(
        after_help = "Example: vsps play merge part*.json --assert 'p95(startup_seconds) < 2s'"
    )]
    Merge(PlayMergeArgs),
}

/// Options of `vsps play merge`.
#[derive(Debug, Args)]
pub struct PlayMergeArgs {
    /// Results of all parts, as JSON.
    #[arg(value_name = "SHARD", required = true)]
    pub parts: Vec<PathBuf>,
    /// What becomes of the result.
    #[command(flatten)]
    pub result: PlayResultArgs,
}

/// What becomes of the result of all players.
#[derive(Debug, Args)]
pub struct PlayResultArgs {
    /// What the result must satisfy, as in `rebuffer_ratio < 0.01`; else the exit code is 1. Can be
    /// repeated.
    #[arg(long = "assert", value_name = "EXPR")]
    pub assertions: Vec<Assertion>,
    /// Prints the result as JSON.
    #[arg(long)]
    pub json: bool,
    /// Writes the players and the assertions as test cases, in JUnit's XML.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
}

fn time(text: &str) -> Result<DateTime<Utc>, String> {
    let time = DateTime::parse_from_rfc3339(text);
    let hint =
        |error| format!("{error}; write a date, a time and a zone, as in 2026-05-01T12:00:00Z");
    Ok(time.map_err(hint)?.to_utc())
}

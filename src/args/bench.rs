//! What was typed after `vsps bench`.

use super::{BrowserArgs, CharacteriseArgs, ShardArg, catch_up::catch_up};
use crate::{
    sweep::{compare::Condition, matrix::Seeds},
    units::span,
};
use clap::{Args, Subcommand, ValueEnum, builder::ArgPredicate};
use std::{num::NonZeroUsize, path::PathBuf, time::Duration};

/// Plays a presentation over networks in virtual time, and compares ABR algorithms.
///
/// Each algorithm plays over each profile with each seed. The figures are printed as a table of means
/// over seeds with their 95 % confidence intervals; see docs/abr.md for their formulas.
#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    args_conflicts_with_subcommands = true,
    after_help = "Example: vsps bench --profile abr-ramp,3g --abr bola,hls.js --report report.html"
)]
pub struct BenchArgs {
    /// What else to do.
    #[command(subcommand)]
    pub command: Option<BenchCommand>,
    /// The sweep.
    #[command(flatten)]
    pub sweep: SweepArgs,
}

/// Options of a sweep.
#[derive(Debug, Args)]
pub struct SweepArgs {
    /// Profiles, by name or file.
    #[arg(long, value_name = "A,B,FILE", value_delimiter = ',', default_value = "abr-ramp")]
    pub profile: Vec<String>,
    /// Algorithms. The others are compared with the first. Beside the built-in ones, `FILE.rhai` is a script,
    /// and `cmd:PROGRAM` a program that is asked over JSON lines; see docs/abr.md.
    #[arg(
        long,
        value_name = "X,Y,FILE.rhai,cmd:PROGRAM",
        value_delimiter = ',',
        default_value = "throughput,bola,dynamic,hls.js,dash.js,shaka"
    )]
    pub abr: Vec<String>,
    /// What is played: `demo` (the built-in origin's), `sabre`, `pensieve`, a file in Sabre's movie format, or the URL
    /// of an HLS playlist or a DASH MPD, whose segments are asked for their sizes.
    #[arg(long, value_name = "NAME|FILE|URL", default_value = "demo")]
    pub ladder: String,
    /// Keeps the sizes that were learnt from a URL in this file, and reads them from it the next time.
    #[arg(long, value_name = "FILE")]
    pub ladder_cache: Option<PathBuf>,
    /// The seeds from A to B, both included [with --browser: 1..3].
    #[arg(
        long,
        value_name = "A..B",
        default_value = "1..10",
        default_value_if("browser", ArgPredicate::IsPresent, "1..3")
    )]
    pub seeds: Seeds,
    /// How long the presentation is; its segments are repeated as needed [with --browser: 1m].
    #[arg(long, value_name = "SPAN", default_value = "10m", value_parser = span::parse,
        default_value_if("browser", ArgPredicate::IsPresent, "1m"))]
    pub duration: Duration,
    /// The maximum buffer of all algorithms, in place of each one's own.
    #[arg(long, value_name = "SPAN", value_parser = span::parse)]
    pub buffer: Option<Duration>,
    /// The stream is live: a segment can be requested when it is complete, and playback keeps to a latency.
    #[arg(long)]
    pub live: bool,
    /// How far behind the live edge the viewer of --live is to be.
    #[arg(long, value_name = "SPAN", default_value = "10s", requires = "live", value_parser = span::parse)]
    pub live_latency: Duration,
    /// The most by which playback of --live is faster or slower than 1, to keep to the latency.
    #[arg(long, value_name = "SHARE", default_value = "0.05", requires = "live", value_parser = catch_up)]
    pub catch_up: f64,
    /// The segments of --live come in parts of so long, each as soon as it is made.
    #[arg(long, value_name = "SPAN", requires = "live", value_parser = span::parse)]
    pub part: Option<Duration>,
    /// How many players with the same algorithm share the link. They start 1 s after each other.
    #[arg(long, value_name = "N", default_value = "1", hide_default_value = true)]
    pub players: NonZeroUsize,
    /// The players of --players have all algorithms in turn, in place of one; each algorithm's row is about its own.
    #[arg(long, requires = "players")]
    pub mixed: bool,
    /// Lets algorithms that can give up downloads do so.
    #[arg(long)]
    pub abandon: bool,
    /// How long a program that is an algorithm may take for each answer.
    #[arg(long, value_name = "SPAN", default_value = "5s", value_parser = span::positive)]
    pub answer_timeout: Duration,
    /// A report in one HTML file.
    #[arg(long, value_name = "FILE.html")]
    pub report: Option<PathBuf>,
    /// The figures of each run as JSON; `-` is standard output. If the sweep is interrupted, the same command
    /// goes on where it ended.
    #[arg(long, value_name = "FILE|-")]
    pub json: Option<PathBuf>,
    /// The figures of each run as CSV; `-` is standard output.
    #[arg(long, value_name = "FILE|-")]
    pub csv: Option<PathBuf>,
    /// The table of means as Markdown; `-` is standard output.
    #[arg(long, value_name = "FILE|-")]
    pub markdown: Option<PathBuf>,
    /// Writes each run into this folder, as input of ITU-T P.1203 in mode 0 for itu-p1203.
    #[arg(long, value_name = "DIR")]
    pub p1203: Option<PathBuf>,
    /// A line of JSON for each segment of each run; `-` is standard output.
    #[arg(long, value_name = "FILE|-")]
    pub log: Option<PathBuf>,
    /// Only part I (from 1) of N of the runs, for several machines; see `vsps bench merge`. `auto/N` takes I from
    /// JOB_COMPLETION_INDEX (a Kubernetes job, from 0), and `auto` I and N from SLURM_ARRAY_TASK_ID and its companions.
    #[arg(long, value_name = "I/N", default_value = "1/1", hide_default_value = true)]
    pub shard: ShardArg,
    /// How many threads to run on, in place of one for each core.
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
    /// Real players.
    #[command(flatten)]
    pub real: BrowserArgs,
}

/// The subcommands of `vsps bench`.
#[derive(Debug, Subcommand)]
pub enum BenchCommand {
    /// Reads finished downloads as JSON lines, and answers each with what the algorithm chooses next.
    ///
    /// The first line has the ladder: `ladder` (a list with `bandwidth` in bit/s), `segment_s`, `live`
    /// and `config` (settings by the player's names). Each further line is a download: `rendition`,
    /// `bytes`, `ttfb_ms`, `total_ms`, `buffer_s`, `now_ms`. The answer has `rendition` and
    /// `estimate_bps`.
    ///
    /// The first line may also have `sizes` (rows of bytes, one row a segment, for algorithms that look
    /// ahead; repeated without end), `seed`, and `width` and `height` of renditions. A download may
    /// also have `abandoned` (`bytes` is then what was received), `seek_to_s` (the viewer jumped there
    /// before the request), `position_s` (the media time shown), `latency_s` (behind the live edge) and
    /// `playback_rate`. With `size` it is still going on: `bytes` is what was received of it, `total_ms` the
    /// time since the request, `buffer_s` what is left, and the answer has `abandon`: the rendition to go
    /// to if the download is to be given up, or null.
    #[command(after_help = "Example: vsps bench decide --abr hls.js < downloads.jsonl")]
    Decide {
        /// The algorithm; an unknown name lists all of them. `FILE.rhai` and `cmd:PROGRAM` are algorithms of your own.
        #[arg(long, value_name = "NAME")]
        abr: String,
    },
    /// Runs one session as the Sabre simulator does: its options, files and figures.
    #[command(
        disable_help_flag = true,
        after_help = "Example: vsps bench sabre -n network.json -m movie.json -a bolae -b 25"
    )]
    Sabre {
        /// Sabre's options; `-h` lists them.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
        arguments: Vec<String>,
    },
    /// Plays over traces as Pensieve's test scripts do, and prints a row for each chunk.
    ///
    /// A row has seconds, kbit/s, buffer s, rebuffer s, bytes, delay ms, change Mbit/s and reward,
    /// separated by tabs. An empty line separates traces. Time and RobustMPC's errors go on from trace
    /// to trace, as in the published logs.
    #[command(
        after_help = "Example: vsps bench pensieve --trace a --trace b --sizes sizes --abr bba"
    )]
    Pensieve(PensieveArgs),
    /// Compares two results of the same profiles, algorithms and seeds, run by run.
    ///
    /// Exits with 1 if a condition of --fail-if holds in a cell, or runs no longer end.
    #[command(
        after_help = "Example: vsps bench compare old.json new.json --fail-if 'p95(rebuffer_ratio) > +0.5pp'"
    )]
    Compare(CompareArgs),
    /// Finds out how an unknown player behaves: lets it play over a series of networks and faults, and finds
    /// out from its requests alone when it switches, how much it buffers, and what it does about errors.
    #[command(after_help = "Examples:
  vsps bench characterise
  vsps bench characterise --browser hls.js --json hls.json
  vsps bench characterise --command 'vsps play {url} --duration {seconds}s' --only fast,ramp-up,step")]
    Characterise(Box<CharacteriseArgs>),
    /// Joins the parts of a sweep that were made with --shard, in any order.
    ///
    /// The result is byte for byte that of one run without --shard. A part that is missing, given twice, incomplete, or of
    /// another sweep is an error that names it, with the exit code 2.
    #[command(after_help = "Example: vsps bench merge part*.json -o all.json --report all.html")]
    Merge(MergeArgs),
}

/// Options of `vsps bench compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// The result to compare with, as JSON.
    #[arg(value_name = "OLD")]
    pub old: PathBuf,
    /// The result to look at, as JSON.
    #[arg(value_name = "NEW")]
    pub new: PathBuf,
    /// Fails if this holds in a cell: a statistic (mean, median, min, max, p95) of a figure changed by more
    /// than this much, as in 'p95(rebuffer_ratio) > +0.5pp' or 'mean(bitrate_kbps) < -5%'.
    #[arg(long, value_name = "EXPR")]
    pub fail_if: Vec<Condition>,
}

/// Options of `vsps bench merge`.
#[derive(Debug, Args)]
pub struct MergeArgs {
    /// Results of all parts, as JSON.
    #[arg(value_name = "SHARD", required = true)]
    pub parts: Vec<PathBuf>,
    /// The file for the whole; `-` is standard output.
    #[arg(short, long, value_name = "FILE", required_unless_present_any = ["report", "csv", "markdown"])]
    pub output: Option<PathBuf>,
    /// A report on the whole in one HTML file. One session of each cell is played again for its drawings, so the
    /// profiles must be here.
    #[arg(long, value_name = "FILE.html")]
    pub report: Option<PathBuf>,
    /// The figures of each run as CSV; `-` is standard output.
    #[arg(long, value_name = "FILE|-")]
    pub csv: Option<PathBuf>,
    /// The table of means as Markdown; `-` is standard output.
    #[arg(long, value_name = "FILE|-")]
    pub markdown: Option<PathBuf>,
}

/// Options of `vsps bench pensieve`.
#[derive(Debug, Args)]
pub struct PensieveArgs {
    /// A trace of two columns, seconds and Mbit/s; may be given several times, in order.
    #[arg(long, value_name = "FILE", required = true)]
    pub trace: Vec<PathBuf>,
    /// The folder with `video_size_0` to `video_size_5`: bytes of each chunk, a line each.
    #[arg(long, value_name = "DIR")]
    pub sizes: PathBuf,
    /// The algorithm.
    #[arg(long, value_name = "NAME")]
    pub abr: PensieveAbrName,
}

/// The algorithms of `vsps bench pensieve`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PensieveAbrName {
    /// Buffer-based: reservoir 5 s, cushion 10 s.
    Bba,
    /// Model predictive control over five chunks, made robust by its last errors.
    RobustMpc,
}

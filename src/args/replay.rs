//! What was typed after `vsps replay`.

use crate::units::{ByteSize, span};
use clap::Args;
use std::{path::PathBuf, time::Duration};

/// Options of `vsps replay`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  vsps replay field.har -o field/               profile.toml, rules.toml, summary.json
  vsps replay field.har > field.toml            all in one profile
  vsps replay run.jsonl --session k3f9 -o again/
  vsps replay cmcd.log --json

Then: vsps run --profile field/profile.toml --rules field/rules.toml")]
pub struct ReplayArgs {
    /// The recording: a HAR (Chrome, Firefox, Safari, Charles, vsps), the event log of `vsps run --events`, a run file
    /// of the console, or CMCD reports, one a line (JSON, URLs, queries). May be compressed with gzip.
    pub file: PathBuf,
    /// Writes profile.toml, rules.toml and summary.json into this folder. Without it, the profile with the rules in
    /// it is printed, and the figures go to standard error.
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// The session to use, of a log with several [default: the one with the most bytes].
    #[arg(long, value_name = "ID")]
    pub session: Option<String>,
    /// The steps in which the rate is estimated [default: 500 ms].
    #[arg(long, value_name = "SPAN", value_parser = span::parse)]
    pub interval: Option<Duration>,
    /// Larger files are refused [default: 512 MiB].
    #[arg(long, value_name = "SIZE")]
    pub max_file: Option<ByteSize>,
    /// Prints the figures, the profile and the rules as JSON.
    #[arg(long)]
    pub json: bool,
}

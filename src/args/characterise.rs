//! What was typed after `vsps bench characterise`.

use super::{BrowserPlayer, ListenAddress};
use clap::Args;
use std::{num::NonZeroUsize, path::PathBuf};

/// Options of `vsps bench characterise`.
#[derive(Debug, Args)]
pub struct CharacteriseArgs {
    /// Where players connect, written as for `vsps run`; port 0 = any free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub listen: ListenAddress,
    /// Where the player asks for its scenarios: each playback of this address gets the next one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8090")]
    pub start_at: ListenAddress,
    /// The origin and the path of the manifest, in place of the built-in stream; needs --bitrates.
    #[arg(long, value_name = "URL", requires = "bitrates")]
    pub origin: Option<String>,
    /// kbit/s of the origin's rungs with their audio, lowest first.
    #[arg(long, value_name = "A,B,C", value_delimiter = ',')]
    pub bitrates: Vec<f64>,
    /// The built-in stream as DASH, in place of HLS.
    #[arg(long, conflicts_with = "origin")]
    pub dash: bool,
    /// Only these scenarios [default: all].
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Runs this command for each scenario, with `{url}` and `{seconds}` replaced; it is ended after that time.
    #[arg(long, value_name = "COMMAND", conflicts_with = "browser")]
    pub command: Option<String>,
    /// Plays with this player in Chromium: hls.js, dash.js, shaka or native; see `vsps bench --browser`.
    #[arg(long, value_name = "PLAYER", hide_possible_values = true)]
    pub browser: Option<BrowserPlayer>,
    /// The folder with the npm packages for --browser.
    #[arg(long, value_name = "DIR", default_value = "node_modules")]
    pub node_modules: PathBuf,
    /// Chromium's program, for --browser.
    #[arg(long, value_name = "FILE", env = "CHROMIUM", hide_env_values = true)]
    pub chromium: Option<PathBuf>,
    /// How many scenarios run at the same time, with --command or --browser [default: one for each core].
    #[arg(long, value_name = "N")]
    pub at_once: Option<NonZeroUsize>,
    /// The findings as JSON; `-` is standard output.
    #[arg(long, value_name = "FILE|-")]
    pub json: Option<PathBuf>,
}

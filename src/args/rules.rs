//! The command line of `vsps rules`.

use clap::Subcommand;
use std::path::PathBuf;

/// What to do with rules.
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// Lists the ready rule files, one for each fault of the catalogue.
    #[command(after_help = "Example: vsps rules list")]
    List,
    /// Shows a ready rule file: the start for one of your own.
    #[command(after_help = "Example: vsps rules show stuck-playlist > mine.toml")]
    Show {
        /// Its name or number.
        name: String,
    },
    /// Checks rule files and scripts (*.rhai), warns of what can't be meant, and tells what recorded
    /// requests would get of the rules.
    #[command(after_help = "Example: vsps rules check late-audio.toml --requests events.jsonl\n\n\
                      The rules of several files are asked in their order, as one list.")]
    Check {
        /// The files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Requests recorded by `vsps run --events`.
        #[arg(long, value_name = "FILE")]
        requests: Option<PathBuf>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

//! The command line of `vsps rules`.

use clap::Subcommand;
use std::path::PathBuf;

/// What to do with rules.
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// Lists the ready rule files, one for each fault of the catalogue.
    #[command(after_help = "Example: vsps rules list")]
    List,
    /// Shows a ready rule file, to start one of your own from.
    #[command(after_help = "Example: vsps rules show stuck-playlist > mine.toml")]
    Show {
        /// Its name or number.
        name: String,
    },
    /// Checks rule files and scripts (*.rhai), warns of rules that can never apply, and prints what the
    /// rules would do to recorded requests.
    #[command(after_help = "Example: vsps rules check late-audio.toml --requests events.jsonl\n\n\
                      The rules of several files are evaluated in their order, as one list.")]
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

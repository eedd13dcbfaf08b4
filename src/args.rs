//! The command line, as it was typed.
//!
//! The options of `run` can also be given in a file (`--config`, same names) and in the environment
//! (`VSPS_…`). The command line has precedence over the environment, the environment over the file, and the
//! file over the default. So every option is an `Option` here; the default is set where the value is used.

mod bench;
mod bounds;
mod browser;
mod ca;
mod catch_up;
mod characterise;
mod environment;
mod fill;
mod health;
mod listen;
mod log_format;
mod play;
mod profiles;
mod public_url;
mod replay;
mod rules;
mod run;
mod shard;
mod tcp;
mod tls;

pub use bench::{
    BenchArgs, BenchCommand, CompareArgs, MergeArgs, PensieveAbrName, PensieveArgs, SweepArgs,
};
pub use bounds::BoundArgs;
pub use browser::{BrowserArgs, BrowserPlayer};
pub use ca::CaCommand;
pub use characterise::CharacteriseArgs;
pub use environment::with_variable;
pub use health::HealthArgs;
pub use listen::ListenAddress;
pub use log_format::LogFormat;
pub use play::{PlayArgs, PlayCommand, PlayMergeArgs, PlayResultArgs};
pub use profiles::{ImportArgs, ProfilesCommand};
pub use public_url::PublicUrl;
pub use replay::ReplayArgs;
pub use rules::RulesCommand;
pub use run::RunArgs;
pub use shard::ShardArg;
pub use tcp::TcpArgs;
pub use tls::TlsChoice;

use clap::{Parser, Subcommand};
use std::path::PathBuf;

/// Simulates a bad network between a video origin and a player, and injects faults.
///
/// With the same seed, the same requests meet the same network and the same faults again.
#[derive(Debug, Parser)]
#[command(name = "vsps", version, arg_required_else_help = true, max_term_width = 100)]
#[command(after_help = "Example: vsps run --profile flaky-wifi")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs the proxy.
    Run(Box<RunArgs>),
    /// Lists, shows and checks network profiles.
    #[command(subcommand)]
    Profiles(ProfilesCommand),
    /// Lists, shows and checks rules.
    #[command(subcommand)]
    Rules(RulesCommand),
    /// Benchmarks ABR algorithms.
    Bench(Box<BenchArgs>),
    /// Plays HLS or DASH without a screen, and checks what a viewer would have seen.
    Play(Box<PlayArgs>),
    /// Shows the certificate of the local CA, or makes this machine trust it.
    #[command(subcommand)]
    Ca(CaCommand),
    /// Relays raw TCP over bad networks, with the HTTP API of toxiproxy.
    Tcp(TcpArgs),
    /// Asks a running proxy whether it works: exit code 0 or 1.
    Health(HealthArgs),
    /// Writes a man page for each subcommand.
    #[command(hide = true, after_help = "Example: vsps man target/man")]
    Man {
        /// Into this folder.
        folder: PathBuf,
    },
    /// Makes a profile and rules from a recording: a HAR, an event log, a run file, or CMCD reports.
    Replay(Box<ReplayArgs>),
    /// Prints a completion script.
    #[command(after_help = "Example: vsps completions bash > /etc/bash_completion.d/vsps")]
    Completions {
        /// For this shell.
        shell: clap_complete::Shell,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}

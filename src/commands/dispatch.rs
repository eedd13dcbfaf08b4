//! From what was typed to the command that does it.

use super::{Failure, bench, completions, play, profiles, rules, run};
use crate::args::{Cli, Command};

/// Does what was asked for.
///
/// # Errors
/// When it can't be done; the failure knows its exit code.
pub fn dispatch(cli: Cli) -> Result<(), Failure> {
    match cli.command {
        Command::Run(args) => run::run(*args),
        Command::Profiles(command) => profiles::profiles(command),
        Command::Rules(command) => rules::rules(&command),
        Command::Bench(args) => bench::bench(args),
        Command::Play(args) => play::run(*args),
        Command::Completions { shell } => completions::completions(shell),
    }
}

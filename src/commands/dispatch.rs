//! Runs the command that the command line names.

use super::{
    Failure, bench, ca, completions, health, man, play, profiles, replay, rules, run, tcp,
};
use crate::args::{Cli, Command};

/// Runs the command.
///
/// # Errors
/// If the command fails. The failure carries the exit code.
pub fn dispatch(cli: Cli) -> Result<(), Failure> {
    match cli.command {
        Command::Run(args) => run::run(*args),
        Command::Profiles(command) => profiles::profiles(command),
        Command::Rules(command) => rules::rules(&command),
        Command::Bench(args) => bench::bench(*args),
        Command::Play(args) => play::run(&args),
        Command::Ca(command) => ca::ca(&command),
        Command::Tcp(args) => tcp::run(&args),
        Command::Health(args) => health::health(&args),
        Command::Man { folder } => man::man(&folder),
        Command::Replay(args) => replay::replay(&args),
        Command::Completions { shell } => completions::completions(shell),
    }
}

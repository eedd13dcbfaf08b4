//! `vsps completions`: a script for a shell.

use super::{Failure, output::print};
use crate::args::Cli;
use clap::CommandFactory as _;
use clap_complete::Shell;

pub(super) fn completions(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "vsps", &mut script);
    print(&String::from_utf8_lossy(&script))
}

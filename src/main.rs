//! The `vsps` program: parse, dispatch, print the error once, exit.
//!
//! Exit codes: 0 done, 1 failed while running, 2 bad use or bad file.

use clap::Parser as _;
use std::{env, process::ExitCode};
use vsps::{
    args::{Cli, with_variable},
    commands,
};

/// Every exchange allocates a few dozen times. This allocator needs half the time of the system's, and returns memory
/// without a pass over all of it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // clap itself exits with 2 on bad use, and with 0 after --help and --version.
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            with_variable(error, env::args_os(), |name| env::var_os(name).is_some()).exit()
        }
    };
    match commands::dispatch(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.message().is_empty() {
                commands::tell(&format!("vsps: {}\n", failure.message()));
            }
            ExitCode::from(failure.code())
        }
    }
}

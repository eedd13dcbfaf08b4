//! `vsps man`: a man page for each subcommand.

use super::Failure;
use crate::args::Cli;
use clap::CommandFactory as _;
use std::{fs, path::Path};

pub(super) fn man(folder: &Path) -> Result<(), Failure> {
    let failed = |error| Failure::running(format_args!("{}: {error}", folder.display()));
    fs::create_dir_all(folder).map_err(failed)?;
    clap_mangen::generate_to(Cli::command(), folder).map_err(failed)
}

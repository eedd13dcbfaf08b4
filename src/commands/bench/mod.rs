//! `vsps bench`: benchmarks of ABR algorithms.

mod decide;
mod pensieve;
mod sabre;

use super::Failure;
use crate::args::{BenchArgs, BenchCommand};

/// Does what was asked for.
pub(super) fn bench(args: BenchArgs) -> Result<(), Failure> {
    match args.command {
        BenchCommand::Decide { abr } => decide::decide(&abr),
        BenchCommand::Sabre { arguments } => sabre::sabre(&arguments),
        BenchCommand::Pensieve(args) => pensieve::pensieve(args),
    }
}

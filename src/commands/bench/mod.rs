//! `vsps bench`: benchmarks of ABR algorithms.

mod pensieve;
mod sabre;

use super::Failure;
use crate::args::{BenchArgs, BenchCommand};

/// Does what was asked for.
pub(super) fn bench(args: BenchArgs) -> Result<(), Failure> {
    match args.command {
        BenchCommand::Sabre { arguments } => sabre::sabre(&arguments),
        BenchCommand::Pensieve(args) => pensieve::pensieve(args),
    }
}

//! `vsps bench`: benchmarks of ABR algorithms.

mod compare;
mod decide;
mod pensieve;
mod progress;
mod sabre;
mod sweep;

use super::Failure;
use crate::args::{BenchArgs, BenchCommand};

/// Does what was asked for.
pub(super) fn bench(args: BenchArgs) -> Result<(), Failure> {
    match args.command {
        None => sweep::sweep(&args.sweep),
        Some(BenchCommand::Decide { abr }) => decide::decide(&abr),
        Some(BenchCommand::Sabre { arguments }) => sabre::sabre(&arguments),
        Some(BenchCommand::Pensieve(args)) => pensieve::pensieve(args),
        Some(BenchCommand::Compare(args)) => compare::compare(&args),
        Some(BenchCommand::Merge(args)) => compare::merge(&args),
    }
}

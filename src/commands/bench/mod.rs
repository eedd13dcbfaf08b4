//! `vsps bench`: benchmarks of ABR algorithms.

mod browser;
mod characterise;
mod compare;
mod decide;
mod demo_ladder;
mod exchanges;
mod interrupt;
mod ladder;
mod merge;
mod outputs;
mod own_proxy;
mod p1203_folder;
mod pensieve;
mod progress;
mod sabre;
mod sweep;
mod watch;

pub use demo_ladder::demo_ladder;

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
        Some(BenchCommand::Characterise(args)) => characterise::run(&args),
        Some(BenchCommand::Merge(args)) => merge::merge(&args),
    }
}

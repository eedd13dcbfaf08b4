//! `vsps bench compare`.

use crate::{
    args::CompareArgs,
    commands::{Failure, output},
    sweep::{compare::compare as compare_results, matrix::Results},
};

/// Prints what changed; fails if a condition holds.
pub(super) fn compare(args: &CompareArgs) -> Result<(), Failure> {
    let read = |path| Results::read(path).map_err(Failure::usage);
    let (old, new) = (read(&args.old)?, read(&args.new)?);
    let comparison = compare_results(&old, &new, &args.fail_if).map_err(Failure::usage)?;
    output::print(&comparison.text)?;
    match comparison.failures {
        0 => Ok(()),
        1 => Err(Failure::running("1 check failed")),
        count => Err(Failure::running(format_args!("{count} checks failed"))),
    }
}

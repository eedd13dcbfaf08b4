//! `vsps bench compare` and `vsps bench merge`.

use crate::{
    args::{CompareArgs, MergeArgs},
    commands::{Failure, output},
    sweep::{
        compare::{compare as compare_results, merge as merge_results},
        matrix::Results,
    },
};
use std::fs;

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

/// Puts the parts of a sweep together.
pub(super) fn merge(args: &MergeArgs) -> Result<(), Failure> {
    let parts = args.parts.iter().map(|path| Results::read(path));
    let parts = parts.collect::<Result<Vec<_>, _>>().map_err(Failure::usage)?;
    let whole = merge_results(parts).map_err(Failure::usage)?;
    let text = whole.to_json().map_err(Failure::running)?;
    if args.output.as_os_str() == "-" {
        return output::print(&text);
    }
    fs::write(&args.output, text)
        .map_err(|error| Failure::running(format_args!("{}: {error}", args.output.display())))
}

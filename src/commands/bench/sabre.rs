//! `vsps bench sabre`.

use crate::{
    commands::{Failure, output},
    sweep::sabre::{SabreError, SabreOptions, run},
};

/// Prints the figures of one run.
pub(super) fn sabre(arguments: &[String]) -> Result<(), Failure> {
    if arguments.iter().any(|argument| argument == "-h" || argument == "--help") {
        return output::print(&SabreOptions::help());
    }
    let result = SabreOptions::parse(arguments).and_then(|options| run(&options));
    output::print(&result.map_err(failure)?)
}

fn failure(error: SabreError) -> Failure {
    if error.is_bad_use() { Failure::usage(error) } else { Failure::running(error) }
}

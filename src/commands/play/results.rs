//! The results of players: the files that they are written to, and what is printed.

use super::{
    super::{
        Failure,
        output::{print, print_json},
    },
    report::Report,
    summary::summary,
};
use std::{fs::File, path::Path};

/// The file of an option, before anything is played: what cannot be written should be told at once.
pub(super) fn create(option: &str, path: Option<&Path>) -> Result<Option<File>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let wrong = |error| Failure::usage(format_args!("{option} {}: {error}", path.display()));
    File::create(path).map(Some).map_err(wrong)
}

/// Prints `report`; fails if a player or an assertion failed.
pub(super) fn show(report: &Report, json: bool) -> Result<(), Failure> {
    if json {
        print_json(report)?;
    } else {
        print(&summary(report))?;
    }
    let problems = report.problems();
    if problems.is_empty() { Ok(()) } else { Err(Failure::running(problems.join("\n      "))) }
}

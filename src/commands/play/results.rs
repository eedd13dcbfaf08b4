//! The results of players: the files that they are written to, and what is printed.

use super::{
    super::{
        Failure, files,
        output::{print, print_json},
    },
    junit::junit,
    report::{PartOf, PlayerReport, Report},
    summary::summary,
};
use crate::args::PlayResultArgs;
use anyhow::Context as _;
use std::{fs::File, io::Write as _};

/// Where results go. The file is created before anything is played.
pub(super) struct Results<'a> {
    args: &'a PlayResultArgs,
    junit: Option<File>,
}

impl<'a> Results<'a> {
    /// The places that `args` names.
    pub(super) fn new(args: &'a PlayResultArgs) -> Result<Self, Failure> {
        let path = args.junit.as_deref();
        Ok(Self { args, junit: path.map(|path| files::create("--junit", path)).transpose()? })
    }

    /// Checks what is asserted about `players`, and writes and prints the result. Fails if a player or an assertion
    /// failed.
    pub(super) fn write(
        self,
        url: &str,
        abr: &str,
        part: Option<PartOf>,
        players: Vec<PlayerReport>,
    ) -> Result<(), Failure> {
        let report = Report { part, ..Report::new(url, abr, players, &self.args.assertions) };
        if let Some(mut file) = self.junit {
            file.write_all(junit(&report).as_bytes()).context("--junit")?;
        }
        show(&report, self.args.json)
    }
}

/// Prints `report`; fails if a player or an assertion failed.
fn show(report: &Report, json: bool) -> Result<(), Failure> {
    if json {
        print_json(report)?;
    } else {
        print(&summary(report))?;
    }
    let problems = report.problems();
    if problems.is_empty() { Ok(()) } else { Err(Failure::running(problems.join("\n      "))) }
}

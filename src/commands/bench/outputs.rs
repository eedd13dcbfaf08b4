//! Where the results of a sweep go.

use crate::{
    args::SweepArgs,
    commands::{Failure, files, output},
    sweep::{
        matrix::{Plan, Results, csv, markdown},
        report::{RealSession, report_with},
    },
};
use std::{fs, path::Path};

/// Whether a file is standard output.
pub(super) fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// The files that were asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outputs<'a>(&'a SweepArgs);

impl<'a> Outputs<'a> {
    /// Refuses what cannot be written.
    pub(super) fn new(args: &'a SweepArgs) -> Result<Self, Failure> {
        let SweepArgs { report, json, csv, markdown, log, .. } = args;
        let named = [("--json", json), ("--csv", csv), ("--markdown", markdown), ("--log", log)];
        for (option, file) in named.into_iter().chain([("--report", report)]) {
            if let Some(path) = file.as_deref().filter(|path| !is_stdout(path)) {
                files::check_folder(option, path)?;
            }
        }
        let texts = [json, csv, markdown, log];
        let to_stdout = texts.iter().filter(|file| file.as_deref().is_some_and(is_stdout));
        if to_stdout.count() > 1 {
            return Err(Failure::usage(
                "only one of --json, --csv, --markdown and --log can go to standard output",
            ));
        }
        if report.as_deref().is_some_and(is_stdout) {
            return Err(Failure::usage("--report: write the name of a file, as in report.html"));
        }
        Ok(Self(args))
    }

    /// Whether standard output is taken.
    pub(super) fn take_stdout(&self) -> bool {
        let SweepArgs { json, csv, markdown, log, .. } = self.0;
        [json, csv, markdown, log].iter().any(|file| file.as_deref().is_some_and(is_stdout))
    }

    /// Writes all but the log. The report draws `real` sessions too.
    pub(super) fn write(
        &self,
        plan: &Plan,
        results: &Results,
        real: &[RealSession],
    ) -> Result<(), Failure> {
        let SweepArgs { report: report_file, json, csv: csv_file, markdown: markdown_file, .. } =
            self.0;
        if let Some(path) = json {
            write(path, &results.to_json().map_err(Failure::running)?)?;
        }
        if let Some(path) = csv_file {
            write(path, &csv(results))?;
        }
        if let Some(path) = markdown_file {
            write(path, &markdown(results))?;
        }
        if let Some(path) = report_file {
            write(path, &report_with(plan, results, real))?;
        }
        Ok(())
    }
}

/// Writes a file; `-` is standard output.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    if is_stdout(path) {
        return output::print(text);
    }
    fs::write(path, text)
        .map_err(|error| Failure::running(format_args!("{}: {error}", path.display())))
}

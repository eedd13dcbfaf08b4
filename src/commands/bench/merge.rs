//! `vsps bench merge`.

use super::{
    outputs::{is_stdout, write},
    sweep::plan,
};
use crate::{
    args::{BenchArgs, Cli, Command, MergeArgs},
    commands::Failure,
    sweep::{
        compare::merge_named,
        matrix::{MatrixError, Plan, Results, csv, markdown},
        report::report,
    },
};
use clap::Parser as _;
use std::path::PathBuf;

/// Puts the parts of a sweep together, and writes what was asked for.
pub(super) fn merge(args: &MergeArgs) -> Result<(), Failure> {
    let MergeArgs { output, csv: csv_file, markdown: markdown_file, report: report_file, .. } =
        args;
    let texts = [output, csv_file, markdown_file];
    if texts.iter().filter(|file| file.as_deref().is_some_and(is_stdout)).count() > 1 {
        return Err(Failure::usage(
            "only one of -o, --csv and --markdown can go to standard output",
        ));
    }
    if report_file.as_deref().is_some_and(is_stdout) {
        return Err(Failure::usage("--report: write the name of a file, as in report.html"));
    }
    let read = |path: &PathBuf| Ok((path.display().to_string(), Results::read(path)?));
    let parts: Result<Vec<_>, MatrixError> = args.parts.iter().map(read).collect();
    let parts = parts.map_err(Failure::usage)?;
    let whole = merge_named(parts).map_err(Failure::usage)?;
    // Before anything is written: a report that cannot be drawn is an error at once.
    let plan = report_file.as_ref().map(|_| plan_of(&whole)).transpose()?;
    if let Some(path) = output {
        write(path, &whole.to_json().map_err(Failure::running)?)?;
    }
    if let Some(path) = csv_file {
        write(path, &csv(&whole))?;
    }
    if let Some(path) = markdown_file {
        write(path, &markdown(&whole))?;
    }
    if let (Some(path), Some(plan)) = (report_file, plan) {
        write(path, &report(&plan, &whole))?;
    }
    Ok(())
}

/// The plan of the sweep that `results` are of, for the sessions that a report draws.
fn plan_of(results: &Results) -> Result<Plan, Failure> {
    let wrong = |problem: &str| {
        let command = &results.command;
        Failure::usage(format_args!("--report: {problem}; the command of the sweep is `{command}`"))
    };
    let words = words(&results.command);
    let parsed = Cli::try_parse_from(words).map_err(|_| wrong("the command cannot be read"))?;
    let Command::Bench(bench) = parsed.command else {
        return Err(wrong("the command is not of vsps bench"));
    };
    let BenchArgs { sweep, .. } = *bench;
    let plan = plan(&sweep)?;
    if results.fingerprint.as_ref().is_some_and(|seen| *seen != plan.fingerprint()) {
        return Err(wrong("the profiles, the ladder or the scripts here have another content"));
    }
    Ok(plan)
}

/// The words of a command that `Plan::command` wrote: quotes are single, and a quote in them is `'\''`.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), None::<String>, false);
    let mut characters = command.chars();
    while let Some(character) = characters.next() {
        match character {
            '\'' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            '\\' if !quoted => word.get_or_insert_default().extend(characters.next()),
            ' ' if !quoted => words.extend(word.take()),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_read_as_a_shell_reads_it() {
        assert_eq!(words("vsps bench --abr 'a b,c'"), ["vsps", "bench", "--abr", "a b,c"]);
        assert_eq!(words(r"x 'it'\''s' ''"), ["x", "it's", ""]);
    }
}

//! `vsps rules`: lists the built-in rule files, shows one, and checks files.

use super::{
    Failure, files,
    output::{print, print_json},
    recorded::{Replayed, replay},
};
use crate::{
    args::RulesCommand,
    document::FileError,
    profiles::{ELSEWHERE, fault_named, faults},
    rules::{Policy, RuleFile, RuleSet, Script},
    units::ProcessTime,
};
use serde_json::{Value, json};
use std::{
    fmt::Write as _,
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::Arc,
};

pub(super) fn rules(command: &RulesCommand) -> Result<(), Failure> {
    match command {
        RulesCommand::List => list(),
        RulesCommand::Show { name } => print(fault_named(name).map_err(Failure::usage)?.text),
        RulesCommand::Check { files, requests, json } => check(files, requests.as_deref(), *json),
    }
}

fn list() -> Result<(), Failure> {
    let faults = faults().map_err(Failure::usage)?;
    let width = faults.iter().map(|fault| fault.name.len()).max().unwrap_or_default();
    let mut text = String::new();
    for fault in &faults {
        // Writing to a String can't fail.
        let _ = writeln!(
            text,
            "{:3}  {:width$}  {}",
            fault.id.unwrap_or(""),
            fault.name,
            fault.summary
        );
    }
    for (id, what, why) in ELSEWHERE {
        let _ = writeln!(text, "{id}  {:width$}  {what}: {why}", "-");
    }
    print(&text)
}

fn check(files: &[PathBuf], requests: Option<&Path>, json: bool) -> Result<(), Failure> {
    let (mut report, mut checked, mut problems) = (String::new(), Vec::new(), Vec::new());
    let (mut sets, mut scripts) = (Vec::new(), Vec::new());
    for path in files {
        if path.extension().is_some_and(|extension| extension == "rhai") {
            match Script::check(path, Arc::new(|| ProcessTime::ZERO)) {
                Ok(script) => {
                    // Writing to a String can't fail.
                    let _ = writeln!(report, "{}: no errors found in the script", path.display());
                    checked.push(json!({ "file": path.display().to_string() }));
                    scripts.push(script);
                }
                Err(errors) => problems.extend(errors.iter().map(ToString::to_string)),
            }
            continue;
        }
        match load(path) {
            Ok(file) => {
                describe(&mut report, path, &file);
                checked.push(json!({
                    "file": path.display().to_string(),
                    "rules": file.rules,
                    "warnings": file.warnings(),
                }));
                sets.push(file.rules);
            }
            Err(problem) => problems.push(problem),
        }
    }
    if requests.is_some() && scripts.len() > 1 {
        problems.push(
            "--requests can be used with only one script, because a run has only one".to_owned(),
        );
    }
    let mut described = None;
    if let Some(path) = requests.filter(|_| problems.is_empty()) {
        let instead = "write an event log of `vsps run --events`";
        let unreadable =
            |cause: std::io::Error| files::unusable("--requests", path, &cause, instead);
        let rules = RuleSet::concat(&sets);
        let policy = Policy { script: scripts.first(), rules: &rules };
        let replayed = replay(path, policy).map_err(unreadable)?;
        describe_requests(&mut report, path, &replayed);
        described = Some(replayed.iter().map(described_request).collect::<Vec<_>>());
    }
    if json {
        print_json(&json!({ "files": checked, "requests": described, "problems": problems }))?;
    } else {
        print(&report)?;
    }
    if problems.is_empty() { Ok(()) } else { Err(Failure::usage(problems.join("\n"))) }
}

/// Reads a rule file: a path, or the name of a built-in one.
fn load(path: &Path) -> Result<RuleFile, String> {
    let error = match RuleFile::load(path) {
        Ok(file) => return Ok(file),
        Err(error) => error,
    };
    let name = path.to_string_lossy();
    let missing = matches!(&error, FileError::Unreadable { cause, .. }
        if cause.kind() == ErrorKind::NotFound);
    if !missing || name.contains(['/', '.']) {
        return Err(error.to_string());
    }
    let built_in =
        fault_named(&name).map_err(|error| format!("there is no file `{name}`, and {error}"))?;
    RuleFile::from_toml(&name, built_in.text).map_err(|error| error.to_string())
}

fn describe(report: &mut String, path: &Path, file: &RuleFile) {
    // Writing to a String can't fail.
    let _ = writeln!(report, "{}, in order:", path.display());
    for rule in file.rules.iter() {
        let _ = writeln!(report, "  {rule}");
    }
    for warning in file.warnings() {
        let line = warning.line.map_or(String::new(), |line| format!(":{line}"));
        let (rule, problem) = (&warning.rule, &warning.problem);
        let _ = writeln!(report, "{}{line}: warning: rule `{rule}` {problem}", path.display());
    }
}

fn describe_requests(report: &mut String, path: &Path, replayed: &[Replayed]) {
    let hit = replayed.iter().filter(|request| request.plan.is_some()).count();
    let _ = writeln!(report, "{}: {} requests, {hit} of them hit", path.display(), replayed.len());
    for Replayed { session, method, path, attempt, plan, failure } in replayed {
        let again = if *attempt > 1 { format!(" (attempt {attempt})") } else { String::new() };
        let effects = plan.as_ref().map(|plan| plan.effects()).unwrap_or_default();
        let words = effects.iter().map(|(key, rule, what)| format!("{key} {what} (`{rule}`)"));
        let failed = failure.iter().map(|failure| format!("the script failed: {failure}"));
        let words: Vec<_> = words.chain(failed).collect();
        let words = if words.is_empty() { "untouched".to_owned() } else { words.join(", ") };
        let _ = writeln!(report, "  {session} {method} {path}{again}: {words}");
    }
}

fn described_request(request: &Replayed) -> Value {
    let effects = request.plan.as_ref().map(|plan| plan.effects()).unwrap_or_default();
    let effects = effects
        .into_iter()
        .map(|(key, rule, what)| json!({ "effect": key, "rule": **rule, "what": what }));
    json!({
        "session": request.session,
        "method": request.method,
        "path": request.path,
        "attempt": request.attempt,
        "effects": effects.collect::<Vec<_>>(),
        "script_failure": request.failure.as_ref().map(ToString::to_string),
    })
}

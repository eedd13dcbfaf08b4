//! `vsps replay`: makes a profile and rules of a recording.

use super::{
    Failure, files,
    output::{print, print_json, tell},
};
use crate::{
    args::ReplayArgs,
    replay::{ReadOptions, Reproduction, read},
};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;
use std::{
    fmt::Write as _,
    fs::{self, File},
    path::Path,
    time::Duration,
};

/// The steps of the rate without `--interval`.
const INTERVAL: Duration = Duration::from_millis(500);
/// A recording has no evidence for shorter steps.
const SHORTEST: Duration = Duration::from_millis(100);
/// The stream of the link that is printed.
const STREAM: &str = "http://127.0.0.1:8080/demo/hls/master.m3u8";

/// What a query can't have as it is.
const QUERY: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'#')
    .add(b'&')
    .add(b'+')
    .add(b'%')
    .add(b'"')
    .add(b'|')
    .add(b'<')
    .add(b'>');

/// How to reproduce a recording.
#[derive(Serialize)]
struct Commands {
    run: String,
    link: String,
}

pub(super) fn replay(args: &ReplayArgs) -> Result<(), Failure> {
    let interval = args.interval.unwrap_or(INTERVAL);
    if interval < SHORTEST {
        return Err(Failure::usage("--interval: write at least `100 ms`"));
    }
    let shown = args.file.display();
    let failed = |cause: &dyn std::fmt::Display| Failure::usage(format_args!("{shown}: {cause}"));
    let file = File::open(&args.file).map_err(|cause| {
        let instead = "write a HAR, an event log, a run file of the console, or CMCD reports";
        files::unusable("", &args.file, &cause, instead)
    })?;
    let options = ReadOptions {
        limit: args.max_file.unwrap_or(ReadOptions::LIMIT),
        session: args.session.clone(),
    };
    let recording = read(file, &options).map_err(|cause| failed(&cause))?;
    let name = args.file.file_name().unwrap_or_default().to_string_lossy();
    let made = Reproduction::of(&recording, &name, interval).map_err(|cause| failed(&cause))?;
    let commands = commands(&made, args.output.as_deref());
    if let Some(folder) = &args.output {
        save(folder, &made, &commands)?;
    }
    if args.json {
        return print_json(&serde_json::json!({
            "summary": made.summary,
            "profile": made.profile,
            "rules": made.rules,
            "short_rules": made.short_rules,
            "run": commands.run,
            "link": commands.link,
        }));
    }
    let mut figures = format!("{}", made.summary);
    // Writing to a String can't fail.
    let _ = write!(figures, "\n  {}\n  {}\n", commands.run, commands.link);
    match &args.output {
        Some(folder) => print(&format!("{figures}\nwritten to {}\n", folder.display())),
        None => {
            // The command names a file, which is standard output so far.
            let hint = "\n  To write them to files: vsps replay FILE -o DIR\n";
            tell(&format!("{figures}{hint}"));
            print(&format!("{}\n{}", made.profile, made.rules))
        }
    }
}

/// The command that runs the profile and the rules, and a link for a player.
fn commands(made: &Reproduction, folder: Option<&Path>) -> Commands {
    let file = |name: &str| match folder {
        Some(folder) => quoted(&folder.join(name).to_string_lossy()),
        None => name.to_owned(),
    };
    let mut run = format!("vsps run --profile {}", file("profile.toml"));
    // Without a folder, the rules are in the profile.
    if folder.is_some() && !made.rules.is_empty() {
        let _ = write!(run, " --rules {}", file("rules.toml"));
    }
    let mut link = format!("{STREAM}?vsps.profile=profile");
    if let Some(rules) = &made.short_rules {
        let rules = utf8_percent_encode(rules, QUERY);
        let _ = write!(link, "&vsps.rules={rules}");
    }
    Commands { run, link }
}

/// For a shell.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%".contains(c);
    if text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// Writes the files.
fn save(folder: &Path, made: &Reproduction, commands: &Commands) -> Result<(), Failure> {
    let failed = |path: &Path, cause: std::io::Error| {
        Failure::running(format_args!("{}: can't be written: {cause}", path.display()))
    };
    fs::create_dir_all(folder).map_err(|cause| failed(folder, cause))?;
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|cause| failed(&path, cause))
    };
    write("profile.toml", &made.profile)?;
    let rules = folder.join("rules.toml");
    if made.rules.is_empty() {
        // Those of an earlier replay into the same folder would not belong to this one.
        if rules.exists() {
            fs::remove_file(&rules).map_err(|cause| failed(&rules, cause))?;
        }
    } else {
        write("rules.toml", &made.rules)?;
    }
    let summary = serde_json::json!({
        "summary": made.summary, "run": commands.run, "link": commands.link,
    });
    let summary = serde_json::to_string_pretty(&summary).map_err(Failure::running)?;
    write("summary.json", &(summary + "\n"))
}

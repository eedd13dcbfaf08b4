//! `vsps profiles`: list, show and check network profiles.

use super::{
    Failure,
    import::import,
    output::{print, print_json},
};
use crate::{
    args::ProfilesCommand,
    profiles::{Catalog, Profile},
};
use std::{fmt::Write as _, path::PathBuf, sync::Arc};

pub(super) fn profiles(command: ProfilesCommand) -> Result<(), Failure> {
    let catalog = Catalog::new();
    match command {
        ProfilesCommand::List { json } => {
            let list = catalog.list().map_err(Failure::usage)?;
            if json { print_json(&list) } else { print(&table(&list)) }
        }
        ProfilesCommand::Show { profile, json } => {
            let profile = catalog.find(&profile).map_err(Failure::usage)?;
            if json { print_json(&profile) } else { print(&profile.describe()) }
        }
        ProfilesCommand::Import(args) => import(&args),
        ProfilesCommand::Check { files } => check(&files),
    }
}

/// Names and summaries in columns.
fn table(list: &[Arc<Profile>]) -> String {
    let width = list.iter().map(|profile| profile.name.len()).max().unwrap_or_default();
    list.iter().fold(String::new(), |mut text, profile| {
        // Writing to a String can't fail.
        let _ = writeln!(text, "{:width$}  {}", profile.name, profile.summary);
        text
    })
}

fn check(files: &[PathBuf]) -> Result<(), Failure> {
    let (mut report, mut problems) = (String::new(), Vec::new());
    for path in files {
        match Catalog::load(path) {
            Ok(profile) => {
                let _ = writeln!(report, "{}: {profile}", path.display());
            }
            Err(error) => problems.push(error.to_string()),
        }
    }
    print(&report)?;
    if problems.is_empty() { Ok(()) } else { Err(Failure::usage(problems.join("\n"))) }
}

//! `vsps profiles`: list, show and check network profiles.

use super::{
    Failure,
    import::import,
    output::{print, print_json},
};
use crate::{
    args::ProfilesCommand,
    origin::ladder_bits_per_second,
    plot::{Simulation, chart, sketch},
    profiles::{CATEGORIES, Catalog, Category, Profile, Statistics},
    seed::Seed,
    units::BitRate,
};
use std::{
    fmt::Write as _,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

pub(super) fn profiles(command: ProfilesCommand) -> Result<(), Failure> {
    let catalog = Catalog::new();
    match command {
        ProfilesCommand::List { json } => {
            let list = catalog.list().map_err(Failure::usage)?;
            if json { print_json(&list) } else { print(&table(&list)) }
        }
        ProfilesCommand::Show { profile, json } => {
            let profile = catalog.find(&profile).map_err(Failure::usage)?;
            if json {
                print_json(&profile)
            } else {
                print(&format!("{}\n{}", profile.describe(), amounts(&profile)))
            }
        }
        ProfilesCommand::Plot { profile, output, seeds, seed, span } => {
            let profile = catalog.find(&profile).map_err(Failure::usage)?;
            plot(&profile, output.as_deref(), seed..seed.saturating_add(seeds), span)
        }
        ProfilesCommand::Import(args) => import(&args),
        ProfilesCommand::Check { files } => check(&files),
    }
}

/// Names and summaries in columns, by category. The profiles to begin with come first.
fn table(list: &[Arc<Profile>]) -> String {
    let width = list.iter().map(|profile| profile.name.len()).max().unwrap_or_default();
    let mut text = String::new();
    for chapter in CATEGORIES.iter().rev() {
        let ours = |profile: &&Arc<Profile>| {
            Category::of(profile).is_some_and(|of| of.title == chapter.title)
        };
        let mut profiles = list.iter().filter(ours).peekable();
        if profiles.peek().is_none() {
            continue;
        }
        let gap = if text.is_empty() { "" } else { "\n" };
        // Writing to a String can't fail.
        let _ = writeln!(text, "{gap}{}", chapter.title);
        for profile in profiles {
            let _ = writeln!(text, "  {:width$}  {}", profile.name, profile.summary);
        }
    }
    text
}

/// Statistics of the link per second, and the rungs of the built-in ladder that it sustains.
fn amounts(profile: &Profile) -> String {
    let Some(statistics) = profile.statistics() else { return String::new() };
    let Statistics { mean, p5, p50, p95, outage } = statistics;
    let [average, mostly] = [mean, p5].map(sustained);
    format!(
        "  seconds  mean {mean}, p5 {p5}, p50 {p50}, p95 {p95}; {outage} under 100 kbit/s\n  \
         sustains {average} on average, {mostly} in 19 seconds of 20 (built-in ladder)\n"
    )
}

/// The highest rung of the built-in ladder that fits into `rate`, with its audio.
fn sustained(rate: BitRate) -> String {
    let fits = ladder_bits_per_second().take_while(|bits| *bits <= rate.bits_per_second()).count();
    if fits == 0 { "no rung".to_owned() } else { format!("rung {fits}") }
}

fn plot(
    profile: &Profile,
    output: Option<&Path>,
    seeds: Range<u64>,
    span: Duration,
) -> Result<(), Failure> {
    if span < Duration::from_secs(1) {
        return Err(Failure::usage("--for: write at least `1 s`"));
    }
    let courses: Vec<Simulation> =
        seeds.map(|seed| Simulation::run(profile, Seed::new(seed), span)).collect();
    match output {
        Some(path) => {
            chart(profile, &courses, span, path).map_err(Failure::usage)?;
            print(&format!("{}\n", path.display()))
        }
        None => {
            let sketches = courses.iter().map(|course| sketch(course, span));
            print(&format!("{profile}\n\n{}", sketches.collect::<Vec<_>>().join("\n")))
        }
    }
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

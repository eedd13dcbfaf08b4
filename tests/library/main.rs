//! The library of profiles, compared with the sources it cites: the tables in `sources` are transcribed
//! independently of the files, so that a mistake in one of the two is found.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

mod config;
mod faults;
mod metrics;
mod page;
mod reference;
mod sources;

use sources::{CONSTANTS, PATTERNS, RECORDINGS, Recording, WAITS};
use std::{collections::BTreeSet, time::Duration};
use vsps::{
    model::{Link, Path, RateSpec},
    profiles::{Catalog, Profile},
    seed::Seed,
    units::{BitRate, LinkTime},
};

fn profile(name: &str) -> std::sync::Arc<Profile> {
    Catalog::new().named(name).unwrap()
}

#[test]
fn the_library_is_large_and_says_where_it_comes_from() {
    let list = Catalog::new().list().unwrap();
    assert!(list.len() >= 40, "{} profiles", list.len());
    let summaries: BTreeSet<_> = list.iter().map(|profile| &profile.summary).collect();
    assert_eq!(summaries.len(), list.len(), "two profiles tell the same story");
    for Profile { name, summary, source, link, .. } in list.iter().map(|profile| &**profile) {
        assert!(!summary.is_empty() && !source.is_empty(), "{name} does not say what it is");
        assert!(summary.len() <= 92, "{name}: {} characters", summary.len());
        let dated = source
            .split(|c: char| !c.is_ascii_digit())
            .any(|word| word.len() == 4 && (word.starts_with("20") || word.starts_with("19")));
        let cited = dated || source.starts_with("Synthetic") || name == "unlimited";
        let dated_enough = cited || name == "spike"; // a commit stands in for the date
        assert!(dated_enough, "{name}: no date in `{source}`");
        let waits = !link.latency.is_none();
        assert!(!waits || source.contains("round trip") || source.contains("one way"), "{name}");
    }
}

#[test]
fn constants_are_those_of_their_source() {
    for (name, kbit, rtt, loss) in CONSTANTS {
        let link = &profile(name).link;
        let RateSpec::Constant(rate) = &link.rate else { panic!("{name}: no constant rate") };
        assert_eq!(rate.bits_per_second(), (kbit * 1000.0).round() as u64, "{name}");
        assert_eq!(link.latency.rtt, Duration::from_millis(*rtt), "{name}");
        assert!(link.latency.jitter.is_none() && link.stall.is_none(), "{name}");
        let lost = link.loss.as_ref().map_or(0.0, |loss| loss.model.mean());
        assert!((lost * 100.0 - loss).abs() < 1e-9, "{name}: {lost}");
    }
}

/// A preset missing in the table would not be checked.
#[test]
fn every_preset_is_in_a_table() {
    let told: BTreeSet<&str> = CONSTANTS
        .iter()
        .map(|(name, ..)| *name)
        .chain(PATTERNS.iter().map(|(name, _)| *name))
        .chain(RECORDINGS.iter().map(|recording| recording.name))
        .chain(WAITS.iter().map(|(name, ..)| *name))
        .collect();
    for profile in Catalog::new().list().unwrap() {
        let synthetic = profile.source.starts_with("Synthetic") && !chancy(&profile);
        assert!(
            told.contains(&*profile.name) || synthetic || profile.name == "unlimited",
            "{}: write its source into a table",
            profile.name
        );
    }
}

/// Whether the rate of a profile differs from seed to seed.
fn chancy(profile: &Profile) -> bool {
    matches!(profile.link.rate, RateSpec::Markov(_)) || profile.link.stall.is_some()
}

#[test]
fn patterns_have_the_steps_of_their_source() {
    for (name, source) in PATTERNS {
        let link = &profile(name).link;
        let RateSpec::Steps(steps) = &link.rate else { panic!("{name}: no steps") };
        let written: Vec<_> = steps
            .steps()
            .iter()
            .map(|step| (step.rate.bits_per_second() / 1000, step.lasts.as_secs_f64()))
            .collect();
        assert_eq!(written, *source, "{name}");
        assert!(steps.repeats(), "{name}");
    }
}

/// The rate in each tenth of a second of several seeded runs, in kbit/s.
fn tenths(profile: &Profile) -> Vec<f64> {
    let run = |seed| {
        let mut link = Link::new(&profile.link, Seed::new(seed).named("library"));
        let mut before = 0;
        let mut tenth = |n: u64| {
            let carried = link.carried(LinkTime::from_millis(100 * n));
            (carried - std::mem::replace(&mut before, carried)) as f64 * 8.0 / 100.0
        };
        (1..=36_000).map(&mut tenth).collect::<Vec<_>>()
    };
    (0..12).flat_map(run).collect()
}

/// Within `share` of the source's value, or within `least` kbit/s where that is very small.
fn near(measured: f64, source: f64, share: f64, least: f64) -> bool {
    (measured - source).abs() <= (source * share).max(least)
}

#[test]
fn chance_keeps_to_what_was_recorded() {
    let mut astray = Vec::new();
    for Recording { name, mean, p5, p50, p95, out } in RECORDINGS {
        let tenths = tenths(&profile(name));
        let mut seconds: Vec<f64> =
            tenths.chunks(10).map(|second| second.iter().sum::<f64>() / 10.0).collect();
        seconds.sort_by(f64::total_cmp);
        let at = |share: f64| seconds[(share * (seconds.len() - 1) as f64).round() as usize];
        let n = seconds.len() as f64;
        let mut check = |what: &str, measured: f64, source: f64, share: f64, least: f64| {
            if !near(measured, source, share, least) {
                astray.push(format!("{name}: {what} {measured}, source {source}"));
            }
        };
        check("mean", seconds.iter().sum::<f64>() / n, *mean, 0.05, 0.0);
        for (what, share, source, off) in
            [("p5", 0.05, p5, 0.4), ("p50", 0.5, p50, 0.15), ("p95", 0.95, p95, 0.12)]
        {
            if let Some(source) = source {
                check(what, at(share), *source, off, 20.0);
            }
        }
        if let Some(source) = out {
            let share =
                tenths.iter().filter(|rate| **rate < 100.0).count() as f64 / tenths.len() as f64;
            check("out", share, *source, 0.25, 0.0);
        }
    }
    assert!(astray.is_empty(), "{astray:#?}");
}

#[test]
fn every_chancy_profile_is_recorded() {
    let names: BTreeSet<&str> = RECORDINGS.iter().map(|recording| recording.name).collect();
    for profile in Catalog::new().list().unwrap() {
        assert_eq!(names.contains(&*profile.name), chancy(&profile), "{}", profile.name);
    }
}

#[test]
fn waits_are_those_of_a_loaded_cell() {
    for (name, median, p90) in WAITS {
        let latency = &profile(name).link.latency;
        let (mut stream, mut path) = (Seed::new(11).stream(), Path::default());
        let mut draws: Vec<f64> = (0..50_000)
            .map(|_| latency.sample(&mut path, Duration::ZERO, &mut stream).as_secs_f64() * 1e3)
            .collect();
        draws.sort_by(f64::total_cmp);
        let (half, nine) = (draws[25_000], draws[45_000]);
        assert!((half / median - 1.0).abs() < 0.02, "{name}: median {half} ms");
        assert!((nine / p90 - 1.0).abs() < 0.02, "{name}: p90 {nine} ms");
    }
}

/// 150 ms without any rate in every 15 s: one per cent.
#[test]
fn a_satellite_hands_over_every_fifteen_seconds() {
    let leo = profile("satellite-leo");
    let mut link = Link::new(&leo.link, Seed::new(1));
    let mut stalls = Vec::new();
    for second in (1..=90).map(LinkTime::from_secs) {
        link.carried(second);
        let stall = link.take_stall(second - Duration::from_secs(1), second);
        stalls.extend(stall.map(|stall| stall.at.as_secs_f64()));
    }
    assert_eq!(stalls, [14.85, 29.85, 44.85, 59.85, 74.85, 89.85]);
    let kbit = leo.statistics().unwrap().mean.bits_per_second() / 1000;
    assert!((98_990..=99_010).contains(&kbit), "{kbit}");
}

/// Where a source gives the uplink as well ("5000 kbit/s down, 1000 up"), the profile has it.
#[test]
fn uplinks_are_those_of_their_source() {
    let mut checked = 0;
    for profile in Catalog::new().list().unwrap() {
        let Some((_, rest)) = profile.source.split_once("kbit/s down, ") else { continue };
        let Some((number, _)) = rest.split_once(" up") else { continue };
        let Ok(kilobits) = number.parse() else { continue };
        let rate = RateSpec::Constant(BitRate::from_kilobits_per_second(kilobits));
        assert_eq!(profile.uplink.rate, rate, "{}", profile.name);
        checked += 1;
    }
    assert!(checked >= 40, "{checked} checked");
}

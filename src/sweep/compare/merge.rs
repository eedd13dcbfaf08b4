//! The parts of a sweep put together.

use crate::sweep::matrix::{Results, RunResult, Shard};
use std::collections::BTreeMap;

/// The most parts that a message names.
const NAMED: usize = 10;

/// Puts all parts of one sweep together, in any order: the result is that of one run without `--shard`.
///
/// # Errors
/// When a part is missing, there twice, cut, or of another sweep. The message names the parts by their numbers.
pub fn merge(parts: Vec<Results>) -> Result<Results, String> {
    let name = |part: &Results| {
        let shard = part.shard.unwrap_or(Shard::WHOLE);
        format!("part {}/{}", shard.index, shard.count)
    };
    merge_named(parts.into_iter().map(|part| (name(&part), part)).collect())
}

/// The same for parts with names, as their files: the message names those.
///
/// # Errors
/// See [`merge`].
pub fn merge_named(parts: Vec<(String, Results)>) -> Result<Results, String> {
    let Some((base_name, base)) = parts.first() else {
        return Err("there are no parts".to_owned());
    };
    let count = shard(base).count;
    for (name, part) in &parts {
        if let Some(problem) = foreign(base, part) {
            return Err(format!("{name} is no part of the same sweep as {base_name}: {problem}"));
        }
        if shard(part).count != count {
            let other = shard(part).count;
            return Err(format!("{base_name} is of {count} parts, and {name} of {other}"));
        }
    }
    let head = Results { runs: Vec::new(), shard: None, ..base.clone() };
    let parts = complete(parts, count)?;
    let runs = interleaved(&head, parts, count)?;
    Ok(Results { runs, ..head })
}

fn shard(part: &Results) -> Shard {
    part.shard.unwrap_or(Shard::WHOLE)
}

/// Why `part` is not of the same sweep as `base`.
fn foreign(base: &Results, part: &Results) -> Option<String> {
    let head = |part: &Results| Results { runs: Vec::new(), shard: None, ..part.clone() };
    if head(base) == head(part) {
        return None;
    }
    Some(if part.version != base.version {
        format!("it was made by vsps {}, not {}", part.version, base.version)
    } else if part.command != base.command {
        format!("its command is `{}`, not `{}`", part.command, base.command)
    } else if part.fingerprint != base.fingerprint {
        "the profiles, the ladder or the scripts of the same names had another content".to_owned()
    } else {
        "its ladder, seeds or names differ".to_owned()
    })
}

/// The parts by their numbers.
fn complete(parts: Vec<(String, Results)>, count: usize) -> Result<Vec<(String, Results)>, String> {
    let mut places: BTreeMap<usize, (String, Results)> = BTreeMap::new();
    for (name, part) in parts {
        let index = shard(&part).index;
        if let Some((first, _)) = places.get(&index) {
            let which = if *first == name { first.clone() } else { format!("{first} and {name}") };
            return Err(format!("part {index}/{count} is there twice: {which}"));
        }
        places.insert(index, (name, part));
    }
    let missing = count - places.len();
    if missing == 0 {
        return Ok(places.into_values().collect());
    }
    let named: Vec<String> = (1..=count)
        .filter(|index| !places.contains_key(index))
        .map(|index| format!("{index}/{count}"))
        .take(NAMED)
        .collect();
    let more = missing - named.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let (noun, verb) = if missing == 1 { ("part", "is") } else { ("parts", "are") };
    Err(format!("{noun} {}{more} {verb} missing", named.join(", ")))
}

/// The runs of all parts in the order of one run, each checked to be the one that belongs there.
fn interleaved(
    head: &Results,
    parts: Vec<(String, Results)>,
    count: usize,
) -> Result<Vec<RunResult>, String> {
    let cells = || {
        head.profiles
            .iter()
            .flat_map(|profile| head.algorithms.iter().map(move |abr| (profile, abr)))
    };
    let seeds = || head.seeds.first..=head.seeds.last;
    let expected = cells().flat_map(|(profile, abr)| seeds().map(move |seed| (profile, abr, seed)));
    let alone = count == 1;
    let mut queues: Vec<_> =
        parts.into_iter().map(|(name, part)| (name, part.runs.into_iter())).collect();
    let mut runs = Vec::new();
    for (index, (profile, abr, seed)) in expected.enumerate() {
        let Some((name, queue)) = queues.get_mut(index % count) else { break };
        let Some(run) = queue.next() else {
            return Err(format!(
                "{name} is cut: {profile} with {abr}, seed {seed} is missing in it"
            ));
        };
        if (&run.profile, &run.abr, run.seed) != (profile, abr, seed) {
            // A whole file may have runs of real players in between.
            if !alone {
                return Err(format!(
                    "{name} has {} with {}, seed {} where {profile} with {abr}, seed {seed} belongs",
                    run.profile, run.abr, run.seed
                ));
            }
        }
        runs.push(run);
    }
    for (name, mut queue) in queues {
        if alone {
            runs.extend(queue);
        } else if queue.next().is_some() {
            return Err(format!("{name} has more runs than its part of the sweep"));
        }
    }
    Ok(runs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::matrix::{Figures, LadderShown, Outcome, Seeds, csv};
    use proptest::prelude::*;
    use std::num::NonZeroUsize;

    /// A sweep whose runs all have other figures, and some of which did not end.
    fn sweep(profiles: usize, algorithms: usize, seeds: u64, fingerprint: &str) -> Results {
        let names = |stem: &str, count: usize| (0..count).map(|n| format!("{stem}{n}")).collect();
        let (profiles, algorithms): (Vec<String>, Vec<String>) =
            (names("p", profiles), names("a", algorithms));
        let seeds = Seeds { first: 3, last: 2 + seeds };
        let mut runs = Vec::new();
        for profile in &profiles {
            for abr in &algorithms {
                for seed in seeds.first..=seeds.last {
                    let number = runs.len() as f64;
                    let figures = Figures { startup_s: 0.1 * number, ..Figures::default() };
                    let outcome = if runs.len() % 7 == 6 {
                        Outcome::Failed { error: format!("reason {number}") }
                    } else {
                        Outcome::Ended(Box::new(figures))
                    };
                    runs.push(RunResult {
                        profile: profile.clone(),
                        abr: abr.clone(),
                        seed,
                        outcome,
                    });
                }
            }
        }
        Results {
            format: Results::format(),
            command: "vsps bench".to_owned(),
            version: "1".to_owned(),
            fingerprint: Some(fingerprint.to_owned()),
            ladder: LadderShown {
                name: "demo".to_owned(),
                segment_s: 4.0,
                segments: 5,
                bitrates_kbps: vec![1.0],
            },
            seeds,
            players: NonZeroUsize::MIN,
            live: false,
            profiles,
            algorithms,
            shard: None,
            runs,
        }
    }

    /// What `run_all` makes for a shard.
    fn part(whole: &Results, shard: Shard) -> Results {
        let runs = whole.runs.iter().enumerate().filter(|(index, _)| shard.has(*index));
        let runs = runs.map(|(_, run)| run.clone()).collect();
        Results { shard: (shard != Shard::WHOLE).then_some(shard), runs, ..whole.clone() }
    }

    fn parts(whole: &Results, count: usize) -> Vec<Results> {
        (1..=count).map(|index| part(whole, Shard { index, count })).collect()
    }

    fn size() -> impl Strategy<Value = (usize, usize, u64)> {
        (1..4_usize, 1..4_usize, 1..8_u64)
    }

    proptest! {
        /// Any number of parts (more than there are runs, too) in any order make the whole, to the byte.
        #[test]
        fn parts_in_any_order_make_the_whole(
            (profiles, algorithms, seeds) in size(),
            (count, order) in (1..40_usize).prop_flat_map(|count| {
                (Just(count), Just((0..count).collect::<Vec<_>>()).prop_shuffle())
            }),
        ) {
            let whole = sweep(profiles, algorithms, seeds, "f");
            let parts = parts(&whole, count);
            let shuffled = order.iter().map(|place| parts[*place].clone()).collect();
            let merged = merge(shuffled).unwrap();
            prop_assert_eq!(merged.to_json().unwrap(), whole.to_json().unwrap());
            prop_assert_eq!(csv(&merged), csv(&whole));
        }

        /// One part lost, repeated, cut, swapped for one of another sweep, or of other profiles: refused and named.
        #[test]
        fn a_wrong_part_is_named(
            (profiles, algorithms, seeds) in size(),
            (count, place) in (2..9_usize).prop_flat_map(|count| (Just(count), 0..count)),
        ) {
            let whole = sweep(profiles, algorithms, seeds, "f");
            let other = sweep(profiles, algorithms, seeds, "g");
            let (all, name) = (parts(&whole, count), format!("{}/{count}", place + 1));
            let lost = all.iter().enumerate().filter(|(at, _)| *at != place);
            let error = merge(lost.map(|(_, part)| part.clone()).collect()).unwrap_err();
            prop_assert_eq!(error, format!("part {name} is missing"));
            let again = all.iter().chain([&all[place]]).cloned().collect();
            let twice = format!("part {name} is there twice");
            prop_assert!(merge(again).unwrap_err().starts_with(&twice));
            let mut foreign = all.clone();
            foreign[place] = part(&other, Shard { index: place + 1, count });
            let error = merge(foreign).unwrap_err();
            prop_assert!(error.contains("another content"), "{}", error);
            if !all[place].runs.is_empty() {
                let mut cut = all.clone();
                cut[place].runs.pop();
                let problem = format!("part {name} is cut");
                prop_assert!(merge(cut).unwrap_err().starts_with(&problem));
                let mut swapped = all.clone();
                swapped[place].runs[0].seed += 1;
                prop_assert!(merge(swapped).is_err());
            }
        }
    }

    #[test]
    fn a_part_of_another_version_is_named() {
        let whole = sweep(1, 1, 4, "f");
        let mut parts = parts(&whole, 2);
        parts[1].version = "2".to_owned();
        let named =
            vec![("a.json".to_owned(), parts.remove(0)), ("b.json".to_owned(), parts.remove(0))];
        assert_eq!(
            merge_named(named).unwrap_err(),
            "b.json is no part of the same sweep as a.json: it was made by vsps 2, not 1"
        );
    }
}

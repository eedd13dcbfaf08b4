//! `vsps play merge`: the results of the players of several machines, as one.

use super::{
    super::{Failure, files},
    report::{PartOf, PlayerReport},
    results::Results,
};
use crate::args::PlayMergeArgs;
use serde::Deserialize;
use std::{collections::BTreeMap, path::Path};

/// The most missing parts that a message names.
const NAMED: usize = 10;

/// What is read of the result of a part.
#[derive(Debug, Deserialize)]
struct Part {
    url: String,
    abr: String,
    part: PartOf,
    players: Vec<PlayerReport>,
}

/// Puts the parts together, checks what is asserted, and prints the result.
pub(super) fn merge(args: &PlayMergeArgs) -> Result<(), Failure> {
    let parts = args.parts.iter().map(|path| Ok((path.display().to_string(), read(path)?)));
    let parts = parts.collect::<Result<Vec<_>, Failure>>()?;
    let (url, abr, players) = together(parts).map_err(Failure::usage)?;
    Results::new(&args.result)?.write(&url, &abr, None, players)
}

fn read(path: &Path) -> Result<Part, Failure> {
    let instead = "write a file that `vsps play --shard I/N --json` made";
    let text = files::read("", path, instead)?;
    serde_json::from_str(&text).map_err(|error| files::unusable("", path, &error, instead))
}

/// Address, algorithm, and all players in the order of their starts.
fn together(parts: Vec<(String, Part)>) -> Result<(String, String, Vec<PlayerReport>), String> {
    let Some((base_name, base)) = parts.first() else {
        return Err("there are no parts".to_owned());
    };
    for (name, part) in &parts {
        if let Some(problem) = foreign(base, part) {
            return Err(format!("{name} is not of the same run as {base_name}: {problem}"));
        }
    }
    let (url, abr) = (base.url.clone(), base.abr.clone());
    let (all, count) = (base.part.common.players as usize, base.part.shard.count);
    let mut by_index: BTreeMap<usize, (String, Vec<PlayerReport>)> = BTreeMap::new();
    for (name, part) in parts {
        let shard = part.part.shard;
        // Of the numbers below `all`, those with the remainder `index` - 1.
        let own = (count - shard.index).saturating_add(all) / count;
        let found = part.players.len();
        if found != own {
            return Err(format!("{name} has {found} of its {own} players: it was interrupted"));
        }
        let index = shard.index;
        if let Some((first, _)) = by_index.get(&index) {
            return Err(format!("part {index}/{count} is there twice: {first} and {name}"));
        }
        by_index.insert(index, (name, part.players));
    }
    if by_index.len() < count {
        let missing = (1..=count).filter(|index| !by_index.contains_key(index));
        let missing: Vec<_> = missing.map(|index| format!("{index}/{count}")).take(NAMED).collect();
        let more = count - by_index.len() - missing.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        return Err(format!("parts are missing: {}{more}", missing.join(", ")));
    }
    let mut queues: Vec<_> =
        by_index.into_values().map(|(_, players)| players.into_iter()).collect();
    let next = |number: usize| queues.get_mut(number % count).and_then(Iterator::next);
    Ok((url, abr, (0..all).map_while(next).collect()))
}

/// Why `part` is not of the same run as `base`.
fn foreign(base: &Part, part: &Part) -> Option<String> {
    let (here, there) = (&base.part, &part.part);
    let other = |what: &str, here: &str, there: &str| {
        (here != there).then(|| format!("{what} is {there}, not {here}"))
    };
    let parts = |part: &PartOf| part.shard.count.to_string();
    other("its stream", &base.url, &part.url)
        .or_else(|| other("its --abr", &base.abr, &part.abr))
        .or_else(|| other("its number of parts", &parts(here), &parts(there)))
        .or_else(|| {
            let (name, here, there) = here.common.difference(&there.common)?;
            other(&format!("its {name}"), &here, &there)
        })
}

#[cfg(test)]
mod tests {
    use super::super::report::CommonOptions;
    use super::*;
    use crate::{player::Qoe, sweep::matrix::Shard};

    fn part(index: usize, count: usize, players: u32) -> (String, Part) {
        let shard = Shard { index, count };
        let own = (0..players).filter(|number| shard.has(*number as usize));
        let player = |number: u32| PlayerReport {
            qoe: Qoe { bytes: number.into(), ..Qoe::default() },
            ended: "complete".into(),
            error: None,
        };
        let part = Part {
            url: "http://a.example/".into(),
            abr: "bola".into(),
            part: PartOf { shard, common: CommonOptions { players, ..CommonOptions::default() } },
            players: own.map(player).collect(),
        };
        (format!("{index}.json"), part)
    }

    #[test]
    fn players_are_in_the_order_of_their_starts() {
        let parts = vec![part(3, 3, 8), part(1, 3, 8), part(2, 3, 8)];
        let (_, _, players) = together(parts).unwrap();
        let numbers: Vec<u64> = players.iter().map(|player| player.qoe.bytes).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn parts_that_do_not_fit_are_named() {
        let error = |parts: Vec<_>| together(parts).unwrap_err();
        assert_eq!(error(vec![part(1, 3, 8)]), "parts are missing: 2/3, 3/3");
        let twice = error(vec![part(1, 2, 8), part(2, 2, 8), part(1, 2, 8)]);
        assert_eq!(twice, "part 1/2 is there twice: 1.json and 1.json");
        let (name, mut cut) = part(2, 2, 8);
        cut.players.pop();
        let cut = error(vec![part(1, 2, 8), (name, cut)]);
        assert_eq!(cut, "2.json has 3 of its 4 players: it was interrupted");
        // However many parts a file says there are, memory is that of the parts that are there.
        let last = error(vec![part(usize::MAX, usize::MAX, 8)]);
        assert!(last.starts_with("parts are missing: 1/18446744073709551615, 2/"), "{last}");
    }

    #[test]
    fn parts_of_other_runs_are_refused() {
        let refused = |change: fn(&mut Part)| {
            let (name, mut other) = part(2, 2, 8);
            change(&mut other);
            together(vec![part(1, 2, 8), (name, other)]).unwrap_err()
        };
        let start = |part: &mut Part| {
            part.part.common.start_at = Some("2026-05-01T12:00:00+00:00".into());
        };
        let start = refused(start);
        assert_eq!(
            start,
            "2.json is not of the same run as 1.json: its --start-at is 2026-05-01T12:00:00+00:00, not none"
        );
        for (change, problem) in [
            ((|part| part.url = "http://b.example/".into()) as fn(&mut Part), "its stream is"),
            (|part| part.abr = "bba".into(), "its --abr is bba, not bola"),
            (|part| part.part.shard.count = 3, "its number of parts is 3, not 2"),
            (|part| part.part.common.players = 9, "its --players is 9, not 8"),
            (|part| part.part.common.duration = Some(9.5), "its --duration is 9.5 s, not none"),
            (|part| part.part.common.stagger = 1.0, "its --stagger is 1 s, not 0 s"),
            (|part| part.part.common.max_buffer = Some(2.0), "its --max-buffer is 2 s, not none"),
            (|part| part.part.common.catch_up = 0.1, "its --catch-up is 0.1, not 0"),
            (|part| part.part.common.live_latency = Some(3.0), "its --live-latency is 3 s"),
        ] {
            let error = refused(change);
            assert!(error.contains(problem), "{error}");
        }
    }
}

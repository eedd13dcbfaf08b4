//! `vsps play merge`: the results of the players of several machines, as one.

use super::{
    super::Failure,
    junit::junit,
    report::{PartOf, PlayerReport, Report},
    results::{create, show},
};
use crate::args::PlayMergeArgs;
use anyhow::Context as _;
use serde::Deserialize;
use std::{fs, io::Write as _, path::Path};

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
    let junit_file = create("--junit", args.junit.as_deref())?;
    let report = Report::new(&url, &abr, players, &args.assertions);
    if let Some(mut file) = junit_file {
        file.write_all(junit(&report).as_bytes()).context("--junit")?;
    }
    show(&report, args.json)
}

fn read(path: &Path) -> Result<Part, Failure> {
    let wrong = |problem: String| Failure::usage(format_args!("{}: {problem}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| {
        wrong(format!("{error}; write a file that `vsps play --shard I/N --json` made"))
    })
}

/// Address, algorithm, and all players in the order of their starts.
fn together(parts: Vec<(String, Part)>) -> Result<(String, String, Vec<PlayerReport>), String> {
    let Some((base_name, base)) = parts.first() else {
        return Err("there are no parts".to_owned());
    };
    let (url, abr, base_name) = (base.url.clone(), base.abr.clone(), base_name.clone());
    let PartOf { shard, players } = base.part;
    let count = shard.count;
    let mut places: Vec<Option<(String, Vec<PlayerReport>)>> = (0..count).map(|_| None).collect();
    for (name, part) in parts {
        let PartOf { shard, players: all } = part.part;
        if (&part.url, &part.abr, all, shard.count) != (&url, &abr, players, count) {
            return Err(format!(
                "{name} is no part of the same run as {base_name}: {} with {}, {all} players in {} parts; not {url} \
                 with {abr}, {players} in {count}",
                part.url, part.abr, shard.count
            ));
        }
        let own = (0..players as usize).filter(|number| shard.has(*number)).count();
        if part.players.len() != own {
            let found = part.players.len();
            return Err(format!("{name} is cut: it has {found} of its {own} players"));
        }
        let index = shard.index;
        let place = index.checked_sub(1).and_then(|place| places.get_mut(place));
        let place =
            place.ok_or_else(|| format!("{name} says that it is part {index} of {count}"))?;
        if let Some((first, _)) = place {
            return Err(format!("part {index}/{count} is there twice: {first} and {name}"));
        }
        *place = Some((name, part.players));
    }
    let missing = (1..).zip(&places).filter(|(_, place)| place.is_none());
    let missing: Vec<String> =
        missing.map(|(index, _)| format!("{index}/{count}")).take(10).collect();
    if !missing.is_empty() {
        return Err(format!("missing of {count} parts: {}", missing.join(", ")));
    }
    let mut queues: Vec<_> =
        places.into_iter().flatten().map(|(_, players)| players.into_iter()).collect();
    let next = |number: usize| queues.get_mut(number % count).and_then(Iterator::next);
    Ok((url, abr, (0..players as usize).map_while(next).collect()))
}

#[cfg(test)]
mod tests {
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
            part: PartOf { shard, players },
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
        assert_eq!(error(vec![part(1, 3, 8)]), "missing of 3 parts: 2/3, 3/3");
        let twice = error(vec![part(1, 2, 8), part(2, 2, 8), part(1, 2, 8)]);
        assert_eq!(twice, "part 1/2 is there twice: 1.json and 1.json");
        assert!(error(vec![part(1, 2, 8), part(2, 2, 9)]).starts_with("2.json is no part"));
        let (name, mut cut) = part(2, 2, 8);
        cut.players.pop();
        assert_eq!(error(vec![(name, cut)]), "2.json is cut: it has 3 of its 4 players");
    }
}

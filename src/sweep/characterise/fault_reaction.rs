//! What a player does about a fault: how often it tries again, after how long, and how it goes on.

use super::{Ending, Sighting, Wanted};
use serde::Serialize;

/// How it went on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultOutcome {
    /// It never asked for the thing at fault.
    NotMet,
    /// It got it in the end.
    PlaysOn,
    /// It went on with later segments, without it.
    Skips,
    /// It asked for nothing any more.
    GivesUp,
    /// It was still trying at the end.
    KeepsTrying,
}

/// What it did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FaultReaction {
    /// How it went on.
    pub outcome: FaultOutcome,
    /// Requests after the first one.
    pub retries: usize,
    /// Seconds from the end of each failed response to the next try.
    pub back_offs_s: Vec<f64>,
    /// Rungs tried, from 0, in order of the first try.
    pub rungs: Vec<usize>,
    /// How long it waited for the response that it gave up, in seconds.
    pub time_out_s: Option<f64>,
    /// From the end of the first failed response to the end of the one that worked, in seconds.
    pub recovery_s: Option<f64>,
}

/// A request that a player ends sooner, in seconds, was not ended by a time-out.
const SHORTEST_TIME_OUT: f64 = 0.1;
/// A player that requests nothing for this long before the end of the scenario has given up, in seconds.
const SILENCE: f64 = 12.0;

impl FaultReaction {
    /// The reaction to a fault of the video segment with `index`, in a session that was watched for `watched` seconds.
    #[must_use]
    pub fn of_segment(session: &[Sighting], index: u64, watched: f64) -> Self {
        let faulty = |seen: &Sighting| seen.wanted == Wanted::Video && seen.index == Some(index);
        let later = |seen: &Sighting| {
            seen.wanted == Wanted::Video && seen.index.is_some_and(|other| other > index)
        };
        Self::of(session, &faulty, &later, watched)
    }

    /// The same of the manifests before any media.
    #[must_use]
    pub fn of_manifest(session: &[Sighting], watched: f64) -> Self {
        let media = |seen: &Sighting| seen.wanted != Wanted::Manifest;
        let first = session.iter().filter(|seen| media(seen)).map(|seen| seen.start);
        let first = first.fold(f64::INFINITY, f64::min);
        let faulty = |seen: &Sighting| !media(seen) && seen.start < first;
        Self::of(session, &faulty, &media, watched)
    }

    fn of(
        session: &[Sighting],
        faulty: &dyn Fn(&Sighting) -> bool,
        later: &dyn Fn(&Sighting) -> bool,
        watched: f64,
    ) -> Self {
        let tries: Vec<&Sighting> = session.iter().filter(|seen| faulty(seen)).collect();
        let failed = |seen: &&&Sighting| seen.ending != Ending::Complete;
        let first = tries.iter().position(|seen| failed(&seen));
        let from = first.unwrap_or(0);
        let tries = tries.get(from..).unwrap_or_default();
        let worked = tries.iter().find(|seen| seen.ending == Ending::Complete);
        let last = session.iter().map(|seen| seen.end).fold(0.0, f64::max);
        let failed_end = tries.first().map_or(0.0, |seen| seen.end);
        let went_on = session.iter().any(|seen| later(seen) && seen.start > failed_end);
        let outcome = match (first, worked) {
            (None, _) => FaultOutcome::NotMet,
            (_, Some(_)) => FaultOutcome::PlaysOn,
            _ if went_on => FaultOutcome::Skips,
            _ if watched - last > SILENCE => FaultOutcome::GivesUp,
            _ => FaultOutcome::KeepsTrying,
        };
        // What comes after the first success is no retry: players load segments again for other reasons.
        let end = worked.map_or(f64::INFINITY, |seen| seen.start);
        let tries: Vec<&&Sighting> = tries.iter().filter(|seen| seen.start <= end).collect();
        let mut rungs = Vec::new();
        for rung in tries.iter().filter_map(|seen| seen.rung) {
            if !rungs.contains(&rung) {
                rungs.push(rung);
            }
        }
        let back_offs = tries.windows(2).map(|pair| (pair[1].start - pair[0].end).max(0.0));
        let given_up = tries.iter().filter(|seen| seen.ending == Ending::GivenUp);
        let mut waited = given_up.map(|seen| seen.end - seen.start);
        Self {
            outcome,
            retries: if first.is_some() { tries.len().saturating_sub(1) } else { 0 },
            back_offs_s: back_offs.collect(),
            rungs,
            time_out_s: waited.find(|time| *time >= SHORTEST_TIME_OUT),
            recovery_s: first.and(worked).map(|seen| seen.end - failed_end),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(index: u64, rung: usize, start: f64, end: f64, ending: Ending) -> Sighting {
        Sighting {
            wanted: Wanted::Video,
            start,
            end,
            bytes: 1e5,
            ending,
            rung: Some(rung),
            index: Some(index),
            duration: 4.0,
        }
    }

    #[test]
    fn retries_and_back_offs_are_those_of_the_faulty_segment() {
        use Ending::{Complete, Refused};
        let session = [
            seen(5, 2, 10.0, 11.0, Complete),
            seen(6, 2, 11.0, 11.1, Refused),
            seen(6, 2, 12.1, 12.2, Refused),
            seen(6, 1, 14.2, 15.0, Complete),
            seen(7, 2, 15.0, 16.0, Complete),
        ];
        let reaction = FaultReaction::of_segment(&session, 6, 45.0);
        assert_eq!((reaction.outcome, reaction.retries), (FaultOutcome::PlaysOn, 2));
        assert_eq!(reaction.rungs, [2, 1]);
        let rounded: Vec<f64> =
            reaction.back_offs_s.iter().map(|wait| (wait * 10.0).round() / 10.0).collect();
        assert_eq!(rounded, [1.0, 2.0]);
        assert!((reaction.recovery_s.unwrap() - 3.9).abs() < 1e-9);
    }

    #[test]
    fn a_player_skips_gives_up_or_keeps_trying() {
        use Ending::{Complete, GivenUp, Refused};
        let fault = [seen(6, 0, 11.0, 11.1, Refused), seen(6, 0, 12.0, 12.1, Refused)];
        let outcome =
            |session: &[Sighting], watched| FaultReaction::of_segment(session, 6, watched).outcome;
        assert_eq!(outcome(&fault, 45.0), FaultOutcome::GivesUp);
        assert_eq!(outcome(&fault, 15.0), FaultOutcome::KeepsTrying);
        let skipped = [fault[0], seen(7, 0, 13.0, 14.0, Complete)];
        assert_eq!(outcome(&skipped, 45.0), FaultOutcome::Skips);
        assert_eq!(outcome(&[seen(6, 0, 1.0, 2.0, Complete)], 45.0), FaultOutcome::NotMet);
        let late = [seen(6, 0, 11.0, 21.0, GivenUp), seen(6, 0, 21.5, 22.0, Complete)];
        let reaction = FaultReaction::of_segment(&late, 6, 45.0);
        assert_eq!((reaction.time_out_s, reaction.outcome), (Some(10.0), FaultOutcome::PlaysOn));
        // Closed as soon as the error was there: no time was over.
        let at_once = [seen(6, 0, 11.0, 11.01, GivenUp), seen(6, 0, 21.5, 22.0, Complete)];
        assert_eq!(FaultReaction::of_segment(&at_once, 6, 45.0).time_out_s, None);
    }
}

//! What came of all players, in one place.

use crate::{
    player::{
        Assertion, Qoe, Unmet,
        fetch::{Ending, Outcome, PlayError},
    },
    sweep::matrix::Shard,
};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// How a player ended that was stopped.
const STOPPED: &str = "stopped";

/// The result of `vsps play`, as `--json` prints it: the figures of all players together, and of each.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) url: String,
    pub(super) abr: String,
    /// Which part of the players this is; absent if it is all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) part: Option<PartOf>,
    #[serde(flatten)]
    pub(super) together: Qoe,
    /// What was asserted, and whether it holds.
    pub(super) assertions: Vec<Checked>,
    pub(super) players: Vec<PlayerReport>,
}

/// Which part of all players a result is of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct PartOf {
    #[serde(flatten)]
    pub(super) shard: Shard,
    /// What all parts have in common.
    #[serde(flatten)]
    pub(super) common: CommonOptions,
}

/// The options that all parts of one run have in common, beside stream and algorithm. Times are in seconds.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct CommonOptions {
    /// The players of all parts.
    pub(super) players: u32,
    pub(super) duration: Option<f64>,
    pub(super) stagger: f64,
    pub(super) start_at: Option<String>,
    pub(super) max_buffer: Option<f64>,
    pub(super) catch_up: f64,
    pub(super) live_latency: Option<f64>,
}

impl CommonOptions {
    /// The first option that `other` has with another value: its name, the value here, and the value there.
    pub(super) fn difference(&self, other: &Self) -> Option<(&'static str, String, String)> {
        fn shown(options: &CommonOptions) -> [(&'static str, String); 7] {
            let span =
                |seconds: Option<f64>| seconds.map_or("none".to_owned(), |s| format!("{s} s"));
            let start = options.start_at.as_deref().unwrap_or("none").to_owned();
            [
                ("--players", options.players.to_string()),
                ("--duration", span(options.duration)),
                ("--stagger", span(Some(options.stagger))),
                ("--start-at", start),
                ("--max-buffer", span(options.max_buffer)),
                ("--catch-up", options.catch_up.to_string()),
                ("--live-latency", span(options.live_latency)),
            ]
        }
        let mut pairs = shown(self).into_iter().zip(shown(other));
        pairs.find_map(|((name, here), (_, there))| (here != there).then_some((name, here, there)))
    }
}

/// One player.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct PlayerReport {
    #[serde(flatten)]
    pub(super) qoe: Qoe,
    /// complete, duration, stopped or failed.
    pub(super) ended: Cow<'static, str>,
    /// Why it failed.
    pub(super) error: Option<String>,
}

/// An assertion that was checked.
#[derive(Debug, Serialize)]
pub(super) struct Checked {
    pub(super) assertion: String,
    pub(super) passed: bool,
    /// What the figure is, if it does not hold.
    pub(super) problem: Option<String>,
}

impl Report {
    /// The result of `players`, in the order of their starts.
    pub(super) fn new(
        url: &str,
        abr: &str,
        players: Vec<PlayerReport>,
        assertions: &[Assertion],
    ) -> Self {
        let all: Vec<Qoe> = players.iter().map(|player| player.qoe).collect();
        let together = match all.as_slice() {
            [one] => *one,
            all => Qoe::together(all),
        };
        let checked = |assertion: &Assertion| {
            let problem = assertion.check(&all).err().map(|unmet: Unmet| unmet.to_string());
            Checked { assertion: assertion.to_string(), passed: problem.is_none(), problem }
        };
        Self {
            url: url.to_owned(),
            abr: abr.to_owned(),
            part: None,
            together,
            assertions: assertions.iter().map(checked).collect(),
            players,
        }
    }

    /// Every reason for exit code 1.
    pub(super) fn problems(&self) -> Vec<String> {
        if self.players.is_empty() {
            return vec!["nothing was shown: no player had started".to_owned()];
        }
        let many = self.players.len() > 1;
        let failed = self.players.iter().enumerate().filter_map(|(at, player)| {
            let problem = self.problem_of(player)?;
            let who = if many { format!("player {}: ", at + 1) } else { String::new() };
            Some(format!("{who}{problem}"))
        });
        let unmet = self.assertions.iter().filter_map(|checked| {
            let problem = checked.problem.as_deref()?;
            Some(format!("assertion failed: {}: {problem}", checked.assertion))
        });
        failed.chain(unmet).collect()
    }

    /// Why `player` has not played, if it has not. A player that was stopped before its first picture counts only if
    /// no other one has shown anything.
    pub(super) fn problem_of(&self, player: &PlayerReport) -> Option<String> {
        if let Some(error) = &player.error {
            return Some(format!("playback failed: {error}"));
        }
        let shown = |player: &PlayerReport| player.qoe.startup_seconds.is_some();
        if shown(player) || player.ended == STOPPED && self.players.iter().any(shown) {
            return None;
        }
        Some(format!("nothing was shown in {:.1} s", player.qoe.wall_seconds))
    }
}

/// What a user can do about an error, if it is known.
fn hint(error: &PlayError) -> &'static str {
    match error {
        PlayError::Fetch { error, .. } if error.untrusted => {
            "; write --ca FILE to trust the authority of its certificate"
        }
        _ => "",
    }
}

impl From<&Outcome> for PlayerReport {
    fn from(outcome: &Outcome) -> Self {
        let (ended, error) = match &outcome.ending {
            Ending::Complete => ("complete", None),
            Ending::Duration => ("duration", None),
            Ending::Stopped => (STOPPED, None),
            Ending::Failed(error) => ("failed", Some(format!("{error}{}", hint(error)))),
        };
        Self { qoe: outcome.qoe, ended: ended.into(), error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn player(ended: &'static str, startup: Option<f64>) -> PlayerReport {
        let qoe = Qoe { startup_seconds: startup, wall_seconds: 2.0, ..Qoe::default() };
        PlayerReport { qoe, ended: ended.into(), error: None }
    }

    fn problems(players: Vec<PlayerReport>) -> Vec<String> {
        Report::new("http://a.example/", "bola", players, &[]).problems()
    }

    #[test]
    fn a_player_that_has_shown_nothing_has_failed() {
        assert!(problems(vec![player("complete", Some(0.2))]).is_empty());
        for ended in ["complete", "duration", "stopped"] {
            let expected = "nothing was shown in 2.0 s";
            assert_eq!(problems(vec![player(ended, None)]), [expected], "{ended}");
        }
        let one_of_two = vec![player("duration", Some(0.2)), player("duration", None)];
        assert_eq!(problems(one_of_two), ["player 2: nothing was shown in 2.0 s"]);
        assert_eq!(problems(Vec::new()), ["nothing was shown: no player had started"]);
    }

    /// Ctrl-C in the startup of the last players is no failure of theirs.
    #[test]
    fn a_player_that_was_stopped_at_its_start_has_not_failed() {
        let players = vec![player("stopped", Some(0.2)), player("stopped", None)];
        assert!(problems(players).is_empty());
    }
}

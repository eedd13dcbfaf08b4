//! What came of all players, in one place.

use crate::player::{
    Assertion, Qoe, Unmet,
    fetch::{Ending, Outcome},
};
use serde::Serialize;

/// The result of `vsps play`, as `--json` prints it: the figures of all players together, and of each.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) url: String,
    pub(super) abr: String,
    #[serde(flatten)]
    pub(super) together: Qoe,
    /// What was asserted, and whether it holds.
    pub(super) assertions: Vec<Checked>,
    pub(super) players: Vec<PlayerReport>,
}

/// One player.
#[derive(Debug, Serialize)]
pub(super) struct PlayerReport {
    #[serde(flatten)]
    pub(super) qoe: Qoe,
    /// complete, duration, stopped or failed.
    pub(super) ended: &'static str,
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
    pub(super) fn new(
        url: &str,
        abr: &str,
        outcomes: &[Outcome],
        assertions: &[Assertion],
    ) -> Self {
        let all: Vec<Qoe> = outcomes.iter().map(|outcome| outcome.qoe).collect();
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
            together,
            assertions: assertions.iter().map(checked).collect(),
            players: outcomes.iter().map(player).collect(),
        }
    }

    /// Every reason for exit code 1.
    pub(super) fn problems(&self) -> Vec<String> {
        let many = self.players.len() > 1;
        let failed = self.players.iter().enumerate().filter_map(|(at, player)| {
            let error = player.error.as_deref()?;
            let who = if many { format!("player {}: ", at + 1) } else { String::new() };
            Some(format!("{who}playback failed: {error}"))
        });
        let unmet = self.assertions.iter().filter_map(|checked| {
            let problem = checked.problem.as_deref()?;
            Some(format!("assertion failed: {}: {problem}", checked.assertion))
        });
        failed.chain(unmet).collect()
    }
}

fn player(outcome: &Outcome) -> PlayerReport {
    let (ended, error) = match &outcome.ending {
        Ending::Complete => ("complete", None),
        Ending::Duration => ("duration", None),
        Ending::Stopped => ("stopped", None),
        Ending::Failed(error) => ("failed", Some(error.to_string())),
    };
    PlayerReport { qoe: outcome.qoe, ended, error }
}

//! What came of all players, in one place.

use crate::{
    player::{
        Assertion, Qoe, Unmet,
        fetch::{Ending, Outcome},
    },
    sweep::matrix::Shard,
};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PartOf {
    #[serde(flatten)]
    pub(super) shard: Shard,
    /// The players of all parts.
    pub(super) players: u32,
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

impl From<&Outcome> for PlayerReport {
    fn from(outcome: &Outcome) -> Self {
        let (ended, error) = match &outcome.ending {
            Ending::Complete => ("complete", None),
            Ending::Duration => ("duration", None),
            Ending::Stopped => ("stopped", None),
            Ending::Failed(error) => ("failed", Some(error.to_string())),
        };
        Self { qoe: outcome.qoe, ended: ended.into(), error }
    }
}

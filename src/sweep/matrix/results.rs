//! Results as JSON: what was run, and the figures of each run.

use super::{Figures, MatrixError, Seeds, Shard};
use serde::{Deserialize, Serialize};
use std::{fs, num::NonZeroUsize, path::Path};

/// The version of the file format.
const FORMAT: &str = "vsps-bench/1";

/// The results of a sweep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Results {
    /// The version of the format.
    pub format: String,
    /// The command that repeats the sweep.
    pub command: String,
    /// The version of the program.
    pub version: String,
    /// What networks, ladder and scripts were, whatever their names are; absent in files of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// What was played.
    pub ladder: LadderShown,
    /// The seeds.
    pub seeds: Seeds,
    /// How many players share the link.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub players: NonZeroUsize,
    /// Whether the stream is live.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub live: bool,
    /// The profiles, in order.
    pub profiles: Vec<String>,
    /// The algorithms, in order. The others are compared with the first.
    pub algorithms: Vec<String>,
    /// Which part of the runs this is; absent if it is all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// By profile, algorithm and seed, in order.
    pub runs: Vec<RunResult>,
}

const fn one() -> NonZeroUsize {
    NonZeroUsize::MIN
}

const fn is_one(players: &NonZeroUsize) -> bool {
    players.get() == 1
}

/// What was played.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LadderShown {
    /// Its name.
    pub name: String,
    /// Seconds of a segment.
    pub segment_s: f64,
    /// How many are played.
    pub segments: usize,
    /// kbit/s, ascending.
    pub bitrates_kbps: Vec<f64>,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunResult {
    /// The profile.
    pub profile: String,
    /// The algorithm.
    pub abr: String,
    /// The seed.
    pub seed: u64,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Outcome {
    /// It ended.
    Ended(Box<Figures>),
    /// It could not go on.
    Failed {
        /// Why.
        error: String,
    },
}

/// A profile with an algorithm.
#[derive(Debug, Clone, Copy)]
pub struct Cell<'a> {
    /// The profile.
    pub profile: &'a str,
    /// The algorithm.
    pub abr: &'a str,
    /// Its runs, by seed.
    pub runs: &'a [RunResult],
}

impl RunResult {
    /// Its figures, if it ended.
    #[must_use]
    pub const fn figures(&self) -> Option<&Figures> {
        match &self.outcome {
            Outcome::Ended(figures) => Some(figures),
            Outcome::Failed { .. } => None,
        }
    }
}

impl Cell<'_> {
    /// The values of a metric in the runs that ended.
    #[must_use]
    pub fn values(&self, of: fn(&Figures) -> f64) -> Vec<f64> {
        self.runs.iter().filter_map(RunResult::figures).map(of).collect()
    }

    /// Why runs did not end: the first reason, and how many did not.
    #[must_use]
    pub fn failures(&self) -> Option<(&str, usize)> {
        let mut reasons = self.runs.iter().filter_map(|run| match &run.outcome {
            Outcome::Failed { error } => Some(error.as_str()),
            Outcome::Ended(_) => None,
        });
        let first = reasons.next()?;
        Some((first, 1 + reasons.count()))
    }
}

impl Results {
    /// The file's format.
    #[must_use]
    pub fn format() -> String {
        FORMAT.to_owned()
    }

    /// The cells in order. Runs of one cell follow each other.
    #[must_use]
    pub fn cells(&self) -> Vec<Cell<'_>> {
        let same = |one: &RunResult, other: &RunResult| {
            (&one.profile, &one.abr) == (&other.profile, &other.abr)
        };
        self.runs
            .chunk_by(same)
            .filter_map(|runs| {
                let first = runs.first()?;
                Some(Cell { profile: &first.profile, abr: &first.abr, runs })
            })
            .collect()
    }

    /// As indented JSON, with a line break at the end.
    ///
    /// # Errors
    /// Never, but serialisation has no other form.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }

    /// Reads a file of results.
    ///
    /// # Errors
    /// When it cannot be read, or is not what it should be.
    pub fn read(path: &Path) -> Result<Self, MatrixError> {
        let wrong = |problem: String| MatrixError::Results { path: path.to_owned(), problem };
        let instead = "write a file that `vsps bench --json` made";
        let text = fs::read_to_string(path);
        let text = text.map_err(|error| wrong(format!("{error}; {instead}")))?;
        let results: Self =
            serde_json::from_str(&text).map_err(|error| wrong(format!("{error}; {instead}")))?;
        if results.format != FORMAT {
            let format = &results.format;
            return Err(wrong(format!("its format is '{format}'; this program reads {FORMAT}")));
        }
        Ok(results)
    }
}

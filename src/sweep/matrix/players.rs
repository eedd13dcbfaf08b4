//! The players of a sweep: an algorithm of the catalogue, and the buffer that goes with it.

use super::{MatrixError, RunError};
use crate::{
    document::similar_names,
    player::{Abr, Presentation, estimator::Estimator, preset},
    sweep::{
        catalogue::{ALGORITHMS, AlgorithmSetup, CatalogueEntry},
        external::ExternalAlgorithm,
    },
};
use serde_json::{Map, Value};
use std::time::Duration;

/// The maximum buffer of an algorithm that has none of its own, in ms: that of Sabre's options.
const BUFFER: f64 = 25_000.0;
const MS: f64 = 1000.0;
/// Algorithms that have the maximum buffer among their settings.
const PARAMETRISED: &[&str] =
    &["bba-2", "bola", "bola-basic", "bola-e", "bola-o", "dynamic", "dynamicdash"];

/// An algorithm with the buffer it plays on.
#[derive(Debug, Clone)]
pub struct Player {
    /// Its name on the command line.
    pub name: String,
    algorithm: Algorithm,
}

#[derive(Debug, Clone)]
enum Algorithm {
    BuiltIn(&'static CatalogueEntry),
    External(ExternalAlgorithm),
}

impl Player {
    /// The level in ms that is never exceeded, over segments of `segment` ms. It holds two segments at
    /// least: with room for one alone, none could be requested while another is shown.
    #[must_use]
    pub fn max_buffer(&self, buffer: Option<f64>, segment: f64) -> f64 {
        let preset = preset(&self.name);
        let most = match preset.buffer_goal.map(|goal| buffer.unwrap_or(goal)) {
            Some(goal) if preset.goal_holds_next && goal > segment => goal,
            // It requests at any level below the goal, so that the buffer may exceed it by a segment.
            Some(goal) => goal + segment,
            None => buffer.unwrap_or(BUFFER),
        };
        most.max(2.0 * segment)
    }

    /// The settings of the algorithm for a buffer of `max_buffer` ms.
    #[must_use]
    pub fn settings(&self, max_buffer: f64) -> Map<String, Value> {
        let mut settings = Map::new();
        let external = matches!(self.algorithm, Algorithm::External(_));
        if external || PARAMETRISED.contains(&self.name.as_str()) {
            settings.insert("maxBuffer".to_owned(), (max_buffer / MS).into());
        }
        settings
    }

    /// The algorithm, for a buffer of `max_buffer` ms, on demand or live.
    ///
    /// # Errors
    /// When the catalogue refuses its settings, or a script or program cannot start.
    pub fn algorithm(
        &self,
        presentation: &Presentation,
        max_buffer: f64,
        seed: u64,
        live: bool,
    ) -> Result<Box<dyn Abr>, RunError> {
        let (config, dimensions) = (self.settings(max_buffer), &[][..]);
        let setup = AlgorithmSetup { presentation, dimensions, live, seed, config: &config };
        match &self.algorithm {
            Algorithm::BuiltIn(entry) => Ok(entry.make(&setup)?),
            Algorithm::External(external) => external.make(&setup).map_err(RunError::External),
        }
    }

    /// Its estimator; `None` if it measures the network itself.
    #[must_use]
    pub fn estimator(&self, presentation: &Presentation) -> Option<Box<dyn Estimator>> {
        match &self.algorithm {
            Algorithm::BuiltIn(entry) => entry.estimator(presentation),
            Algorithm::External(_) => None,
        }
    }

    /// The same, whose answers may take this long each, if it is a program.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        let algorithm = match self.algorithm {
            Algorithm::External(external) => Algorithm::External(external.with_timeout(timeout)),
            built_in @ Algorithm::BuiltIn(_) => built_in,
        };
        Self { algorithm, ..self }
    }
}

/// The player called `name`; or an algorithm of the user's own: `FILE.rhai`, `cmd:PROGRAM`.
///
/// # Errors
/// When there is none; the nearest names are in the error. When a script cannot be compiled.
pub fn player(name: &str) -> Result<Player, MatrixError> {
    let external = ExternalAlgorithm::find(name)
        .map_err(|problem| MatrixError::Option { option: "--abr", problem })?;
    if let Some(external) = external {
        let algorithm = Algorithm::External(external);
        return Ok(Player { name: name.to_owned(), algorithm });
    }
    if let Some(entry) = ALGORITHMS.iter().find(|entry| entry.name == name) {
        return Ok(Player { name: name.to_owned(), algorithm: Algorithm::BuiltIn(entry) });
    }
    let asked = name.to_ascii_lowercase();
    let near = similar_names(&asked, ALGORITHMS.iter().map(|entry| entry.name));
    let hint = if near.is_empty() {
        let all: Vec<_> = ALGORITHMS.iter().map(|entry| entry.name).collect();
        format!("write {}, FILE.rhai, or cmd:PROGRAM", all.join(", "))
    } else {
        format!("the nearest are {}", near.join(", "))
    };
    Err(MatrixError::Algorithm { name: name.to_owned(), hint })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn players() -> impl Iterator<Item = Player> {
        ALGORITHMS.iter().map(|entry| player(entry.name).unwrap())
    }

    #[test]
    fn near_names_are_found() {
        let error = |name| player(name).unwrap_err().to_string();
        assert!(
            error("bolae").contains("'bolae'; the nearest are bola-e, bola"),
            "{}",
            error("bolae")
        );
        assert!(error("hls").contains("hls.js"), "{}", error("hls"));
        assert!(error("xyz").contains("write bba, bba-2"), "{}", error("xyz"));
    }

    #[test]
    fn a_buffer_holds_two_segments() {
        assert_eq!(player("bba").unwrap().max_buffer(None, 20_000.0), 40_000.0);
        assert_eq!(player("bba").unwrap().max_buffer(None, 4000.0), 25_000.0);
        assert_eq!(player("shaka").unwrap().max_buffer(None, 4000.0), 14_000.0);
        assert_eq!(player("shaka").unwrap().max_buffer(Some(20_000.0), 4000.0), 24_000.0);
        // dash.js requests when the next segment fits below its target.
        assert_eq!(player("dash.js").unwrap().max_buffer(None, 4000.0), 18_000.0);
        assert_eq!(player("dash.js").unwrap().max_buffer(Some(4000.0), 4000.0), 8000.0);
    }

    /// Buffers and settings are those of algorithms that exist, and are taken by them.
    #[test]
    fn every_player_can_be_made() {
        let presentation = Presentation::constant(4000.0, vec![300.0, 900.0], 9).unwrap();
        for player in players() {
            assert!(player.algorithm(&presentation, 25_000.0, 1, false).is_ok(), "{}", player.name);
        }
        for name in PARAMETRISED {
            assert!(player(name).is_ok(), "{name}");
        }
    }
}

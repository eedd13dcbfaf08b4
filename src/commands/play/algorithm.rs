//! From an algorithm's name to what players are made with.

use super::super::Failure;
use crate::{
    player::{RateControl, fetch::MakeControl},
    sweep::catalogue::{AlgorithmSetup, algorithm},
};
use serde_json::Map;
use std::sync::Arc;

/// What makes the algorithm called `name` for each player.
pub(super) fn maker(name: &str) -> Result<MakeControl, Failure> {
    let entry = algorithm(name).map_err(|error| Failure::usage(format_args!("--abr: {error}")))?;
    let make: MakeControl = Arc::new(move |presentation, live| {
        let config = Map::new();
        let setup =
            AlgorithmSetup { presentation, dimensions: &[], live, seed: 0, config: &config };
        let abr = entry.make(&setup).map_err(|error| error.to_string())?;
        Ok(RateControl::new(presentation.clone(), abr, entry.estimator(&setup)))
    });
    Ok(make)
}

//! From an algorithm's name to what players are made with.

use super::super::Failure;
use crate::{
    player::{
        OwnedRateControl,
        fetch::{Controls, MakeControls},
    },
    sweep::{
        catalogue::{AlgorithmSetup, algorithm},
        matrix::player,
    },
};
use std::{sync::Arc, time::Duration};

/// What makes the algorithm called `name` and its buffer for each player, as `vsps bench` makes them.
pub(super) fn maker(name: &str, buffer: Option<Duration>) -> Result<MakeControls, Failure> {
    let entry = algorithm(name).map_err(|error| Failure::usage(format_args!("--abr: {error}")))?;
    let player = player(name).map_err(Failure::usage)?;
    let buffer = buffer.map(|buffer| buffer.as_secs_f64() * 1000.0);
    let make: MakeControls = Arc::new(move |presentation, live| {
        let max_buffer = player.max_buffer(buffer, presentation.segment());
        let config = player.settings(max_buffer);
        let setup =
            AlgorithmSetup { presentation, dimensions: &[], live, seed: 0, config: &config };
        let abr = entry.make(&setup).map_err(|error| error.to_string())?;
        let control = OwnedRateControl::new(presentation.clone(), abr, entry.estimator(&setup));
        Ok(Controls { control, max_buffer })
    });
    Ok(make)
}

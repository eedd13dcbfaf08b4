//! From an algorithm's name to what players are made with.

use super::super::Failure;
use crate::{
    player::{
        Abr, BufferGrowth, Choice, OwnedRateControl, Presentation, Progress, SessionReport, State,
        fetch::{Controls, MakeControls},
        preset,
    },
    sweep::{catalogue::algorithm, matrix::player},
};
use std::{sync::Arc, time::Duration};
use tokio::task::block_in_place;

/// How long a program may take for an answer.
const ANSWER: Duration = Duration::from_secs(5);

/// What makes the algorithm called `name` and its buffer for each player, as `vsps bench` makes them.
pub(super) fn maker(name: &str, buffer: Option<Duration>) -> Result<MakeControls, Failure> {
    let external = name.starts_with("cmd:") || name.ends_with(".rhai");
    if !external {
        algorithm(name).map_err(|error| Failure::usage(format_args!("--abr: {error}")))?;
    }
    let player = player(name).map_err(Failure::usage)?.with_timeout(ANSWER);
    let growth = preset(name).growth;
    let buffer = buffer.map(|buffer| buffer.as_secs_f64() * 1000.0);
    let make: MakeControls = Arc::new(move |presentation, live| {
        let max_buffer = player.max_buffer(buffer, presentation.segment());
        let make = || player.algorithm(presentation, max_buffer, 0, live);
        let abr = if external { block_in_place(make) } else { make() };
        let abr = abr.map_err(|error| error.to_string())?;
        let abr = if external { Box::new(Blocking(abr)) } else { abr };
        let estimator = player.estimator(presentation);
        let control = OwnedRateControl::new(presentation.clone(), abr, estimator);
        let growth = if buffer.is_some() { BufferGrowth::Never } else { growth };
        Ok(Controls { control, max_buffer, growth })
    });
    Ok(make)
}

/// A user's own algorithm, which may take long to answer: other players go on meanwhile.
struct Blocking(Box<dyn Abr>);

impl Abr for Blocking {
    fn first(&mut self) -> usize {
        block_in_place(|| self.0.first())
    }

    fn choose(&mut self, state: &State<'_>) -> Choice {
        block_in_place(|| self.0.choose(state))
    }

    fn abandon(
        &mut self,
        state: &State<'_>,
        rung: usize,
        progress: &Progress,
        level: f64,
    ) -> Option<usize> {
        self.0.abandon(state, rung, progress, level)
    }

    fn on_first(&mut self, state: &State<'_>, report: &SessionReport) {
        block_in_place(|| self.0.on_first(state, report));
    }

    fn on_download(&mut self, state: &State<'_>, report: &SessionReport) {
        block_in_place(|| self.0.on_download(state, report));
    }

    fn on_wait(&mut self, time: f64) {
        self.0.on_wait(time);
    }

    fn estimate(&self) -> Option<f64> {
        self.0.estimate()
    }

    fn failure(&self) -> Option<&str> {
        self.0.failure()
    }

    fn on_seek(&mut self, target: f64, presentation: &Presentation) {
        self.0.on_seek(target, presentation);
    }
}

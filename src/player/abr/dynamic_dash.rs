//! DYNAMIC with the thresholds of dash.js: BOLA-E above 10 s, the throughput rule below 5 s.
//!
//! Source: Spiteri, Sitaraman, Sparacio, MMSys 2018 (Sabre's `dynamicdash`).

use super::{Abr, BolaE, Choice, State, Throughput};
use crate::player::{network::Progress, session_report::SessionReport};

/// Below this level in ms the throughput rule comes back.
const LOW: f64 = 5000.0;
/// Above this level in ms BOLA-E takes over.
const HIGH: f64 = 10_000.0;

/// See the module.
#[derive(Debug)]
pub struct DynamicDash {
    bola: BolaE,
    throughput: Throughput,
    uses_bola: bool,
}

impl DynamicDash {
    /// Made of its two rules.
    #[must_use]
    pub const fn new(bola: BolaE, throughput: Throughput) -> Self {
        Self { bola, throughput, uses_bola: false }
    }
}

impl Abr for DynamicDash {
    fn choose(&mut self, state: &State<'_>) -> Choice {
        let level = state.level;
        if self.uses_bola && level < LOW {
            self.uses_bola = false;
        } else if !self.uses_bola && level > HIGH {
            self.uses_bola = true;
        }
        if self.uses_bola { self.bola.choose(state) } else { self.throughput.choose(state) }
    }

    fn abandon(
        &mut self,
        state: &State<'_>,
        rung: usize,
        progress: &Progress,
        level: f64,
    ) -> Option<usize> {
        if self.uses_bola {
            self.bola.abandon(state, rung, progress, level)
        } else {
            self.throughput.abandon(state, rung, progress, level)
        }
    }

    fn on_wait(&mut self, time: f64) {
        self.bola.on_wait(time);
    }

    fn on_download(&mut self, state: &State<'_>, report: &SessionReport) {
        self.bola.on_download(state, report);
    }
}

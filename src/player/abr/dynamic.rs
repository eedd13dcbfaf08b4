//! DYNAMIC: the throughput rule while the buffer is low, BOLA while it is high.
//!
//! Source: Spiteri, Sitaraman, Sparacio, MMSys 2018 (Sabre's `dynamic`).

use super::{Abr, Bola, Choice, State, Throughput};
use crate::player::network::Progress;

/// The level in ms around which the rules change.
const THRESHOLD: f64 = 10_000.0;

/// See the module.
#[derive(Debug)]
pub struct Dynamic {
    bola: Bola,
    throughput: Throughput,
    uses_bola: bool,
}

impl Dynamic {
    /// Made of its two rules.
    #[must_use]
    pub const fn new(bola: Bola, throughput: Throughput) -> Self {
        Self { bola, throughput, uses_bola: false }
    }
}

impl Abr for Dynamic {
    fn choose(&mut self, state: &State<'_>) -> Choice {
        let (bola, throughput) = (self.bola.choose(state), self.throughput.choose(state));
        if self.uses_bola {
            if state.level < THRESHOLD && bola.rung < throughput.rung {
                self.uses_bola = false;
            }
        } else if state.level > THRESHOLD && bola.rung >= throughput.rung {
            self.uses_bola = true;
        }
        if self.uses_bola { bola } else { throughput }
    }

    fn abandon(
        &mut self,
        state: &State<'_>,
        rung: usize,
        progress: &Progress,
        level: f64,
    ) -> Option<usize> {
        self.throughput.abandon(state, rung, progress, level)
    }

    fn on_download(&mut self, _state: &State<'_>, report: &crate::player::SessionReport) {
        if report.replaced {
            self.uses_bola = false;
        }
    }
}

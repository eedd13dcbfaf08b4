//! BBA-0: the rung as a linear function of the buffer.
//!
//! Source: Huang, Johari, McKeown, Trunnell, Watson, "A Buffer-Based Approach to Rate Adaptation",
//! SIGCOMM 2014, in the form of Pensieve's repository: linear in the index of the rung.

use super::{Abr, Choice, State};
use crate::player::playback::count;

/// See the module.
#[derive(Debug, Clone, Copy)]
pub struct BufferBased {
    /// Below this level in ms the lowest rung is chosen.
    pub reservoir: f64,
    /// This many ms above the reservoir the highest rung is chosen.
    pub cushion: f64,
    /// The rung of the first segment.
    pub first: usize,
}

impl Default for BufferBased {
    /// A reservoir of 5 s, a cushion of 10 s, and a start at the lowest rung.
    fn default() -> Self {
        Self { reservoir: 5000.0, cushion: 10_000.0, first: 0 }
    }
}

impl Abr for BufferBased {
    fn first(&mut self) -> usize {
        self.first
    }

    fn choose(&mut self, state: &State<'_>) -> Choice {
        let (level, top) = (state.level, state.presentation.top());
        let rung = if level < self.reservoir {
            0
        } else if level >= self.reservoir + self.cushion {
            top
        } else {
            let share = count(top) * (level - self.reservoir) / self.cushion;
            (0..=top).take_while(|rung| count(*rung) <= share).count().saturating_sub(1)
        };
        Choice::now(rung)
    }
}

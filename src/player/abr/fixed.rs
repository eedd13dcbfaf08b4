//! One rendition from the first segment to the last: the baseline that adapts to nothing.

use super::{Abr, Choice, State};

/// See the module.
#[derive(Debug, Clone, Copy)]
pub struct Fixed {
    rung: usize,
}

impl Fixed {
    /// Always `rung`, or the highest of a shorter ladder.
    #[must_use]
    pub const fn new(rung: usize) -> Self {
        Self { rung }
    }
}

impl Abr for Fixed {
    fn first(&mut self) -> usize {
        self.rung
    }

    fn choose(&mut self, state: &State<'_>) -> Choice {
        Choice::now(self.rung.min(state.presentation.top()))
    }
}

//! dash.js's rule against switching up and down again: a rung that was left downwards too often among
//! the last decisions is avoided.

use std::collections::VecDeque;

/// Decisions that are looked back on.
const SAMPLES: usize = 8;
/// The share of drops that is too much.
const THRESHOLD: f64 = 0.075;

/// The last decisions: from which rung, and whether downwards.
#[derive(Debug, Default)]
pub(super) struct SwitchHistory {
    decisions: VecDeque<(usize, bool)>,
}

impl SwitchHistory {
    pub(super) fn push(&mut self, from: usize, to: usize) {
        self.decisions.push_back((from, to < from));
        if self.decisions.len() > SAMPLES {
            self.decisions.pop_front();
        }
    }

    pub(super) fn clear(&mut self) {
        self.decisions.clear();
    }

    /// The rung that the rule proposes, if any.
    pub(super) fn proposal(&self, rungs: usize) -> Option<usize> {
        let (mut drops, mut others) = (0_u32, 0_u32);
        for rung in 0..rungs {
            let (mut dropped, mut found) = (0, false);
            for (from, down) in &self.decisions {
                if *from == rung {
                    found = true;
                    dropped += u32::from(*down);
                    others += u32::from(!*down);
                }
            }
            drops += dropped;
            let enough = drops + others >= u32::try_from(SAMPLES).unwrap_or(u32::MAX);
            // Without any other decision the share is infinite.
            if found && enough && f64::from(drops) / f64::from(others) > THRESHOLD {
                return Some(if rung > 0 && dropped > 0 { rung - 1 } else { rung });
            }
        }
        None
    }
}

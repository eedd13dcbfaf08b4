//! BOLA: the rung that maximises (V·(υ + γp) − buffer) ÷ bitrate.
//!
//! Source: Spiteri, Urgaonkar, Sitaraman, "BOLA: Near-Optimal Bitrate Adaptation for Online Videos",
//! INFOCOM 2016: BOLA-BASIC, BOLA-FINITE and BOLA-O. The arithmetic is Sabre's.

use super::{Abr, Choice, State};
use crate::player::{network::Progress, playback::count, presentation::Presentation};

/// The parameters.
#[derive(Debug, Clone, Copy)]
pub struct BolaConfig {
    /// γp, in segments.
    pub gamma_p: f64,
    /// The maximum buffer in ms.
    pub max_buffer: f64,
    /// BOLA-O: waits rather than going one rung above what the throughput sustains.
    pub avoid_oscillation: bool,
    /// BOLA-BASIC: one V for the whole session, and no abandonment.
    pub basic: bool,
}

/// See the module.
#[derive(Debug)]
pub struct Bola {
    config: BolaConfig,
    utilities: Vec<f64>,
    vp: f64,
    start: usize,
    last: usize,
}

impl Bola {
    /// The algorithm for `presentation`.
    #[must_use]
    pub fn new(config: BolaConfig, presentation: &Presentation) -> Self {
        let utilities = utilities(presentation, 0.0);
        let mut bola = Self { config, utilities, vp: 0.0, start: 0, last: 0 };
        bola.vp = bola.vp(config.max_buffer, presentation);
        bola
    }

    /// V·p for a maximum buffer.
    fn vp(&self, max_buffer: f64, presentation: &Presentation) -> f64 {
        let highest = self.utilities[presentation.top()];
        (max_buffer - presentation.segment()) / (highest + self.config.gamma_p)
    }

    /// BOLA-FINITE: the buffer grows after the start and shrinks before the end.
    fn fit(&mut self, state: &State<'_>) {
        let since = count(state.segment) - count(self.start);
        let left = count(state.presentation.count()) - count(state.segment);
        let segments = (since.min(left) / 2.0).max(3.0);
        let max_buffer = self.config.max_buffer.min(segments * state.presentation.segment());
        self.vp = self.vp(max_buffer, state.presentation);
    }

    /// Caps a switch up by the throughput: at most one rung above it, or a wait (BOLA-O).
    fn cap(&self, state: &State<'_>, rung: usize) -> Choice {
        let Some(estimate) = state.estimate else { return Choice::now(rung) };
        let sustainable = state.sustainable(estimate.throughput);
        if rung <= sustainable {
            Choice::now(rung)
        } else if self.last > sustainable {
            Choice::now(self.last)
        } else if !self.config.avoid_oscillation {
            Choice::now(sustainable + 1)
        } else if sustainable == state.presentation.top() {
            Choice::now(sustainable)
        } else {
            let level = self.vp * (self.config.gamma_p + self.utilities[sustainable]);
            Choice { rung: sustainable, wait: (state.level - level).max(0.0) }
        }
    }

    /// The buffer levels in ms at which the algorithm is indifferent: for each rung that at which no
    /// download is as good, and but for the lowest that at which the rung below is as good.
    #[must_use]
    pub fn thresholds(&self, presentation: &Presentation) -> Vec<(f64, Option<f64>)> {
        thresholds(&self.utilities, presentation.bitrates(), self.vp, self.config.gamma_p)
    }
}

impl Abr for Bola {
    fn choose(&mut self, state: &State<'_>) -> Choice {
        if !self.config.basic {
            self.fit(state);
        }
        let (bitrates, level) = (state.presentation.bitrates(), state.level);
        let rung = best(&self.utilities, bitrates, self.vp, self.config.gamma_p, level);
        let choice = if rung > self.last { self.cap(state, rung) } else { Choice::now(rung) };
        self.last = choice.rung;
        choice
    }

    fn abandon(
        &mut self,
        state: &State<'_>,
        rung: usize,
        progress: &Progress,
        level: f64,
    ) -> Option<usize> {
        let left = progress.size - progress.received;
        if self.config.basic || progress.received <= 0.0 || left <= 0.0 {
            return None;
        }
        let worth = |rung: usize| self.vp * (self.config.gamma_p + self.utilities[rung]) - level;
        let score = worth(rung) / left;
        if score < 0.0 {
            return None;
        }
        let bitrates = state.presentation.bitrates();
        let found = best_abandonment(bitrates, rung, progress.size, left, score, worth);
        if let Some(lower) = found {
            self.last = lower;
        }
        found
    }

    fn on_seek(&mut self, target: f64, presentation: &Presentation) {
        self.start = whole(target / presentation.segment());
    }
}

/// ln(bitrate ÷ lowest) + `lowest` for each rung.
pub(super) fn utilities(presentation: &Presentation, lowest: f64) -> Vec<f64> {
    let bitrates = presentation.bitrates();
    let offset = lowest - bitrates[0].ln();
    bitrates.iter().map(|bitrate| bitrate.ln() + offset).collect()
}

/// The buffer from which on `rung` is better than all lower ones.
pub(super) fn min_level(
    utilities: &[f64],
    bitrates: &[f64],
    vp: f64,
    gamma_p: f64,
    rung: usize,
) -> f64 {
    let (bitrate, utility) = (bitrates[rung], utilities[rung]);
    let lower = bitrates.iter().zip(utilities).take(rung).filter(|(_, u)| **u < utility);
    lower.fold(0.0, |level: f64, (b, u)| {
        level.max(vp * (gamma_p + (bitrate * u - b * utility) / (bitrate - b)))
    })
}

/// See [`Bola::thresholds`].
pub(super) fn thresholds(
    utilities: &[f64],
    bitrates: &[f64],
    vp: f64,
    gamma_p: f64,
) -> Vec<(f64, Option<f64>)> {
    let below = |rung: usize| {
        let lower = rung.checked_sub(1)?;
        let (b, u) = (bitrates[rung], utilities[rung]);
        let (lower_b, lower_u) = (bitrates[lower], utilities[lower]);
        Some(vp * (gamma_p + (b * lower_u - lower_b * u) / (b - lower_b)))
    };
    (0..bitrates.len()).map(|rung| (vp * (gamma_p + utilities[rung]), below(rung))).collect()
}

/// The rung of the highest score at a buffer of `level` ms; the lower one of equals.
pub(super) fn best(
    utilities: &[f64],
    bitrates: &[f64],
    vp: f64,
    gamma_p: f64,
    level: f64,
) -> usize {
    let (mut found, mut highest) = (0, f64::NEG_INFINITY);
    for (rung, (utility, bitrate)) in utilities.iter().zip(bitrates).enumerate() {
        let score = (vp * (utility + gamma_p) - level) / bitrate;
        if rung == 0 || score > highest {
            (found, highest) = (rung, score);
        }
    }
    found
}

/// The rung below `rung` at which a new download has the highest score, if that is above the `score` of
/// what is left of this one, and less is to be carried.
pub(super) fn best_abandonment(
    bitrates: &[f64],
    rung: usize,
    size: f64,
    left: f64,
    mut score: f64,
    worth: impl Fn(usize) -> f64,
) -> Option<usize> {
    let mut found = None;
    for lower in 0..rung {
        let other_size = size * bitrates[lower] / bitrates[rung];
        let other_score = worth(lower) / other_size;
        if other_size < left && other_score > score {
            score = other_score;
            found = Some(lower);
        }
    }
    found
}

/// The whole part of a number that is not negative.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
fn whole(number: f64) -> usize {
    number.floor() as usize
}

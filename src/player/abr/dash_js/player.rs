//! The rules together.

use super::{
    abandonment::Abandonment,
    bola_rule::{BolaRule, Moment},
    l2a_rule::{L2aMoment, L2aRule},
    lolp_rule::{LolpMoment, LolpRule},
    means::DashJsAverage,
    switch_history::SwitchHistory,
    throughput_average::ThroughputAverage,
};
use crate::player::{
    abr::{Abr, Choice, State},
    network::Progress,
    presentation::Presentation,
    session_report::SessionReport,
};
use std::sync::Arc;

const MS: f64 = 1000.0;
/// Before anything was measured, the video may have this many kbit/s.
const FIRST: f64 = 1000.0;
/// The share of the average that the rule against underruns uses.
const INSUFFICIENT_BUFFER_SAFETY: f64 = 0.7;
/// Up to this many ms the buffer is empty (`stallThreshold`).
const EMPTY: f64 = 300.0;
/// It is silent for this many segments after the start or a seek.
const INSUFFICIENT_BUFFER_IGNORED: u32 = 2;

/// Which rules are on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each rule is on or off by itself")]
pub struct DashJsRules {
    /// `throughputRule`
    pub throughput: bool,
    /// `bolaRule`
    pub bola: bool,
    /// `insufficientBufferRule`
    pub insufficient_buffer: bool,
    /// `switchHistoryRule`
    pub switch_history: bool,
    /// `l2ARule`, for low latency.
    pub l2a: bool,
    /// `loLPRule`, for low latency.
    pub lolp: bool,
    /// `abandonRequestsRule`
    pub abandon_requests: bool,
}

impl DashJsRules {
    /// No rule.
    pub const NONE: Self = Self {
        throughput: false,
        bola: false,
        insufficient_buffer: false,
        switch_history: false,
        l2a: false,
        lolp: false,
        abandon_requests: false,
    };
}

impl Default for DashJsRules {
    fn default() -> Self {
        Self {
            throughput: true,
            bola: true,
            insufficient_buffer: true,
            switch_history: true,
            abandon_requests: true,
            ..Self::NONE
        }
    }
}

/// The settings, by their names in dash.js.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DashJsConfig {
    /// Which rules are on. With both the throughput rule and BOLA, one of them is used at a time
    /// (DYNAMIC).
    pub rules: DashJsRules,
    /// `hybridSwitchBufferTime` in seconds: BOLA takes over at this level, and leaves at half of it.
    /// 12 since 5.2; 18 in 5.1.
    pub hybrid_switch: f64,
    /// `bufferTimeDefault` in seconds.
    pub buffer_time: f64,
    /// `throughputFastHalfLifeSeconds`
    pub fast: f64,
    /// `throughputSlowHalfLifeSeconds`
    pub slow: f64,
    /// `averageCalculationMode`
    pub average: DashJsAverage,
    /// Whether the stream is live.
    pub live: bool,
}

impl Default for DashJsConfig {
    fn default() -> Self {
        Self {
            rules: DashJsRules::default(),
            hybrid_switch: 12.0,
            buffer_time: 18.0,
            fast: 3.0,
            slow: 8.0,
            average: DashJsAverage::Ewma,
            live: false,
        }
    }
}

/// See the module above.
#[derive(Debug)]
pub struct DashJs {
    config: DashJsConfig,
    /// What is played, with the bitrates of the video alone.
    presentation: Arc<Presentation>,
    average: ThroughputAverage,
    bola: Option<BolaRule>,
    l2a: L2aRule,
    lolp: LolpRule,
    uses_bola: bool,
    history: SwitchHistory,
    ignored: u32,
    /// Whether the buffer is empty when a segment is chosen.
    empty: bool,
    current: usize,
    abandonment: Abandonment,
}

impl DashJs {
    /// The player's rules for `presentation`.
    #[must_use]
    pub fn new(config: DashJsConfig, presentation: &Presentation) -> Self {
        let half_lives = [config.fast, config.slow];
        let presentation = Arc::new(presentation.video_alone());
        let current = highest_within(&presentation, FIRST);
        Self {
            config,
            l2a: L2aRule::new(),
            lolp: LolpRule::default(),
            average: ThroughputAverage::new(config.average, config.live, half_lives),
            bola: BolaRule::new(&presentation, config.buffer_time),
            uses_bola: false,
            history: SwitchHistory::default(),
            ignored: INSUFFICIENT_BUFFER_IGNORED,
            empty: false,
            current,
            abandonment: Abandonment::default(),
            presentation,
        }
    }

    /// Which of the two main rules is used at a buffer of `buffer` seconds.
    fn switch_rules(&mut self, buffer: f64) {
        let rules = self.config.rules;
        self.uses_bola = match (rules.throughput, rules.bola) {
            (_, false) => false,
            (false, true) => true,
            (true, true) => {
                let hybrid = self.config.hybrid_switch;
                buffer >= if self.uses_bola { 0.5 * hybrid } else { hybrid }
            }
        };
    }

    /// What BOLA or the throughput rule proposes.
    fn main_proposal(&mut self, state: &State<'_>) -> Option<usize> {
        let safe = self.average.safe()?;
        let sustainable = highest_within(state.presentation, safe);
        let rules = self.config.rules;
        if self.uses_bola {
            let moment = Moment {
                presentation: state.presentation,
                buffer: state.level / MS,
                now: state.now,
                sustainable,
            };
            self.bola.as_mut().map(|bola| bola.proposal(&moment))
        } else {
            let speaks = !self.empty || self.config.live;
            (rules.throughput && speaks && !self.abandonment.holds(state.now))
                .then_some(sustainable)
        }
    }

    /// What L2A proposes.
    fn l2a(&mut self, state: &State<'_>) -> Option<usize> {
        let (safe, throughput) = (self.average.safe()?, self.average.last()?);
        self.config.rules.l2a.then(|| {
            self.l2a.proposal(&L2aMoment {
                presentation: state.presentation,
                buffer: state.level / MS,
                sustainable: highest_within(state.presentation, safe),
                throughput,
                playback_rate: state.playback_rate,
            })
        })
    }

    /// What LoL+ proposes.
    fn lolp(&mut self, state: &State<'_>) -> Option<usize> {
        let safe = self.average.safe()?;
        self.config.rules.lolp.then(|| {
            self.lolp.proposal(&LolpMoment {
                presentation: state.presentation,
                buffer: state.level / MS,
                safe,
                latency: state.live_latency / MS,
                playback_rate: state.playback_rate,
                current: self.current,
            })
        })
    }

    /// The rung that arrives before the buffer runs empty; the lowest where it is.
    fn insufficient_buffer(&self, state: &State<'_>) -> Option<usize> {
        if !self.config.rules.insufficient_buffer || self.ignored > 0 {
            return None;
        }
        if self.empty {
            return Some(0);
        }
        let safe = self.average.average()? * INSUFFICIENT_BUFFER_SAFETY;
        let bitrate = safe * (state.level / MS) / (state.presentation.segment() / MS);
        (bitrate > 0.0).then(|| highest_within(state.presentation, bitrate))
    }
}

impl Abr for DashJs {
    fn first(&mut self) -> usize {
        self.current
    }

    fn choose(&mut self, state: &State<'_>) -> Choice {
        let presentation = Arc::clone(&self.presentation);
        let state = &State { presentation: &presentation, ..*state };
        self.switch_rules(state.level / MS);
        let rungs = state.presentation.bitrates().len();
        let history =
            self.config.rules.switch_history.then(|| self.history.proposal(rungs)).flatten();
        let proposals = [
            self.main_proposal(state),
            self.l2a(state),
            self.lolp(state),
            self.insufficient_buffer(state),
            history,
        ];
        let Some(chosen) = proposals.into_iter().flatten().min() else {
            return Choice::now(self.current);
        };
        self.history.push(self.current, chosen);
        if chosen < self.current || !self.abandonment.holds(state.now) {
            self.current = chosen;
        }
        Choice::now(self.current)
    }

    fn abandon(
        &mut self,
        state: &State<'_>,
        rung: usize,
        progress: &Progress,
        level: f64,
    ) -> Option<usize> {
        if !self.config.rules.abandon_requests || level / MS > self.config.buffer_time {
            return None;
        }
        let throughput = self.abandonment.throughput(state, rung, progress)?;
        let lower = highest_within(&self.presentation, throughput);
        let bitrates = self.presentation.bitrates();
        let size = progress.size * bitrates[lower] / bitrates[rung];
        if progress.size - progress.received <= size {
            return None;
        }
        self.abandonment.begin(state.segment, state.now + progress.time);
        self.history.clear();
        self.current = lower;
        if let Some(bola) = &mut self.bola {
            bola.on_abandonment(&self.presentation, lower, level / MS);
        }
        Some(lower)
    }

    fn on_first(&mut self, state: &State<'_>, report: &SessionReport) {
        self.on_download(state, report);
    }

    fn on_download(&mut self, state: &State<'_>, report: &SessionReport) {
        if report.download.abandoned {
            return;
        }
        self.current = report.rung;
        self.ignored = self.ignored.saturating_sub(1);
        let progress = &report.download.progress;
        // dash.js notes times in whole milliseconds.
        let (requested, finished) = ((state.now - progress.time).trunc(), state.now.trunc());
        let duration = state.presentation.segment() / MS;
        let before = report.levels[1] / MS;
        if let Some(bola) = &mut self.bola {
            bola.on_segment(report.rung, duration, requested, finished, before, report.replaced);
        }
        // It follows the level all the time: here it is at its lowest.
        self.switch_rules(before);
        // After a segment was added it is not empty.
        self.empty = report.replaced && report.levels[2] <= EMPTY;
        if report.rebuffer > 0.0
            && let Some(bola) = &mut self.bola
        {
            bola.on_empty();
        }
        self.l2a.on_segment(report.rung, duration);
        let body = progress.time - progress.first_byte;
        self.average.push(progress.received / 8.0, body, finished - requested);
    }

    fn on_seek(&mut self, _target: f64, _presentation: &Presentation) {
        self.ignored = INSUFFICIENT_BUFFER_IGNORED;
        self.l2a.on_seek();
        if let Some(bola) = &mut self.bola {
            bola.on_seek();
        }
    }

    fn estimate(&self) -> Option<f64> {
        self.average.average().map(|average| average * MS)
    }
}

/// The highest rung of at most `bitrate` kbit/s; the lowest if none is.
fn highest_within(presentation: &Presentation, bitrate: f64) -> usize {
    let within = |other: &&f64| **other <= bitrate;
    presentation.bitrates().iter().take_while(within).count().saturating_sub(1)
}

//! A session of a real player: from what was measured to the figures and the trace of a virtual session.

use super::{
    Figures, Point, Trace, figures::Sums, plan::Net, shown_quality::ShownQuality, trace::rates,
};
use crate::units::LinkTime;
use crate::{model::Link, player::Presentation, seed::Seed};
use std::time::Duration;

const MS: f64 = 1000.0;
const BITS: f64 = 8.0;

/// What was measured of a session. Times are in seconds since the player was asked to play.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ObservedSession {
    /// Until the first picture moved.
    pub startup: f64,
    /// Each interruption after it: when, and for how long.
    pub stalls: Vec<(f64, f64)>,
    /// What was shown: since when, the rung (from 0), seconds of media.
    pub shown: Vec<(f64, usize, f64)>,
    /// The buffer now and then.
    pub buffer: Vec<Point>,
    /// Each download of video: start, first byte and end, and its bytes.
    pub downloads: Vec<(f64, f64, f64, f64)>,
    /// Bytes that the proxy sent, whatever for.
    pub received: f64,
    /// Those of responses that the player gave up.
    pub wasted: f64,
    /// When the last response ended, in session time.
    pub last_response: f64,
}

impl ObservedSession {
    /// Its figures. Sums over segments become integrals over the media time shown.
    #[must_use]
    pub fn figures(&self, presentation: &Presentation, net: &Net, seed: u64) -> Figures {
        let (bitrates, segment) = (presentation.bitrates(), presentation.segment());
        let bitrate = |rung: usize| bitrates.get(rung).or(bitrates.last()).copied().unwrap_or(0.0);
        let lowest = bitrate(0);
        let mut sums = Sums {
            startup: self.startup * MS,
            segment,
            // The sum of nothing would be -0.
            rebuffer: self.stalls.iter().fold(0.0, |sum, (_, seconds)| sum + seconds * MS),
            rebuffer_events: self.stalls.len() as f64,
            received: self.received * BITS,
            wasted: self.wasted * BITS,
            capacity: capacity(net, seed, self.last_response),
            quality: ShownQuality::new(bitrates),
            ..Sums::default()
        };
        let mut last = None;
        for (at, rung, seconds) in &self.shown {
            let (rate, segments) = (bitrate(*rung), seconds * MS / segment);
            sums.quality.show(*rung, segments, at * MS);
            sums.segments += segments;
            sums.bitrate += rate * segments;
            sums.utility += (rate / lowest).ln() * segments;
            if let Some(last) = last.filter(|last| last != rung) {
                sums.change += (rate - bitrate(last)).abs();
                let count = if *rung > last { &mut sums.up } else { &mut sums.down };
                *count += 1.0;
            }
            last = Some(*rung);
        }
        sums.time = sums.startup + sums.rebuffer + sums.segments * segment;
        sums.figures()
    }

    /// The same session for the report's drawing.
    #[must_use]
    pub fn trace(&self, net: &Net, seed: u64) -> Trace {
        let end = self.shown.last().map_or(self.startup, |(at, _, seconds)| at + seconds);
        let kbps = |(start, first, end, bytes): &(f64, f64, f64, f64)| {
            (*start, *first, *end, bytes * BITS / MS / (end - first).max(1e-3))
        };
        let stalls = self.stalls.iter().map(|(at, seconds)| (*at, at + seconds));
        Trace {
            buffer: self.buffer.clone(),
            rungs: self.shown.iter().map(|(at, rung, _)| (*at, *rung)).collect(),
            downloads: self.downloads.iter().map(kbps).collect(),
            stalls: [(0.0, self.startup)].into_iter().chain(stalls).collect(),
            rates: rates(net, seed, end),
            end,
            error: None,
        }
    }
}

/// What the link could have carried until `end` seconds, in bits; `None` without a limit.
fn capacity(net: &Net, seed: u64, end: f64) -> Option<f64> {
    let mut link = Link::new(&net.link, Seed::new(seed).named("downlink"));
    link.rate(LinkTime::ZERO)?;
    Some(link.carried(LinkTime::new(Duration::try_from_secs_f64(end).ok()?)) as f64 * BITS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{LinkSpec, RateSpec},
        units::BitRate,
    };
    use std::sync::Arc;

    fn net() -> Net {
        let rate = RateSpec::Constant(BitRate::from_bits_per_second(4_000_000));
        let link = LinkSpec { rate, ..LinkSpec::default() };
        Net {
            name: "constant".to_owned(),
            link: Arc::new(link),
            own: Vec::new(),
            shared: Vec::new(),
            two: Default::default(),
            uplink: LinkSpec::default(),
            rules: None,
        }
    }

    /// 30 s at 1000 kbit/s and 10 s at 2000, with 2 s of rebuffering: the same figures as of ten segments.
    #[test]
    fn the_figures_are_those_of_the_same_virtual_session() {
        let session = ObservedSession {
            startup: 1.0,
            stalls: vec![(5.0, 0.5), (9.0, 1.5)],
            shown: vec![(1.0, 0, 20.0), (21.0, 1, 10.0), (33.0, 0, 10.0)],
            received: 7.5e6,
            last_response: 30.0,
            ..ObservedSession::default()
        };
        let presentation = Presentation::constant(4000.0, vec![1000.0, 2000.0], 10).unwrap();
        let figures = session.figures(&presentation, &net(), 1);
        assert_eq!((figures.play_s, figures.startup_s), (40.0, 1.0));
        assert_eq!(figures.bitrate_kbps, 1250.0);
        assert!((figures.rebuffer_ratio - 2.0 / 42.0).abs() < 1e-12);
        assert_eq!((figures.rebuffer_count, figures.switches), (2.0, 2.0));
        assert_eq!((figures.switches_up, figures.switch_kbps), (1.0, 1000.0));
        // Up at 21 s, twenty seconds after the start, and down again.
        assert_eq!((figures.oscillations, figures.ramp_up_s), (1.0, 20.0));
        // 60 of 120 Mbit.
        assert!((figures.utilization - 0.5).abs() < 1e-3, "{}", figures.utilization);
        // (12,500 − 2000 − 3000 × 3) ÷ 10 segments.
        assert!((figures.qoe_mpc - 150.0).abs() < 1e-9);
        let score = (2.5 * std::f64::consts::LN_2 - 2.5) / 10.75;
        assert!((figures.sabre_score - score).abs() < 1e-12);
    }

    #[test]
    fn a_trace_has_the_startup_as_its_first_stall() {
        let session = ObservedSession {
            startup: 1.5,
            stalls: vec![(4.0, 2.0)],
            shown: vec![(1.5, 1, 2.5), (6.0, 0, 4.0)],
            downloads: vec![(0.5, 0.75, 1.25, 62_500.0)],
            ..ObservedSession::default()
        };
        let trace = session.trace(&net(), 1);
        assert_eq!(trace.stalls, [(0.0, 1.5), (4.0, 6.0)]);
        assert_eq!(trace.rungs, [(1.5, 1), (6.0, 0)]);
        assert_eq!(trace.downloads, [(0.5, 0.75, 1.25, 1000.0)]);
        assert_eq!(trace.end, 10.0);
        assert!(!trace.rates.is_empty());
    }
}

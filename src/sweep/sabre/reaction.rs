//! How fast a player reacts to more bandwidth, by Sabre's definition.

use crate::player::{CapacityChange, Observer, Presentation};
use std::collections::VecDeque;

/// A rise of the sustainable rung that playback has not followed yet, or has.
#[derive(Debug)]
struct Rise {
    at: f64,
    rung: usize,
    /// When playback followed, or the rise was over.
    end: Option<f64>,
}

/// Watches how playback follows the network.
#[derive(Debug)]
pub(super) struct Reaction {
    bitrates: Vec<f64>,
    segment: f64,
    max_buffer: f64,
    threshold: Option<i64>,
    sustainable: Option<usize>,
    rises: VecDeque<Rise>,
    total: f64,
    ramp_up: Option<f64>,
    ramp_up_from: f64,
}

impl Reaction {
    /// Nothing seen yet. `threshold`: the rung at which playback is ramped up; by default the
    /// sustainable one.
    pub(super) fn new(
        presentation: &Presentation,
        max_buffer: f64,
        threshold: Option<i64>,
    ) -> Self {
        Self {
            bitrates: presentation.bitrates().to_vec(),
            segment: presentation.segment(),
            max_buffer,
            threshold,
            sustainable: None,
            rises: VecDeque::new(),
            total: 0.0,
            ramp_up: None,
            ramp_up_from: 0.0,
        }
    }

    /// The sum of reaction times in ms.
    pub(super) const fn total(&self) -> f64 {
        self.total
    }

    /// When playback was ramped up, in ms.
    pub(super) const fn ramp_up(&self) -> Option<f64> {
        self.ramp_up
    }

    /// The sustainable rung.
    pub(super) const fn sustainable(&self) -> Option<usize> {
        self.sustainable
    }

    /// Starts to measure the ramp-up again at session time `at`, as after a seek.
    pub(super) const fn restart(&mut self, at: f64) {
        self.ramp_up = None;
        self.ramp_up_from = at;
    }

    /// Counts the rises that are older than the buffer can reach back from `now`.
    fn settle(&mut self, now: f64) {
        let cutoff = now - self.max_buffer;
        while self.rises.front().is_some_and(|rise| rise.at < cutoff) {
            let Some(rise) = self.rises.pop_front() else { break };
            let reaction =
                rise.end.map_or(self.max_buffer, |end| self.max_buffer.min(end - rise.at));
            self.total += reaction;
        }
    }

    /// Notes a change of the sustainable rung at network time `at`.
    fn note(&mut self, at: f64, rung: usize, before: usize, buffer: &VecDeque<usize>) {
        self.settle(at);
        for rise in self.rises.iter_mut().filter(|rise| rise.end.is_none() && rise.rung > rung) {
            rise.end = Some(at);
        }
        let is_known =
            buffer.iter().chain(self.rises.iter().map(|rise| &rise.rung)).any(|q| rung <= *q);
        if rung > before && !is_known {
            self.rises.push_back(Rise { at, rung, end: None });
        }
    }
}

impl Observer for Reaction {
    fn segment_shown(&mut self, rung: usize, shown: f64) {
        let target =
            self.threshold.or_else(|| self.sustainable.and_then(|rung| rung.try_into().ok()));
        let reached = target.is_none_or(|target| i64::try_from(rung).unwrap_or(i64::MAX) >= target);
        if self.ramp_up.is_none() && reached {
            self.ramp_up = Some(shown - self.ramp_up_from);
        }
        for rise in self.rises.iter_mut().filter(|rise| rise.end.is_none() && rung >= rise.rung) {
            rise.end = Some(shown);
        }
    }

    fn advanced(&mut self, shown: f64) {
        self.settle(shown);
    }

    fn capacity_changed(&mut self, change: &CapacityChange, buffer: &VecDeque<usize>) {
        let share = 1.0 - change.latency / self.segment;
        let bandwidth = change.bandwidth * share;
        let rung =
            self.bitrates.iter().skip(1).take_while(|bitrate| **bitrate <= bandwidth).count();
        if let Some(before) = self.sustainable.replace(rung)
            && before != rung
        {
            self.note(change.at, rung, before, buffer);
        }
    }
}

//! The rate of the network over time, and what stands behind each figure.

use super::{
    cells::{Transfer, cells},
    record::Recording,
};
use serde::Serialize;
use std::time::Duration;

/// Smaller bodies say nothing of a rate: they fit into one round trip.
const LEAST_BODY: u64 = 16 << 10;
/// The least data for a figure: seconds and bytes together, or bytes alone.
const LEAST_BUSY: f64 = 0.02;
const LEAST_BYTES: f64 = 4096.0;
const ENOUGH_BYTES: f64 = 65_536.0;
/// No transfer is shorter: what came at once is as quick as this.
const SHORTEST: Duration = Duration::from_millis(1);
/// Neighbours whose rates differ by less become one step.
const SAME: f64 = 0.02;
/// The highest rate of an estimate, in bit/s.
const HIGHEST: f64 = 1e11;

/// What a rate is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Evidence {
    /// From bytes that arrived.
    Measured,
    /// Nothing was under way: between the rates before and after.
    Interpolated,
    /// Something was under way, and nothing arrived.
    Silent,
}

/// A time with one rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct RateStep {
    /// Its start, in seconds since the start of the recording.
    pub(super) at_s: f64,
    /// How long it lasts.
    pub(super) lasts_s: f64,
    pub(super) rate_bps: u64,
    pub(super) evidence: Evidence,
    /// Bytes behind the figure.
    pub(super) bytes: u64,
    /// The share of the time in which something was under way, from 0 to 1.
    pub(super) share: f64,
}

/// What is known of one interval.
#[derive(Debug, Clone, Copy, Default)]
struct Bin {
    bytes: f64,
    busy: f64,
    /// Seconds in which nothing passed.
    silent: f64,
    /// Of samples: bits, and the seconds that they cover.
    sampled: (f64, f64),
    /// Bytes and seconds behind the samples.
    behind: (f64, f64),
}

/// The steps of a recording, in order, in intervals of `width`; empty when nothing is known of the rate.
pub(super) fn rate_steps(recording: &Recording, width: Duration) -> Vec<RateStep> {
    let width = width.as_secs_f64();
    let count = (recording.end().as_secs_f64() / width).ceil().max(1.0) as usize;
    let bins = bins(recording, width, count);
    let known: Vec<Option<f64>> = bins.iter().map(|bin| bin.rate(width)).collect();
    if known.iter().all(|rate| rate.is_none_or(|rate| rate <= 0.0)) {
        return Vec::new();
    }
    let filled = interpolated(&known);
    let steps =
        bins.iter().zip(&known).zip(&filled).enumerate().map(|(at, ((bin, known), rate))| {
            let evidence = match known {
                Some(rate) if *rate <= 0.0 => Evidence::Silent,
                Some(_) => Evidence::Measured,
                None => Evidence::Interpolated,
            };
            let (bytes, busy) = bin.evidence();
            RateStep {
                at_s: at as f64 * width,
                lasts_s: width,
                rate_bps: rounded(*rate),
                evidence,
                bytes: if evidence == Evidence::Interpolated { 0 } else { bytes.round() as u64 },
                share: (busy / width).clamp(0.0, 1.0),
            }
        });
    merged(steps)
}

fn bins(recording: &Recording, width: f64, count: usize) -> Vec<Bin> {
    let mut bins = vec![Bin::default(); count];
    let silences = joined(&recording.silences);
    for cell in cells(&transfers(recording), &silences) {
        let length = cell.to - cell.from;
        spread(&mut bins, width, cell.from, cell.to, |bin, part| {
            bin.bytes += cell.bytes * part / length;
            bin.busy += cell.busy * part / length;
        });
    }
    for &(from, to) in &silences {
        spread(&mut bins, width, from, to, |bin, part| bin.silent += part);
    }
    for sample in &recording.samples {
        let (from, to) = (sample.from.as_secs_f64(), sample.to.as_secs_f64());
        let length = (to - from).max(1e-9);
        spread(&mut bins, width, from, to, |bin, part| {
            bin.sampled.0 += sample.rate * part;
            bin.sampled.1 += part;
            bin.behind.0 += sample.bytes as f64 * part / length;
            bin.behind.1 += sample.busy.as_secs_f64() * part / length;
        });
    }
    bins
}

impl Bin {
    /// Bit/s; `None` when too little is known.
    fn rate(&self, width: f64) -> Option<f64> {
        let (bits, covered) = self.sampled;
        if covered > LEAST_BUSY {
            return Some(bits / covered);
        }
        let open = (1.0 - self.silent / width).clamp(0.0, 1.0);
        if open < 0.05 {
            return Some(0.0);
        }
        let enough = self.bytes >= ENOUGH_BYTES;
        let enough = enough || self.busy >= LEAST_BUSY && self.bytes >= LEAST_BYTES;
        (enough && self.busy > 0.0).then(|| self.bytes * 8.0 / self.busy * open)
    }

    /// Bytes and seconds behind the rate.
    fn evidence(&self) -> (f64, f64) {
        if self.sampled.1 > LEAST_BUSY {
            self.behind
        } else {
            (self.bytes, self.busy + self.silent)
        }
    }
}

/// The bodies that say something of the rate.
fn transfers(recording: &Recording) -> Vec<Transfer> {
    let bodies = recording.records.iter().filter_map(|record| record.body);
    let large = bodies.filter(|body| body.bytes >= LEAST_BODY);
    large
        .map(|body| {
            let lasts = body.lasts.max(SHORTEST);
            let from = body.start.as_secs_f64();
            let limited = body.limited.as_secs_f64() / body.lasts.as_secs_f64().max(1e-9);
            let limited = if body.lasts.is_zero() { 1.0 } else { limited.clamp(0.0, 1.0) };
            Transfer { from, to: from + lasts.as_secs_f64(), bytes: body.bytes as f64, limited }
        })
        .collect()
}

/// Silences in order, those that overlap joined.
fn joined(silences: &[(Duration, Duration)]) -> Vec<(f64, f64)> {
    let mut sorted: Vec<(f64, f64)> = silences
        .iter()
        .map(|(at, lasts)| (at.as_secs_f64(), (*at + *lasts).as_secs_f64()))
        .collect();
    sorted.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut joined: Vec<(f64, f64)> = Vec::new();
    for (from, to) in sorted {
        match joined.last_mut() {
            Some((_, last)) if *last >= from => *last = last.max(to),
            _ => joined.push((from, to)),
        }
    }
    joined
}

/// Calls `add` for each bin between `from` and `to` with the seconds of it that lie between.
fn spread(bins: &mut [Bin], width: f64, from: f64, to: f64, mut add: impl FnMut(&mut Bin, f64)) {
    let first = (from / width).floor().max(0.0) as usize;
    for (at, bin) in bins.iter_mut().enumerate().skip(first) {
        let start = at as f64 * width;
        if start >= to {
            break;
        }
        let part = to.min(start + width) - from.max(start);
        if part > 0.0 {
            add(bin, part);
        }
    }
}

/// Fills what is not known linearly between the neighbours that are known and not silent; at both ends the nearest
/// one stays.
fn interpolated(known: &[Option<f64>]) -> Vec<f64> {
    let firm: Vec<(usize, f64)> = known
        .iter()
        .enumerate()
        .filter_map(|(at, rate)| rate.filter(|rate| *rate > 0.0).map(|rate| (at, rate)))
        .collect();
    let mut next = 0;
    let fill = known.iter().enumerate().map(|(at, rate)| {
        while firm.get(next).is_some_and(|(place, _)| *place < at) {
            next += 1;
        }
        let after = firm.get(next);
        let before = next.checked_sub(1).and_then(|before| firm.get(before));
        match (rate, before, after) {
            (Some(rate), ..) => *rate,
            (None, Some((_, rate)), None) | (None, None, Some((_, rate))) => *rate,
            (None, Some(&(start, low)), Some(&(end, high))) => {
                low + (high - low) * (at - start) as f64 / (end - start) as f64
            }
            (None, None, None) => 0.0,
        }
    });
    fill.collect()
}

/// Four digits, in bit/s.
fn rounded(rate: f64) -> u64 {
    let rate = rate.clamp(0.0, HIGHEST);
    if rate < 1000.0 {
        return rate.round() as u64;
    }
    let unit = 10_f64.powf(rate.log10().floor() - 3.0);
    ((rate / unit).round() * unit).round() as u64
}

/// Neighbours with nearly the same rate and the same evidence as one step.
fn merged(steps: impl Iterator<Item = RateStep>) -> Vec<RateStep> {
    let mut merged: Vec<RateStep> = Vec::new();
    for step in steps {
        match merged.last_mut() {
            Some(last) if last.is_like(&step) => last.add(&step),
            _ => merged.push(step),
        }
    }
    merged
}

impl RateStep {
    fn is_like(&self, next: &Self) -> bool {
        let (one, other) = (self.rate_bps as f64, next.rate_bps as f64);
        self.evidence == next.evidence && (one - other).abs() <= SAME * one.min(other)
    }

    fn add(&mut self, next: &Self) {
        let whole = self.lasts_s + next.lasts_s;
        let mean = |one: f64, other: f64| (one * self.lasts_s + other * next.lasts_s) / whole;
        self.rate_bps = rounded(mean(self.rate_bps as f64, next.rate_bps as f64));
        self.share = mean(self.share, next.share);
        self.bytes += next.bytes;
        self.lasts_s = whole;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::record::{Body, Record, Sample};

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn body(start: u64, lasts: u64, bytes: u64) -> Record {
        let (start, lasts) = (ms(start), ms(lasts));
        let body = Body { start, lasts, limited: lasts, bytes };
        Record { at: start, lasts, body: Some(body), ..Record::default() }
    }

    fn steps(recording: &Recording) -> Vec<(f64, u64, Evidence)> {
        let steps = rate_steps(recording, ms(1000));
        steps.iter().map(|step| (step.lasts_s, step.rate_bps / 1000, step.evidence)).collect()
    }

    /// A player that fetches for a second and then rests for three says nothing of the rest.
    #[test]
    fn idle_times_are_no_evidence() {
        use Evidence::{Interpolated, Measured};
        let records = vec![body(0, 1000, 125_000), body(4000, 1000, 250_000)];
        let recording = Recording { records, ..Recording::default() };
        let expected = [
            (1.0, 1000, Measured),
            (1.0, 1250, Interpolated),
            (1.0, 1500, Interpolated),
            (1.0, 1750, Interpolated),
            (1.0, 2000, Measured),
        ];
        assert_eq!(steps(&recording), expected);
    }

    #[test]
    fn a_part_of_an_interval_tells_its_rate() {
        let recording = Recording { records: vec![body(0, 250, 125_000)], ..Recording::default() };
        let all = rate_steps(&recording, ms(1000));
        assert_eq!((all[0].rate_bps, all[0].share, all[0].bytes), (4_000_000, 0.25, 125_000));
    }

    #[test]
    fn samples_and_silences_take_precedence() {
        use Evidence::{Measured, Silent};
        let sample = Sample { from: ms(0), to: ms(1000), rate: 3e6, bytes: 1, busy: ms(1000) };
        let recording = Recording {
            records: vec![body(0, 3000, 750_000)],
            samples: vec![sample],
            silences: vec![(ms(1000), ms(600)), (ms(1500), ms(500))],
            ..Recording::default()
        };
        let expected = [(1.0, 3000, Measured), (1.0, 0, Silent), (1.0, 3000, Measured)];
        assert_eq!(steps(&recording), expected);
    }

    #[test]
    fn small_bodies_say_nothing() {
        let recording = Recording { records: vec![body(0, 10, 900)], ..Recording::default() };
        assert_eq!(steps(&recording), []);
    }
}

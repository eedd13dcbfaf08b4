//! The estimate of a recording: a profile, rules, and what stands behind them.

use super::{
    error::ReplayError,
    fault::seen,
    fault_rules::{self, FaultRule, rules, short_rules},
    latency_estimate::{latency, slow_wait},
    profile_text::profile,
    rate_estimate::{Evidence, RateStep, rate_steps},
    record::{Ending, Record, Recording},
    recorded_fault::Fault,
    summary::{FaultView, SCHEMA, Summary},
};
use crate::units::span;
use std::{collections::HashSet, time::Duration};

/// The most intervals of an estimate; longer recordings have wider ones.
const MOST_INTERVALS: u32 = 100_000;
/// A time without a byte and with a failed request is a silence of the network if it is as long.
const LEAST_SILENCE: Duration = Duration::from_secs(2);
/// A response slower by this factor than another one at the same time is slow by itself.
const SLOW_BESIDE: f64 = 8.0;
/// Neighbours in time that a response is compared with.
const BESIDE: usize = 16;

/// A profile and rules that reproduce a recording.
#[derive(Debug, Clone)]
pub struct Reproduction {
    /// The profile, TOML.
    pub profile: String,
    /// The rules, TOML; empty if there were no faults.
    pub rules: String,
    /// The rules in the short form for a link, if they can be written so.
    pub short_rules: Option<String>,
    /// The figures.
    pub summary: Summary,
}

impl Reproduction {
    /// Estimates the network of `recording`, which is called `name`, in steps of `interval`.
    ///
    /// # Errors
    /// If there is nothing in it to estimate from.
    pub fn of(recording: &Recording, name: &str, interval: Duration) -> Result<Self, ReplayError> {
        if recording.records.is_empty() && recording.samples.is_empty() {
            return Err(ReplayError::Nothing("has no request; record while the player plays"));
        }
        let mut recording = recording.clone();
        let mut faults = faults(&mut recording);
        add_silences(&mut recording, &mut faults);
        let interval = interval.max(recording.end() / MOST_INTERVALS);
        let rates = rate_steps(&recording, interval);
        let latency = latency(&recording);
        let (rules, left_out) = rules(&recording.records, &faults);
        let lasts = recording.end();
        let length = span::print(Duration::from_secs(lasts.as_secs().max(1)));
        let summary_line = format!("As recorded in {name}, {length}");
        let source = format!(
            "Estimated by vsps replay from {name} ({}, {} requests)",
            recording.form,
            recording.records.len()
        );
        let profile = profile(&summary_line, &source, latency.as_ref(), &rates);
        let summary = Summary {
            schema: SCHEMA,
            form: recording.form,
            requests: recording.records.len(),
            bytes: recording.records.iter().filter_map(|r| r.body).map(|body| body.bytes).sum(),
            duration_s: round(lasts.as_secs_f64()),
            interval_s: interval.as_secs_f64(),
            mean_bps: mean(&rates),
            measured_share: measured(&rates),
            latency,
            faults: rules.iter().map(view).collect(),
            notes: notes(&recording, &rates, left_out),
            rates,
        };
        Ok(Self {
            profile,
            rules: rules.iter().map(FaultRule::toml).collect(),
            short_rules: short_rules(&rules),
            summary,
        })
    }
}

/// The faults of requests to hosts of the stream, by the index of their record. What a fault decided about a body is no
/// evidence of the network's rate.
fn faults(recording: &mut Recording) -> Vec<(usize, Fault)> {
    let slow = slow_wait(recording);
    let beside: Vec<Option<f64>> = slow_bodies(&recording.records);
    let mut faults = Vec::new();
    for (at, record) in recording.records.iter_mut().enumerate() {
        if let Some(own) = record.faults.as_ref().filter(|own| !own.is_empty()) {
            faults.extend(own.iter().map(|fault| (at, fault.clone())));
            continue;
        }
        if let Some(fault) = seen(record) {
            faults.push((at, fault));
            continue;
        }
        if let Some((limit, median)) = slow
            && record.wait >= limit
            && !record.class.kind.is_manifest()
        {
            faults.push((at, Fault::delay(record.wait - median)));
        }
        if let (Some(rate), Some(body)) = (beside.get(at).copied().flatten(), &mut record.body) {
            body.limited = Duration::ZERO;
            faults.push((at, Fault::new("rate", format!("{} bit/s", rate.max(1.0) as u64))));
        }
    }
    let hosts: HashSet<&str> = recording
        .records
        .iter()
        .filter(|record| record.is_of_player())
        .map(|record| record.host.as_str())
        .collect();
    faults.retain(|(at, _)| {
        let record = recording.records.get(*at);
        record.is_some_and(|record| hosts.contains(record.host.as_str()))
    });
    faults
}

/// The rate of each body that took long while another one was much quicker.
fn slow_bodies(records: &[Record]) -> Vec<Option<f64>> {
    let rate = |record: &Record| {
        let body = record.body.filter(|body| body.bytes >= 16 << 10)?;
        let lasts = body.lasts.as_secs_f64();
        (lasts > 0.05).then(|| (body, body.bytes as f64 * 8.0 / lasts))
    };
    records
        .iter()
        .enumerate()
        .map(|(at, record)| {
            let (body, own) = rate(record).filter(|(body, _)| body.lasts >= LEAST_SILENCE)?;
            let near = records.iter().skip(at.saturating_sub(BESIDE)).take(2 * BESIDE);
            let within = |other: &super::record::Body| {
                other.start >= body.start && other.start + other.lasts <= body.start + body.lasts
            };
            let quickest = near
                .filter_map(rate)
                .filter(|(other, _)| within(other))
                .map(|(_, rate)| rate)
                .fold(0.0, f64::max);
            (quickest > own * SLOW_BESIDE && record.faults.is_none()).then_some(own)
        })
        .collect()
}

/// Requests that failed while no byte came for any other: the network was away. They need no rule.
fn add_silences(recording: &mut Recording, faults: &mut Vec<(usize, Fault)>) {
    let mut arrivals: Vec<(Duration, Duration)> = recording
        .records
        .iter()
        .filter_map(|record| record.body)
        .map(|body| (body.start, body.start + body.lasts))
        .collect();
    arrivals.sort_unstable();
    let silent = |record: &Record| {
        let (from, to) = (record.at, record.end());
        let before = arrivals.partition_point(|(start, _)| *start < to);
        let overlaps = arrivals.iter().take(before).rev().take(BESIDE).any(|(_, end)| *end > from);
        let failed = matches!(record.ending, Ending::Reset | Ending::Silent);
        let long = record.lasts >= LEAST_SILENCE && record.body.is_none();
        (failed && record.faults.is_none() && long && !overlaps).then_some((from, to - from))
    };
    let mut silences = Vec::new();
    faults.retain(|(at, _)| {
        let silence = recording.records.get(*at).and_then(silent);
        silences.extend(silence);
        silence.is_none()
    });
    recording.silences.extend(silences);
}

fn mean(rates: &[RateStep]) -> Option<u64> {
    let time: f64 = rates.iter().map(|step| step.lasts_s).sum();
    let bits: f64 = rates.iter().map(|step| step.rate_bps as f64 * step.lasts_s).sum();
    (time > 0.0).then(|| (bits / time).round() as u64)
}

fn measured(rates: &[RateStep]) -> f64 {
    let time: f64 = rates.iter().map(|step| step.lasts_s).sum();
    let measured = rates.iter().filter(|step| step.evidence != Evidence::Interpolated);
    let measured: f64 = measured.map(|step| step.lasts_s).sum();
    if time > 0.0 { round(measured / time) } else { 0.0 }
}

fn notes(recording: &Recording, rates: &[RateStep], rules_left_out: usize) -> Vec<String> {
    let mut notes = recording.notes.clone();
    if rules_left_out > 0 {
        notes.push(format!(
            "{rules_left_out} faults that were seen least often have no rule: there are {} at most",
            fault_rules::MOST_RULES
        ));
    }
    let idle = rates.iter().filter(|step| step.evidence == Evidence::Interpolated);
    let idle: f64 = idle.map(|step| step.lasts_s).sum();
    if idle > 0.0 {
        notes.push(format!(
            "for {idle:.0} s nothing was under way: the rate there is between those before and after"
        ));
    }
    notes
}

fn view(rule: &FaultRule) -> FaultView {
    FaultView {
        rule: rule.name().to_owned(),
        times: rule.times,
        first_at_s: round(rule.first_at_s),
        first: rule.first.clone(),
    }
}

fn round(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

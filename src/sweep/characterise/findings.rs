//! All that was found out about a player.

use super::{
    BufferGoal, FaultReaction, OutageReaction, Purpose, RateRule, Scenario, Sighting, StepReaction,
};
use serde::Serialize;

/// The version of the JSON form.
const FORMAT: &str = "vsps-characterise/1";

/// What was found out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Findings {
    /// The version of the format.
    pub format: &'static str,
    /// What the player was called.
    pub player: String,
    /// kbit/s of each rung, lowest first.
    pub ladder_kbps: Vec<f64>,
    /// The rung of the first segment, from 0, in the scenario with the most rate.
    pub first_rung: Option<usize>,
    /// How it chooses rungs; absent without a switch.
    pub rate_rule: Option<RateRule>,
    /// How much it buffers.
    pub buffer: Option<BufferGoal>,
    /// What happened in each scenario.
    pub scenarios: Vec<ScenarioFindings>,
}

/// What happened in one scenario. What it does not show is absent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScenarioFindings {
    /// Its name.
    pub name: &'static str,
    /// What was done to the player.
    pub summary: &'static str,
    /// How many requests the player made; 0 if it did not come.
    pub requests: usize,
    /// Reactions to a step down, and up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_down: Option<StepReaction>,
    /// See `step_down`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step_up: Option<StepReaction>,
    /// The reaction to an outage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outage: Option<OutageReaction>,
    /// The reaction to a fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<FaultReaction>,
}

impl Findings {
    /// What the sessions show, one a scenario, each in the order of its requests.
    #[must_use]
    pub fn of(player: &str, bitrates: &[f64], watched: &[(Scenario, Vec<Sighting>)]) -> Self {
        let with = |purpose: fn(&Purpose) -> bool| {
            watched.iter().filter(move |(scenario, _)| purpose(&scenario.purpose))
        };
        let fast = with(|purpose| matches!(purpose, Purpose::Buffer)).map(|(_, seen)| seen).next();
        // Steps show the estimate's lag as slow changes do not.
        let rates = with(|purpose| matches!(purpose, Purpose::Rates | Purpose::Step(..)));
        let rates: Vec<&[Sighting]> = rates.map(|(_, seen)| seen.as_slice()).collect();
        Self {
            format: FORMAT,
            player: player.to_owned(),
            ladder_kbps: bitrates.to_vec(),
            first_rung: fast.and_then(|seen| seen.iter().find(|one| one.is_video())?.rung),
            rate_rule: RateRule::fit(&rates, bitrates),
            buffer: fast.and_then(|seen| BufferGoal::of(seen)),
            scenarios: watched.iter().map(|(scenario, seen)| one(scenario, seen)).collect(),
        }
    }
}

fn one(scenario: &Scenario, seen: &[Sighting]) -> ScenarioFindings {
    let Scenario { name, summary, purpose, seconds, .. } = scenario;
    let mut findings = ScenarioFindings {
        name,
        summary,
        requests: seen.len(),
        step_down: None,
        step_up: None,
        outage: None,
        fault: None,
    };
    if seen.is_empty() {
        return findings;
    }
    match *purpose {
        Purpose::Buffer | Purpose::Rates => {}
        Purpose::Step(down, up) => {
            findings.step_down = StepReaction::of(seen, down, up);
            findings.step_up = StepReaction::of(seen, up, *seconds);
        }
        Purpose::Outage(from, to) => findings.outage = OutageReaction::of(seen, from, to),
        Purpose::Segment(index) => {
            findings.fault = Some(FaultReaction::of_segment(seen, index, *seconds));
        }
        Purpose::SlowStart => findings.fault = Some(FaultReaction::of_segment(seen, 1, *seconds)),
        Purpose::Manifest => findings.fault = Some(FaultReaction::of_manifest(seen, *seconds)),
    }
    findings
}

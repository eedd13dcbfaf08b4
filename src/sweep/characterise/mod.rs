//! `vsps bench characterise`: what an unknown player does, found from its requests alone.

mod buffer_goal;
mod fault_reaction;
mod findings;
mod outage_reaction;
mod rate_rule;
mod report;
mod scenario;
mod sighting;
mod step_reaction;

pub use buffer_goal::BufferGoal;
pub use fault_reaction::{FaultOutcome, FaultReaction};
pub use findings::{Findings, ScenarioFindings};
pub use outage_reaction::OutageReaction;
pub use rate_rule::{RateRule, Threshold};
pub use report::report;
pub use scenario::{Purpose, Scenario, scenarios};
pub use sighting::{Ending, Sighting, Wanted};
pub use step_reaction::StepReaction;

#[cfg(test)]
mod tests;

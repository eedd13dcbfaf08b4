//! Validates rule entries into rules, and records every error.

mod answer;
mod body;
mod budget;
mod framing;
mod headers;
mod manifest;
mod rule;
mod then;
mod values;
mod when;

pub(crate) use rule::{rule_set, single_rule};
pub(super) use then::effects;

#[cfg(test)]
mod tests;

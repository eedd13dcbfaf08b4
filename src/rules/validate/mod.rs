//! From the mirror of rules to rules that can run, with every fault on the way.

mod answer;
mod body;
mod budget;
mod framing;
mod headers;
mod manifest;
mod rule;
mod then;
mod when;

pub(crate) use rule::{rule_set, single_rule};
pub(super) use then::effects;

#[cfg(test)]
mod tests;

//! dash.js 5: several rules propose a representation, and the lowest of them is taken.
//!
//! Source: dash.js 5.2.1, `ABRRulesCollection`, `ThroughputRule`, `BolaRule`, `InsufficientBufferRule`,
//! `SwitchHistoryRule`, `L2ARule`, `LoLPRule`, `AbandonRequestsRule` and `ThroughputController`, as published; checked decision by
//! decision against that code.

mod abandonment;
mod bola_rule;
mod l2a_rule;
mod lolp_rule;
mod lolp_weights;
mod means;
mod player;
mod switch_history;
mod throughput_average;

pub use means::DashJsAverage;
pub use player::{DashJs, DashJsConfig, DashJsRules};

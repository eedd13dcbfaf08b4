//! Rules: an ordered list that turns a classified request into a [`Plan`] of effects.
//!
//! Rules are read in two stages, like every [`document`](crate::document): the text is deserialised into entries
//! (`entry`), and the entries are validated into types that can run (`rule`, `rule_set`).

pub mod alias;
mod attempts;
mod budget;
mod budget_limits;
mod budget_time;
mod budget_usage;
mod compact;
mod cycle;
mod decider;
mod decision;
pub(crate) mod distribution;
mod effect;
mod entry;
mod facts;
mod glob;
mod join_edge;
mod matcher;
mod media_cycle;
mod misplaced;
mod numbers;
mod offsets;
mod plan;
mod ready_fault;
mod reservations;
mod rule;
mod rule_file;
mod rule_list;
mod rule_set;
mod script;
mod shared_budget;
mod then_entry;
mod validate;
mod warning;
mod window;

pub use attempts::{Attempt, AttemptKey, RequestKey, Span};
pub use decider::Decider;
pub use decision::{CarriedDecision, Decision, Policy};
pub(crate) use distribution::DistributionTable;
pub use effect::{
    Closing, Coalesce, Corruption, Cors, Cut, Damage, Drip, Ending, Framing, Goal, Hang,
    HeaderEdit, Length, Point, RangeFault, Redirect, Refusal, Reload, Replacement, RetryAfter,
    Skew, Stall, Status,
};
pub(crate) use entry::RuleEntry;
pub use facts::Facts;
pub(crate) use misplaced::misplaced_key;
pub use plan::{Keep, Plan, Planned};
pub use ready_fault::{ELSEWHERE, Fault, FaultError, fault_named, faults};
pub use reservations::Reservations;
pub use rule::Rule;
pub use rule_file::RuleFile;
pub(crate) use rule_list::{RuleItem, RuleList};
pub use rule_set::{Counters, Matched, RuleSet, RuleUsage};
pub use script::{Answer, Program, Script, ScriptBounds, ScriptError, ScriptFailure, ScriptState};
pub use shared_budget::SharedBudget;
pub(crate) use validate::{rule_set, single_rule};
pub use warning::Warning;

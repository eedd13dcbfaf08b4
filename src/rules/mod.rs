//! Rules: an ordered list that turns a classified request into a [`Plan`] of effects.
//!
//! Input is read in two stages, like every file in this crate: the text is deserialised into entries
//! (`entry`), and the entries are validated into types that can run (`rule`, `rule_set`). Each error
//! of either stage is a [`Diagnostic`]: file, line, key, problem, and what to write instead.

pub mod alias;
mod budget;
mod budget_usage;
mod compact;
mod cycle;
mod details;
mod diagnostic;
pub(crate) mod distribution;
mod document;
mod effect;
mod entry;
mod facts;
mod file;
mod glob;
mod join_edge;
mod matched;
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
mod scope;
mod script;
mod shared_budget;
mod table;
mod text;
mod then_entry;
mod validate;
mod warning;
mod window;

pub use diagnostic::{Diagnostic, Diagnostics};
pub(crate) use distribution::DistributionTable;
pub(crate) use document::Document;
pub use effect::{
    Closing, Coalesce, Corruption, Cors, Cut, Damage, Drip, Ending, Framing, Goal, Hang,
    HeaderEdit, Length, Point, RangeFault, Redirect, Refusal, Reload, Replacement, RetryAfter,
    Skew, Stall, Status,
};
pub(crate) use entry::RuleEntry;
pub use facts::Facts;
pub use file::FileError;
pub(crate) use file::read_text;
pub use join_edge::Joined;
pub use matched::Matched;
pub use plan::{Keep, Plan, Planned};
pub(crate) use ready_fault::did_you_mean;
pub use ready_fault::{ELSEWHERE, Fault, FaultError, fault_named, faults};
pub use reservations::Reservations;
pub use rule::Rule;
pub use rule_file::RuleFile;
pub(crate) use rule_list::{RuleItem, RuleList};
pub use rule_set::{Counters, RuleSet};
pub(crate) use scope::Scope;
pub use script::{Answer, Program, Script, ScriptError, ScriptFailure, ScriptState};
pub use shared_budget::SharedBudget;
pub(crate) use table::{TableOnly, tables, tables_only};
pub(crate) use text::{Several, Text};
pub(crate) use validate::{rule_set, single_rule};
pub use warning::Warning;

//! Who gets what treatment: ordered rules turn a classified request into a plan.
//!
//! What a person or a program writes goes through two stages, as everywhere files are read: a
//! mirror of the text (`entry`), then validated types (`rule`, `rule_set`). Every fault on that way
//! is a [`Diagnostic`]: file, line, key, problem, and what to write instead.

pub mod alias;
mod book;
mod budget;
mod charges;
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
mod joined;
mod matched;
mod matcher;
mod media_cycle;
mod numbers;
mod offsets;
mod plan;
mod purse;
mod ration;
mod rule;
mod rule_set;
mod scope;
mod script;
mod table;
mod text;
mod then_entry;
mod validate;
mod warning;
mod window;

pub use book::RuleBook;
pub use charges::Charges;
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
pub use joined::Joined;
pub use matched::Matched;
pub use plan::{Keep, Plan, Planned};
pub use ration::Ration;
pub use rule::Rule;
pub use rule_set::{Counters, RuleSet};
pub(crate) use scope::Scope;
pub use script::{Answer, Program, Script, ScriptError, ScriptFailure, ScriptState};
pub(crate) use table::{TableOnly, tables, tables_only};
pub(crate) use text::{Several, Text};
pub(crate) use validate::{rule_set, single_rule};
pub use warning::Warning;

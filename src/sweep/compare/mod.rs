//! Two results of the same cells: what changed, and whether that is too much.
//!
//! # Conditions
//!
//! ```text
//! condition  = statistic "(" metric ")" operator change
//! statistic  = "mean" | "median" | "min" | "max" | "p" NUMBER          p95 is the 95th percentile
//! metric     = one of the figures, as `rebuffer_ratio`
//! operator   = ">" | ">=" | "<" | "<="
//! change     = ("+" | "-") NUMBER [unit]
//! unit       = "pp" (percentage points, of a share) | "%" (of the old value) | the metric's own
//! ```
//!
//! A condition is about the change from the old to the new statistic over seeds, in each cell alone:
//! `p95(rebuffer_ratio) > +0.5pp` holds where the 95th percentile rose by more than half a percentage
//! point.

mod change;
mod condition;
mod merge;

pub use change::{Comparison, compare};
pub use condition::{Condition, ConditionError};
pub use merge::{merge, merge_named};

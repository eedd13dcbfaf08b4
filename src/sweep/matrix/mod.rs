//! `vsps bench`: profiles × algorithms × seeds in virtual time.

mod csv;
mod error;
mod figures;
mod ladder;
mod metric;
mod plan;
mod players;
mod results;
mod run;
mod seeds;
mod statistics;
mod table;
mod threads;

pub use csv::csv;
pub use error::{MatrixError, RunError};
pub use figures::Figures;
pub use ladder::Ladder;
pub use metric::{METRICS, Metric};
pub use plan::{Plan, PlanOptions};
pub use players::{Player, player};
pub use results::{Cell, LadderShown, Outcome, Results, RunResult};
pub use run::{Point, Trace, run, trace};
pub use seeds::{Seeds, Shard};
pub use statistics::{Sample, holm, sign_flip};
pub use table::table;
pub use threads::run_all;

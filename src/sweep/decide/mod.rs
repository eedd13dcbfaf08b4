//! `vsps bench decide`: one algorithm, decision by decision, over JSON lines.

mod catalogue;
mod error;
mod lines;
mod run;

pub use catalogue::NAMES;
pub use error::DecideError;
pub use run::run;

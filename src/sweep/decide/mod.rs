//! `vsps bench decide`: one algorithm, decision by decision, over JSON lines.

mod error;
mod run;

pub use error::DecideError;
pub use run::run;

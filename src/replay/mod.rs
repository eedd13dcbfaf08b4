//! From a recording of requests to a profile and rules that reproduce it.
//!
//! ```text
//!   HAR, event log, run file, CMCD ──▶ Recording ──▶ RateEstimate, LatencyEstimate ──▶ profile
//!                                          └───────▶ faults that were seen ──────────▶ rules
//! ```
//!
//! The readers take a stream and bound what they keep. All else is a pure function of the recording.

mod cells;
mod error;
mod estimate;
mod fault;
mod fault_rules;
mod latency_estimate;
mod own_effects;
mod profile_text;
mod rate_estimate;
mod reader;
mod record;
mod recorded_fault;
mod recorder;
mod spans;
mod summary;
mod toml_text;

pub use error::ReplayError;
pub use estimate::Reproduction;
pub use reader::{ReadOptions, read};
pub use record::{Body, Class, Ending, Record, Recording, Sample};
pub use recorder::{NetworkRecorder, Recorded};

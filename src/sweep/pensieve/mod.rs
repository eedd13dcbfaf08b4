//! `vsps bench pensieve`: the rows that Pensieve's test scripts log, over the player of this crate.
//!
//! Source: Mao, Netravali, Alizadeh, "Neural Adaptive Video Streaming with Pensieve", SIGCOMM 2017; the
//! rules of BBA and RobustMPC as in the published logs of Xia et al., "Genet", SIGCOMM 2022.

mod error;
mod files;
mod run;

pub use error::PensieveError;
pub use run::{PensieveAbr, PensieveOptions, run};

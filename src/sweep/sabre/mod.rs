//! `vsps bench sabre`: the command line, the files and the figures of the Sabre simulator, over the
//! player of this crate.
//!
//! Source: Spiteri, Sitaraman, Sparacio, "From Theory to Practice: Improving Bitrate Adaptation in the
//! DASH Reference Player", MMSys 2018.

mod error;
mod files;
mod options;
mod reaction;
mod report;
mod run;
mod verbose;

pub use error::SabreError;
pub use options::SabreOptions;
pub use run::run;

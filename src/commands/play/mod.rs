//! `vsps play`: a headless player over HTTP.

mod algorithm;
mod junit;
mod log;
mod merge;
mod report;
mod results;
mod run;
mod summary;
mod terminal;

pub(super) use run::run;

//! Readers of recordings: HAR, event logs, run files, CMCD.

mod bounded;
mod cmcd;
mod event_log;
mod form;
mod goodput;
mod har;
mod har_document;
mod link_bins;
mod measured;
mod read;
mod run_file;

pub use read::{ReadOptions, read};

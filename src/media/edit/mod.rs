//! Manifests made wrong on purpose: what can be edited, and the pure function that edits.
//!
//! Edits work on text, line by line (HLS) or attribute by attribute (MPD): every other byte stays.
//! What does not read as a manifest passes untouched. An older version of a manifest comes from an
//! [`EditMemory`], which a session holds and which is bounded.

mod apply;
mod attributes;
mod bandwidth_urls;
mod kinds;
mod media_playlist;
mod memory;
mod mpd;
mod mpd_tags;
mod multivariant;
mod playlist;
mod times;

pub use apply::{Edited, Edition, apply};
pub use kinds::{
    Amount, Clocks, Discontinuity, Durations, EndList, Hint, ManifestEdit, Report, RungSet,
};
pub use memory::EditMemory;

#[cfg(test)]
mod tests;

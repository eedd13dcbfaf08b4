//! Deliberate faults in manifests: the edits, and the pure function that applies them.
//!
//! Edits work on text, line by line (HLS) or attribute by attribute (MPD): every other byte stays. A body that
//! cannot be read as a manifest passes unchanged. Older versions of a manifest are kept in an [`EditMemory`],
//! which belongs to a session and is bounded.

mod apply;
mod attributes;
mod bandwidth_urls;
mod edition;
mod kinds;
mod media_playlist;
mod memory;
mod mpd;
mod mpd_tags;
mod mpd_version;
mod multivariant;
mod playlist;
mod times;

pub use apply::{Edited, apply};
pub use edition::Edition;
pub use kinds::{
    Amount, Clocks, Discontinuity, Durations, EndList, Hint, ManifestEdit, Report, RungSet,
};
pub use memory::EditMemory;

#[cfg(test)]
mod tests;

//! Manifests made wrong on purpose: what can be edited, and the pure function that edits.

mod kinds;

pub use kinds::{
    Amount, Clocks, Discontinuity, Durations, EndList, Hint, ManifestEdit, Report, RungSet,
};

//! Which manifest is edited, and when.

use crate::{media::ManifestFormat, units::SessionTime};

/// Which manifest is edited, and when.
#[derive(Debug, Clone, Copy)]
pub struct Edition<'a> {
    /// The requested URL, without directives: the key of the stored versions.
    pub url: &'a str,
    /// Its format.
    pub format: ManifestFormat,
    /// When it is sent.
    pub now: SessionTime,
}

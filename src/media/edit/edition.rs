//! Which manifest is edited, and when.

use crate::media::ManifestFormat;
use std::time::Duration;

/// Which manifest is edited, and when.
#[derive(Debug, Clone, Copy)]
pub struct Edition<'a> {
    /// The requested URL, without directives: the key of the stored versions.
    pub url: &'a str,
    /// Its format.
    pub format: ManifestFormat,
    /// Session time.
    pub now: Duration,
}

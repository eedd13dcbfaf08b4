//! What is known of a session as soon as it is started.

use std::sync::Arc;

/// A session that was started.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Its id.
    pub id: Arc<str>,
    /// The name of its profile.
    pub profile: Arc<str>,
    /// Its seed.
    pub seed: u64,
    /// Its version.
    pub version: u64,
}

//! What all proxies share.

use super::routes::Routes;
use crate::{clock::Clock, names::Lookups, profiles::Catalog, seed::Seed};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// What all proxies share.
#[derive(Debug)]
pub(super) struct Environment {
    pub clock: Clock,
    pub seed: Seed,
    pub catalog: Arc<Catalog>,
    /// A listener takes one file, a connection two.
    pub files: Arc<Semaphore>,
    pub routes: Arc<Routes>,
    /// Of the names of upstream servers.
    pub lookups: Lookups,
}

//! The defaults for new sessions, and the bounds of the registry.

use super::host::Origin;
use crate::{
    profiles::{Catalog, Profile},
    rules::RuleSet,
    seed::Seed,
};
use std::{hash::RandomState, sync::Arc, time::Duration};

/// Defaults for new sessions.
#[derive(Debug)]
pub struct RegistryConfig {
    /// The seed of the process.
    pub seed: Seed,
    /// The key of the ids of sessions; `None` = they follow from the seed, and who has it knows them all.
    pub id_key: Option<RandomState>,
    /// The default origin.
    pub origin: Origin,
    /// The default network profile.
    pub profile: Arc<Profile>,
    /// The profiles that commands can name.
    pub catalog: Arc<Catalog>,
    /// The name of the link that sessions share, unless they name another.
    pub link: Option<Arc<str>>,
    /// Rules for every session.
    pub rules: Arc<RuleSet>,
    /// A session without exchanges for this long ends.
    pub idle: Duration,
    /// The most sessions at the same time.
    pub most_sessions: usize,
}

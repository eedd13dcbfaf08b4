//! Where sessions are kept: `--state` and what goes with it.

use super::{
    fleet::Fleet,
    redis_store::RedisStore,
    replica::Replica,
    store::{Quota, StateError},
};
use crate::{clock::Clock, sessions::RegistryConfig};
use std::sync::Arc;

/// Where sessions are kept.
#[derive(Debug, Clone, Default)]
pub struct StateOptions {
    /// The URL of a store; `None` = in this process.
    pub url: Option<String>,
    /// What session ids are signed with, in place of a key in the store.
    pub key: Option<String>,
    /// Whether the seed was given. Otherwise it is that of the other replicas.
    pub seeded: bool,
    /// The default origin as it was given; `None` = the built-in one.
    pub origin: Option<String>,
    /// The bounds of each namespace.
    pub quota: Quota,
}

impl StateOptions {
    /// Joins the replicas at the store, if there is one. `config` gets their seed.
    ///
    /// # Errors
    /// When the store cannot be reached, or the others were started with something else.
    pub async fn join(
        &self,
        config: &mut RegistryConfig,
        clock: Clock,
    ) -> Result<Option<Arc<Replica>>, StateError> {
        let Some(url) = &self.url else { return Ok(None) };
        let store = RedisStore::new(url).map_err(StateError::Setup)?;
        let address = store.address();
        let fleet = Fleet::new(config, self.origin.clone(), self.key.as_deref());
        let key = self.key.as_deref();
        let joined =
            Replica::join(Arc::new(store), fleet, self.seeded, key, self.quota, clock).await;
        let replica = joined.map_err(|problem| match problem {
            StateError::Unreachable(problem) | StateError::Unanswered(problem) => {
                let hint = "start Redis there, or write another address";
                StateError::Setup(format!("{address} cannot be reached: {problem}; {hint}"))
            }
            other => other,
        })?;
        config.seed = replica.fleet().seed();
        Ok(Some(Arc::new(replica)))
    }
}

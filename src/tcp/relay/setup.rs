//! What the connections of a proxy need.

use crate::{
    clock::Clock,
    seed::Seed,
    tcp::{counters::Counters, toxics::ToxicList},
};
use std::sync::Arc;
use tokio::sync::watch;

/// What the connections of a proxy need.
#[derive(Debug)]
pub(in crate::tcp) struct Relay {
    /// The address to connect to.
    pub upstream: String,
    pub toxics: watch::Receiver<ToxicList>,
    pub counters: Arc<Counters>,
    pub clock: Clock,
    /// The seed of the proxy.
    pub seed: Seed,
}

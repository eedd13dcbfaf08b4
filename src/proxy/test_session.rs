//! A session for unit tests.

use crate::{
    clock::Clock,
    event::Bus,
    profiles::Profile,
    rules::RuleSet,
    seed::Seed,
    sessions::{ArmingRequest, Origin, Registry, RegistryConfig, Session},
};
use std::{sync::Arc, time::Duration};

/// A session with this profile, in TOML.
pub(super) fn session(profile: &str) -> Arc<Session> {
    let config = RegistryConfig {
        seed: Seed::new(7),
        id_key: None,
        origin: Origin::new("http", "origin.example").unwrap(),
        profile: Arc::new(Profile::from_toml("test", "test.toml", profile).unwrap()),
        catalog: Arc::default(),
        link: None,
        rules: Arc::new(RuleSet::default()),
        idle: Duration::from_secs(120),
        most_sessions: 10,
    };
    let clock = Clock::start();
    let registry = Registry::new(config, clock, Arc::new(Bus::new(clock, Vec::new())));
    registry.start(Some([127, 0, 0, 1].into()), ArmingRequest::default()).unwrap()
}

//! What all replicas must have in common.

use crate::{profiles::Catalog, rules::RuleSet, seed::Seed, sessions::RegistryConfig};
use ring::hmac;
use serde::{Deserialize, Serialize};

/// What all replicas must have in common: a session must be the same on each of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fleet {
    version: String,
    /// The built-in profiles.
    profiles: String,
    /// The options of the command line that sessions depend on.
    profile: String,
    rules: String,
    link: Option<String>,
    origin: String,
    seed: u64,
    session_idle_ms: u64,
    /// Of the key that was given; empty without one.
    key: String,
}

impl Fleet {
    /// That of a replica with this configuration. `origin` is what was typed.
    #[must_use]
    pub fn new(config: &RegistryConfig, origin: Option<String>, key: Option<&str>) -> Self {
        let hash = |text: &str| format!("{:016x}", Seed::new(0).named(text).value());
        let rules = |rules: &RuleSet| serde_json::to_string(rules).unwrap_or_default();
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            profiles: hash(&library(&config.catalog)),
            profile: format!(
                "{} ({})",
                config.profile.name,
                hash(&format!("{:?}", config.profile.link))
            ),
            rules: hash(&rules(&config.rules)),
            link: config.link.as_deref().map(str::to_owned),
            origin: origin.unwrap_or_else(|| "built-in".to_owned()),
            seed: config.seed.value(),
            session_idle_ms: u64::try_from(config.idle.as_millis()).unwrap_or(u64::MAX),
            key: key.map(check_value).unwrap_or_default(),
        }
    }

    /// The same with the seed of the others, if this replica was not given one.
    #[must_use]
    pub fn with_seed_of(mut self, others: &Self) -> Self {
        self.seed = others.seed;
        self
    }

    /// The seed.
    #[must_use]
    pub const fn seed(&self) -> Seed {
        Seed::new(self.seed)
    }

    /// One text of all of it, which sessions carry.
    #[must_use]
    pub fn library(&self) -> String {
        let text = serde_json::to_string(self).unwrap_or_default();
        format!("{:016x}", Seed::new(0).named(&text).value())
    }

    /// Why a replica with this cannot be one of those with `others`: the first difference, and what to do.
    #[must_use]
    pub fn difference(&self, others: &Self) -> Option<String> {
        let (here, there) = (self, others);
        let report = |what: &str, here: &dyn std::fmt::Display, there: &dyn std::fmt::Display| {
            Some(format!(
                "{what} is {here} here and {there} at the replicas that run: start all with the same, or give this \
                 one another database, as in redis://HOST/1"
            ))
        };
        if here.version != there.version {
            return report("the version of vsps", &here.version, &there.version);
        }
        if here.profiles != there.profiles {
            return report("the library of profiles", &here.profiles, &there.profiles);
        }
        if here.profile != there.profile {
            return report("--profile", &here.profile, &there.profile);
        }
        if here.rules != there.rules {
            return report("--rules", &here.rules, &there.rules);
        }
        if here.link != there.link {
            let name = |link: &Option<String>| link.clone().unwrap_or_else(|| "none".to_owned());
            return report("--link", &name(&here.link), &name(&there.link));
        }
        if here.origin != there.origin {
            return report("--origin", &here.origin, &there.origin);
        }
        if here.seed != there.seed {
            return report("--seed", &here.seed, &there.seed);
        }
        if here.session_idle_ms != there.session_idle_ms {
            return report("--session-idle in ms", &here.session_idle_ms, &there.session_idle_ms);
        }
        if here.key != there.key {
            return Some(
                "--state-key is not that of the replicas that run: give all the same".to_owned(),
            );
        }
        None
    }
}

/// Differs for two keys, and does not reveal them.
fn check_value(key: &str) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()), b"vsps fleet");
    tag.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn library(catalog: &Catalog) -> String {
    let all = catalog.list().unwrap_or_default();
    all.iter().map(|profile| format!("{profile:?}\n")).collect()
}

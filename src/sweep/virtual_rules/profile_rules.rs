//! The rules of a profile, for all of its sessions.

use super::{
    expression::{Unexpressed, unexpressed},
    session_rules::{SessionRules, Shared},
};
use crate::{player::Presentation, profiles::Catalog, rules::RuleSet, seed::Seed};
use std::sync::Arc;

/// The rules of a profile, for all of its sessions in virtual time.
#[derive(Debug, Clone)]
pub struct ProfileRules {
    shared: Arc<Shared>,
    left_out: Vec<String>,
}

impl ProfileRules {
    /// `rules`, which may name profiles of `catalog`; `None` if there are none. `manifests`: those of what is played are
    /// known.
    ///
    /// # Errors
    /// When sessions in virtual time cannot be what one of them says.
    pub fn new(
        rules: &RuleSet,
        catalog: &Catalog,
        manifests: bool,
    ) -> Result<Option<Self>, String> {
        if rules.is_empty() {
            return Ok(None);
        }
        let mut left_out = Vec::new();
        for part in unexpressed(rules, manifests) {
            match part {
                Unexpressed::LeftOut(what) => left_out.push(what),
                Unexpressed::Refused(why) => return Err(why),
            }
        }
        let (mut profiles, mut limits_rates) = (Vec::new(), false);
        for rule in rules.iter() {
            let rule = serde_json::to_value(rule).unwrap_or_default();
            let then = &rule["then"];
            limits_rates |= !then["rate"].is_null() || !then["profile"].is_null();
            if let Some(name) = then["profile"].as_str()
                && let Ok(profile) = catalog.named(name)
            {
                profiles.push((name.to_owned(), profile.link.clone()));
            }
        }
        let shared = Arc::new(Shared { rules: rules.clone(), profiles, limits_rates });
        Ok(Some(Self { shared, left_out }))
    }

    /// The rules in a session with `seed` that plays `presentation`.
    #[must_use]
    pub fn session(&self, presentation: &Presentation, seed: Seed) -> SessionRules {
        SessionRules::new(&self.shared, presentation, seed)
    }

    /// What the proxy does and virtual time does not, each with its rule.
    #[must_use]
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }
}

//! The network of a profile on the connections of a proxy: the toxic type `vsps`.

use super::{chain::link_time, direction::Direction, error::ApiError, fields::Fields};
use crate::{
    model::{Link, LinkSpec},
    profiles::{Catalog, Profile},
    seed::Seed,
    units::ProcessTime,
};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::sync::Arc;

/// A profile of the catalogue, and how connections use its link.
#[derive(Debug, Default)]
pub struct NamedProfile {
    /// `None` until it is set: it is required.
    profile: Option<Arc<Profile>>,
    seed: Option<u64>,
    shared: bool,
    /// The links that connections share, one for each direction. They start with their first connection.
    links: [Mutex<Option<Arc<Mutex<Link>>>>; 2],
}

impl PartialEq for NamedProfile {
    fn eq(&self, other: &Self) -> bool {
        let name = |named: &Self| named.profile.as_ref().map(|profile| profile.name.clone());
        (name(self), self.seed, self.shared) == (name(other), other.seed, other.shared)
    }
}

impl NamedProfile {
    pub(super) fn merged(&self, fields: &Fields<'_>, catalog: &Catalog) -> Result<Self, ApiError> {
        // Unknown attributes of toxiproxy's types are ignored, as toxiproxy does it; this type is an extension.
        if let Some(unknown) = fields.other_than(&["profile", "seed", "shared"]) {
            return Err(ApiError::bad_body(format_args!(
                "`attributes.{unknown}` is no attribute of the type `vsps`; write `profile`, `seed` or `shared`"
            )));
        }
        let profile = match fields.text("profile", "")? {
            name if name.is_empty() => self.profile.clone(),
            name => Some(catalog.named(&name).map_err(ApiError::bad_body)?),
        };
        if profile.is_none() {
            let hint = "`attributes.profile` is missing; write the name of a profile, as in `3g`";
            return Err(ApiError::bad_body(hint));
        }
        let seed = match fields.get("seed") {
            None => self.seed,
            Some(value) => Some(value.as_u64().ok_or_else(|| {
                ApiError::bad_body(format_args!(
                    "`attributes.seed` is {value}; write a whole number from 0"
                ))
            })?),
        };
        let shared = fields.flag("shared", self.shared)?;
        Ok(Self { profile, seed, shared, links: Default::default() })
    }

    pub(super) fn to_json(&self) -> Value {
        let name = self.profile.as_ref().map_or("", |profile| profile.name.as_str());
        let mut shown = json!({ "profile": name, "shared": self.shared });
        if let Some(seed) = self.seed {
            shown["seed"] = seed.into();
        }
        shown
    }

    /// The specification of the link in `direction`.
    pub(super) fn spec(&self, direction: Direction) -> LinkSpec {
        let Some(profile) = &self.profile else { return LinkSpec::default() };
        match direction {
            Direction::Downstream => profile.link.clone(),
            // A profile states its round trip once, with the downlink.
            Direction::Upstream => {
                LinkSpec { latency: profile.link.latency.clone(), ..profile.uplink.clone() }
            }
        }
    }

    /// The seed of a connection, which has `drawn` unless the toxic names one.
    pub(super) fn seed(&self, drawn: Seed, ordinal: u64) -> Seed {
        self.seed.map_or(drawn, |seed| Seed::new(seed).numbered(ordinal))
    }

    /// The link that all connections share in `direction`, if they do; it starts at `now` with the first of them.
    pub(super) fn shared_link(
        &self,
        direction: Direction,
        now: ProcessTime,
        seed: Seed,
    ) -> Option<Arc<Mutex<Link>>> {
        let slot = self.links.get(direction as usize).filter(|_| self.shared)?;
        let mut slot = slot.lock();
        let start =
            || Arc::new(Mutex::new(Link::starting(link_time(now), &self.spec(direction), seed)));
        Some(Arc::clone(slot.get_or_insert_with(start)))
    }
}

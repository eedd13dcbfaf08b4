//! The conditions of a rule that depend only on the request: the resource, and the time.

mod details;

pub(super) use details::Details;

use super::{facts::Facts, numbers::Numbers, window::Window};
use crate::{
    media::{Kind, MediaType, Protocol, edit::RungSet},
    units::SessionTime,
};

/// Conditions on a request. All set conditions must hold; a condition that is not set always holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Matcher {
    pub(super) kinds: Set,
    pub(super) media: Set,
    pub(super) protocols: Set,
    pub(super) rungs: Option<RungSet>,
    pub(super) indices: Option<Numbers>,
    pub(super) during: Option<Window<SessionTime>>,
    /// Boxed, because most rules have none, and all rules are evaluated for every request.
    pub(super) details: Option<Box<Details>>,
}

impl Matcher {
    /// Whether the request matches. A condition on an unknown rung or index does not hold.
    pub(super) fn matches(&self, facts: &Facts<'_>) -> bool {
        let resource = facts.resource;
        let within = |set: &Option<Numbers>, number: Option<u64>| {
            set.as_ref().is_none_or(|set| number.is_some_and(|n| set.contains(n)))
        };
        self.kinds.has(resource.kind as u32)
            && self.media.has(resource.media as u32)
            && self.protocols.has(resource.protocol as u32)
            && self.on_rung(facts)
            && within(&self.indices, resource.index)
            && self.during.is_none_or(|window| window.contains(facts.session_time))
            && self.details.as_ref().is_none_or(|details| details.hold(facts))
    }
}

impl Matcher {
    /// Whether it has a condition on rungs.
    pub(super) fn needs_ladder(&self) -> bool {
        let excluded = self.details.iter().flat_map(|details| &details.not);
        self.rungs.is_some() || excluded.clone().any(Self::needs_ladder)
    }

    fn on_rung(&self, facts: &Facts<'_>) -> bool {
        let Some(rungs) = &self.rungs else { return true };
        // A presentation's ladder is that of its video. Audio and text have their own ladders, which
        // only rules with `media` refer to.
        if facts.beside_video && self.media == Set::ALL {
            return false;
        }
        let Some(rung) = facts.resource.rung else { return false };
        rungs.contains(rung.into(), facts.highest_rung.map(u64::from))
    }
}

/// A set of values of an enum, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Set(u32);

impl Set {
    pub(super) const ALL: Self = Self(u32::MAX);
    pub(super) const NONE: Self = Self(0);

    const fn has(self, value: u32) -> bool {
        self.0 & (1 << value) != 0
    }

    /// Whether both have a value in common.
    pub(super) const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether all values of `other` are in it.
    pub(super) const fn holds(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    pub(super) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(super) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The values of `kind`: every [`Kind`], and two groups.
pub(super) fn kinds() -> Vec<(&'static str, Set)> {
    let group = |member: fn(&Kind) -> bool| {
        let members = Kind::ALL.iter().filter(|kind| member(kind));
        Set(members.fold(0, |bits, kind| bits | 1 << *kind as u32))
    };
    let playlist = |kind: &Kind| matches!(kind, Kind::MultivariantPlaylist | Kind::MediaPlaylist);
    let groups = [("manifest", group(|kind| kind.is_manifest())), ("playlist", group(playlist))];
    let each = Kind::ALL.iter().map(|kind| (kind.as_str(), Set(1 << *kind as u32)));
    each.chain(groups).collect()
}

/// The values of `media`.
pub(super) fn media() -> Vec<(&'static str, Set)> {
    MediaType::ALL.iter().map(|media| (media.as_str(), Set(1 << *media as u32))).collect()
}

/// The values of `protocol`.
pub(super) fn protocols() -> Vec<(&'static str, Set)> {
    let each = Protocol::ALL.iter();
    each.map(|protocol| (protocol.as_str(), Set(1 << *protocol as u32))).collect()
}

//! The rules that one player request has matched, across the redirects that it follows.

use super::RuleSet;
use smallvec::SmallVec;

/// The rules that have matched a player's request at any address of a redirect chain. Each of them has
/// counted the request, and does not count it again at the next address.
#[derive(Debug, Clone, Default)]
pub struct Matched {
    set: RuleSet,
    places: SmallVec<[usize; 8]>,
}

impl Matched {
    /// Prepares for a decision by the rules of `set`, which may differ from those at the last address.
    pub(super) fn begin(&mut self, set: &RuleSet) {
        if self.set.is_same(set) {
            return;
        }
        let old = std::mem::replace(&mut self.set, set.clone());
        let places = std::mem::take(&mut self.places);
        self.places = places.into_iter().filter_map(|place| set.place_of(&old, place)).collect();
    }

    /// Whether the rule at position `place` has matched before.
    pub(super) fn has(&self, place: usize) -> bool {
        self.places.contains(&place)
    }

    /// Records that the rule at position `place` matches.
    pub(super) fn note(&mut self, place: usize) {
        self.places.push(place);
    }
}

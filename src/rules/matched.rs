//! Which rules one player request has matched, over all the redirects that it follows.

use super::rule_set::RuleSet;
use smallvec::SmallVec;

/// The rules that have matched a player's request at one of the addresses that it was redirected to. Each of
/// them has counted the request, and does not count it again at the next address.
#[derive(Debug, Clone, Default)]
pub struct Matched {
    set: RuleSet,
    places: SmallVec<[usize; 8]>,
}

impl Matched {
    /// Prepares for a decision by the rules of `set`, which may be others than at the last address.
    pub(super) fn begin(&mut self, set: &RuleSet) {
        if self.set.is_same(set) {
            return;
        }
        let old = std::mem::replace(&mut self.set, set.clone());
        let places = std::mem::take(&mut self.places);
        self.places = places.into_iter().filter_map(|place| set.place_of(&old, place)).collect();
    }

    /// Whether the rule at `place` has matched before.
    pub(super) fn has(&self, place: usize) -> bool {
        self.places.contains(&place)
    }

    /// The rule at `place` matches.
    pub(super) fn note(&mut self, place: usize) {
        self.places.push(place);
    }
}

//! The random numbers of requests.

use crate::seed::{Name, Seed};
use foldhash::fast::RandomState;
use std::collections::HashMap;

/// The random seeds of requests. A request with a name has the seed that the proxy gives to one for that
/// path in a session with the same seed; the others are numbered.
#[derive(Debug)]
pub(super) struct RequestSeeds {
    session: Seed,
    asked: u64,
    /// How often each was made: a further request for a path is a further attempt there.
    made: HashMap<Name, u64, RandomState>,
}

impl RequestSeeds {
    pub(super) fn new(session: Seed) -> Self {
        Self { session, asked: 0, made: HashMap::default() }
    }

    /// The seed of the next request.
    pub(super) fn next(&mut self, name: Option<Name>) -> Seed {
        let Some(name) = name else {
            self.asked += 1;
            return self.session.named("request").numbered(self.asked);
        };
        let made = self.made.entry(name).or_default();
        *made += 1;
        self.session.child(name).numbered(*made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Attempts are counted by the path, whatever came of the requests before.
    #[test]
    fn a_further_request_for_a_path_is_a_further_attempt() {
        let session = Seed::new(7);
        let mut seeds = RequestSeeds::new(session);
        let attempts = [("/1", 1), ("/2", 1), ("/1", 2), ("/1", 3), ("/2", 2)];
        for (path, attempt) in attempts {
            let seed = seeds.next(Some(Name::new(path)));
            assert_eq!(seed, session.named(path).numbered(attempt), "{path} {attempt}");
        }
        assert_eq!(seeds.next(None), session.named("request").numbered(1));
    }
}

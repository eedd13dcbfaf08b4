//! The random numbers of requests.

use crate::seed::{Name, Seed};

/// The random seeds of requests. A request with a name has the seed that the proxy gives to one for that
/// path in a session with the same seed; the others are numbered.
#[derive(Debug)]
pub(super) struct RequestSeeds {
    session: Seed,
    asked: u64,
    /// Requests that did not end with a whole body, and how often.
    failed: Vec<(Name, u64)>,
}

impl RequestSeeds {
    pub(super) const fn new(session: Seed) -> Self {
        Self { session, asked: 0, failed: Vec::new() }
    }

    /// The seed of the next attempt.
    pub(super) fn next(&mut self, name: Option<Name>) -> Seed {
        self.asked += 1;
        let Some(name) = name else {
            return self.session.named("request").numbered(self.asked);
        };
        let before = self.failed.iter().find(|(failed, _)| *failed == name);
        self.session.child(name).numbered(1 + before.map_or(0, |(_, count)| *count))
    }

    /// The last attempt did not bring the whole body.
    pub(super) fn failed(&mut self, name: Option<Name>) {
        let Some(name) = name else { return };
        match self.failed.iter_mut().find(|(failed, _)| *failed == name) {
            Some((_, count)) => *count += 1,
            None => self.failed.push((name, 1)),
        }
    }
}

//! The id of a session: ten letters and digits.

use crate::seed::Seed;
use std::{
    hash::{BuildHasher as _, RandomState},
    sync::Arc,
};

/// The id of the session with `ordinal`: the first that is not `taken`. It is derived from the ordinal, by a secret key;
/// or by the seed if that was given, so that the logs of two runs can be compared.
pub(super) fn draw(
    key: Option<&RandomState>,
    seed: Seed,
    ordinal: u64,
    taken: impl Fn(&str) -> bool,
) -> Arc<str> {
    let mut attempt = 0;
    loop {
        let id = id(bits(key, seed, ordinal, attempt));
        if !taken(&id) {
            return id.into();
        }
        attempt += 1;
    }
}

fn bits(key: Option<&RandomState>, seed: Seed, ordinal: u64, attempt: u64) -> u64 {
    match (key, attempt) {
        (Some(key), 0) => key.hash_one(ordinal),
        (Some(key), _) => key.hash_one((ordinal, attempt)),
        (None, 0) => seed.named("id").numbered(ordinal).value(),
        (None, _) => seed.named("id").numbered(ordinal).numbered(attempt).value(),
    }
}

fn id(bits: u64) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz123456789";
    (0..10).map(|i| LETTERS[(bits >> (5 * i)) as usize & 31] as char).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn an_id_that_a_session_has_is_not_drawn_again() {
        for key in [None, Some(RandomState::new())] {
            let drawn = |taken: &HashSet<Arc<str>>| {
                draw(key.as_ref(), Seed::new(7), 1, |id| taken.contains(id))
            };
            let mut taken = HashSet::new();
            for _ in 0..9 {
                assert_eq!(drawn(&taken), drawn(&taken));
                assert!(taken.insert(drawn(&taken)));
            }
        }
    }
}

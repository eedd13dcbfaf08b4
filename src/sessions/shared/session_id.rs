//! The ids of shared sessions: the session's number and a signature, so that a forged one is refused without the store.
//!
//! ```text
//! [LINK.]NUMBER-SIGNATURE      house.b7-k3m9q2x8ab
//! ```
//!
//! A load balancer that hashes what stands before the dot, or all of it where there is none, sends all sessions of one
//! link to one replica.

use parking_lot::RwLock;
use ring::hmac;

/// 32 letters and digits that are not confused with each other.
const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz123456789";
/// 50 bits of the signature.
const SIGNATURE: usize = 10;

/// Writes and reads ids.
#[derive(Debug)]
pub(in crate::sessions) struct SessionIds {
    keys: RwLock<Keys>,
    /// Whether the key was given: then keys of the store do not count.
    given: bool,
}

#[derive(Debug)]
struct Keys {
    /// As they are in the store, with commas in between.
    text: String,
    /// Signs ids.
    first: hmac::Key,
    /// Ids that were signed with one of these are valid, too.
    others: Vec<hmac::Key>,
}

impl SessionIds {
    /// Ids that are signed with `key`.
    pub(in crate::sessions) fn new(key: &str) -> Self {
        let keys = Keys { text: String::new(), first: hmac_key(key), others: Vec::new() };
        Self { keys: RwLock::new(keys), given: true }
    }

    /// Ids that are signed with the first key of the store.
    pub(in crate::sessions) fn of_store(keys: &str) -> Self {
        Self { keys: RwLock::new(Keys::new(keys)), given: false }
    }

    /// Takes over the keys of the store, unless a key was given.
    pub(in crate::sessions) fn update(&self, keys: &str) {
        if !self.given && !keys.is_empty() && self.keys.read().text != keys {
            *self.keys.write() = Keys::new(keys);
        }
    }

    /// The keys for the store; `None` = a key was given.
    pub(in crate::sessions) fn for_store(&self) -> Option<String> {
        (!self.given).then(|| self.keys.read().text.clone())
    }

    /// The id of session number `ordinal`, which uses the shared link `link`.
    pub(in crate::sessions) fn write(&self, ordinal: u64, link: Option<&str>) -> String {
        let named = named(ordinal, link);
        let signature = signature(&self.keys.read().first, &named);
        format!("{named}-{signature}")
    }

    /// The number of the session with this id; `None` if it was not signed with this key.
    pub(in crate::sessions) fn read(&self, id: &str) -> Option<u64> {
        let (named, signature) = id.rsplit_once('-')?;
        let keys = self.keys.read();
        let signed =
            |key: &hmac::Key| same(self::signature(key, named).as_bytes(), signature.as_bytes());
        if !signed(&keys.first) && !keys.others.iter().any(signed) {
            return None;
        }
        number(named.rsplit_once('.').map_or(named, |(_, number)| number))
    }
}

impl Keys {
    fn new(text: &str) -> Self {
        let mut keys = text.split(',').map(hmac_key);
        let first = keys.next().unwrap_or_else(|| hmac_key(text));
        Self { text: text.to_owned(), first, others: keys.collect() }
    }
}

fn hmac_key(text: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, text.as_bytes())
}

fn signature(key: &hmac::Key, named: &str) -> String {
    let tag = hmac::sign(key, named.as_bytes());
    let bits = tag.as_ref().iter().take(8).fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
    letters(bits, SIGNATURE)
}

fn named(ordinal: u64, link: Option<&str>) -> String {
    let digits = (64 - ordinal.leading_zeros()).div_ceil(5).max(1) as usize;
    let number = letters(ordinal, digits);
    link.map_or_else(|| number.clone(), |link| format!("{link}.{number}"))
}

/// The lowest `count` digits of `bits`, five bits each, the lowest first.
fn letters(bits: u64, count: usize) -> String {
    (0..count).map(|i| LETTERS[(bits >> (5 * i)) as usize & 31] as char).collect()
}

fn number(text: &str) -> Option<u64> {
    if text.is_empty() || text.len() > 12 {
        return None;
    }
    text.bytes().rev().try_fold(0_u64, |number, letter| {
        let digit = LETTERS.iter().position(|known| *known == letter)?;
        Some(number << 5 | digit as u64)
    })
}

/// Compares in a time that does not depend on where the first difference is.
fn same(one: &[u8], other: &[u8]) -> bool {
    let difference = one.iter().zip(other).fold(0, |difference, (a, b)| difference | (a ^ b));
    one.len() == other.len() && std::hint::black_box(difference) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_id_is_read_as_it_was_written(ordinal in 0..1_u64 << 59, link in proptest::option::of("[a-zA-Z0-9_-]{1,64}")) {
            let ids = SessionIds::new("secret");
            let id = ids.write(ordinal, link.as_deref());
            prop_assert_eq!(ids.read(&id), Some(ordinal));
            prop_assert_eq!(SessionIds::new("other").read(&id), None);
        }
    }

    #[test]
    fn ids_of_each_key_of_the_store_are_valid() {
        let (one, two) = (SessionIds::of_store("one"), SessionIds::of_store("two"));
        let (first, second) = (one.write(7, None), two.write(7, None));
        assert_eq!((one.read(&second), two.read(&first)), (None, None));
        two.update("two,one");
        assert_eq!((two.read(&first), two.read(&second)), (Some(7), Some(7)));
        assert_eq!((two.write(7, None), two.for_store().as_deref()), (second, Some("two,one")));
        let given = SessionIds::new("one");
        given.update("two,one");
        assert_eq!((given.write(7, None), given.for_store()), (first, None));
    }

    #[test]
    fn what_was_changed_is_refused() {
        let ids = SessionIds::new("secret");
        let id = ids.write(1234, Some("house"));
        assert!(id.starts_with("house."), "{id}");
        for wrong in [
            id.replacen("house", "horse", 1),
            id.replacen("house.", "", 1),
            format!("{id}a"),
            id[1..].to_owned(),
            String::new(),
            "-".to_owned(),
            "b-".to_owned(),
            "abcdefghij".to_owned(),
        ] {
            assert_eq!(ids.read(&wrong), None, "{wrong}");
        }
    }
}

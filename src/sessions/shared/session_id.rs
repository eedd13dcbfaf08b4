//! The ids of shared sessions: the session's number and a signature, so that a forged one is known without the store.
//!
//! ```text
//! [LINK.]NUMBER-SIGNATURE      house.b7-k3m9q2x8ab
//! ```
//!
//! A load balancer that hashes what stands before the dot, or all of it where there is none, sends all sessions of one
//! link to one replica.

use ring::hmac;

/// 32 letters and digits that are not confused with each other.
const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz123456789";
/// 50 bits of the signature.
const SIGNATURE: usize = 10;

/// Writes and reads ids.
#[derive(Debug)]
pub(in crate::sessions) struct SessionIds(hmac::Key);

impl SessionIds {
    /// Ids that are signed with `key`.
    pub(in crate::sessions) fn new(key: &str) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()))
    }

    /// The id of session number `ordinal`, which uses the shared link `link`.
    pub(in crate::sessions) fn write(&self, ordinal: u64, link: Option<&str>) -> String {
        let named = named(ordinal, link);
        let signature = self.signature(&named);
        format!("{named}-{signature}")
    }

    /// The number of the session with this id; `None` if it was not signed with this key.
    pub(in crate::sessions) fn read(&self, id: &str) -> Option<u64> {
        let (named, signature) = id.rsplit_once('-')?;
        if !same(self.signature(named).as_bytes(), signature.as_bytes()) {
            return None;
        }
        number(named.rsplit_once('.').map_or(named, |(_, number)| number))
    }

    fn signature(&self, named: &str) -> String {
        let tag = hmac::sign(&self.0, named.as_bytes());
        let bits =
            tag.as_ref().iter().take(8).fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        letters(bits, SIGNATURE)
    }
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

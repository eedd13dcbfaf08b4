//! User information in the URLs of manifests, kept to be sent as `Authorization`.

use super::host::Origin;
use http::HeaderValue;
use percent_encoding::percent_decode_str;
use std::{collections::HashMap, fmt};

/// The most origins whose credentials are kept.
const MOST: usize = 64;
/// Longer user information is not kept.
const LONGEST: usize = 1024;

/// The latest credentials of each origin.
#[derive(Default)]
pub(super) struct Credentials {
    held: HashMap<Origin, HeaderValue>,
}

impl Credentials {
    /// Stores `user` (`NAME:PASSWORD`, percent-encoded as in a URL) for `origin`.
    pub(super) fn keep(&mut self, origin: &Origin, user: &str) {
        if user.len() > LONGEST || (self.held.len() >= MOST && !self.held.contains_key(origin)) {
            return;
        }
        let mut pair: Vec<u8> = percent_decode_str(user).collect();
        if !user.contains(':') {
            pair.push(b':');
        }
        // RFC 7617
        if let Ok(mut value) = HeaderValue::from_str(&format!("Basic {}", base64(&pair))) {
            value.set_sensitive(true);
            self.held.insert(origin.clone(), value);
        }
    }

    /// The `Authorization` value for `origin`.
    pub(super) fn of(&self, origin: &Origin) -> Option<HeaderValue> {
        self.held.get(origin).cloned()
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.held.keys()).finish()
    }
}

/// RFC 4648 section 4.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let index = (bits >> (18 - 6 * digit)) & 63;
            let digit_of = |index: u32| DIGITS.get(index as usize).copied().map_or('=', char::from);
            out.push(if digit as usize <= chunk.len() { digit_of(index) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_rfc_7617_and_4648() {
        let origin = Origin::new("https", "a").unwrap();
        let mut held = Credentials::default();
        held.keep(&origin, "Aladdin:open%20sesame");
        assert_eq!(held.of(&origin).unwrap(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        for (plain, encoded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
        assert!(!format!("{held:?}").contains("Basic"), "they are not logged");
        assert!(held.of(&Origin::new("http", "a").unwrap()).is_none());
    }
}

//! User information in the URLs of manifests, kept to be sent as `Authorization`.

use super::host::Origin;
use crate::units::base64;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_7617() {
        let origin = Origin::new("https", "a").unwrap();
        let mut held = Credentials::default();
        held.keep(&origin, "Aladdin:open%20sesame");
        assert_eq!(held.of(&origin).unwrap(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert!(!format!("{held:?}").contains("Basic"), "they are not logged");
        assert!(held.of(&Origin::new("http", "a").unwrap()).is_none());
    }
}

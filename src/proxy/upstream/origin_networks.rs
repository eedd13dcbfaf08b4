//! Remembers which default origins are in a private network.

use super::Reach;
use crate::sessions::Origin;
use http::uri::Authority;
use parking_lot::Mutex;
use std::collections::HashMap;

/// Origins remembered.
const MOST: usize = 1024;

/// For each default origin: whether it had only private addresses at the first connection. Only then may hosts that it
/// names be private too. Later DNS answers change nothing: otherwise a public origin could open a private network
/// by changing them.
#[derive(Debug, Default)]
pub(super) struct OriginNetworks(Mutex<HashMap<Authority, bool>>);

impl OriginNetworks {
    /// Whether an exchange with this `reach` may connect only to public addresses.
    pub(super) fn public_only(&self, reach: Reach<'_>) -> bool {
        match reach {
            Reach::Own | Reach::Allowed => false,
            Reach::Forwarded => true,
            Reach::NamedBy(by) => {
                !by.is_private() && self.0.lock().get(&by.authority).is_none_or(|private| !private)
            }
        }
    }

    /// Records whether `origin` has only private addresses.
    pub(super) fn note(&self, origin: &Origin, reach: Reach<'_>, private: bool) {
        if !matches!(reach, Reach::Own) {
            return;
        }
        let mut known = self.0.lock();
        // Origins that are not recorded count as public.
        if known.len() < MOST || known.contains_key(&origin.authority) {
            known.entry(origin.authority.clone()).or_insert(private);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_addresses_of_an_origin_decide() {
        let origin = |host| Origin::new("http", host).unwrap();
        let (lan, public) = (origin("media.lan"), origin("cdn.example"));
        let networks = OriginNetworks::default();
        assert!(networks.public_only(Reach::NamedBy(&lan)));
        networks.note(&lan, Reach::Own, true);
        networks.note(&public, Reach::Own, false);
        networks.note(&public, Reach::Own, true);
        networks.note(&origin("other.example"), Reach::NamedBy(&public), true);
        assert!(!networks.public_only(Reach::NamedBy(&lan)));
        assert!(networks.public_only(Reach::NamedBy(&public)));
        assert!(networks.public_only(Reach::NamedBy(&origin("other.example"))));
        assert!(!networks.public_only(Reach::NamedBy(&origin("127.0.0.1"))));
        assert!(!networks.public_only(Reach::Own) && !networks.public_only(Reach::Allowed));
    }
}

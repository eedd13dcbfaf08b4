//! Label values. Their number is bounded, whatever players, origins and profile files send.

use crate::event::RequestTag;
use http::StatusCode;
use std::{
    borrow::Cow,
    sync::{Arc, OnceLock},
};

/// The most profile names that become labels. Further ones are [`OTHER`].
const MOST_PROFILES: usize = 64;
/// The label of values without their own label.
const OTHER: &str = "other";

/// A profile's index in [`Profiles`]; `MOST_PROFILES` = no index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ProfileId(u8);

/// The profile names that are labels, in order of first use. Reading takes no lock: an entry is set once and never
/// changes.
pub(super) struct Profiles {
    places: [OnceLock<Arc<str>>; MOST_PROFILES],
}

impl Profiles {
    pub(super) const fn new() -> Self {
        Self { places: [const { OnceLock::new() }; MOST_PROFILES] }
    }

    /// The id of the profile `name`. Its first use takes the next free index.
    pub(super) fn id(&self, name: &Arc<str>) -> ProfileId {
        let taken = self.places.iter().position(|place| {
            // If two threads set the same entry, one succeeds; the other sees a different name and tries the next one.
            let held = place.get_or_init(|| Arc::clone(name));
            Arc::ptr_eq(held, name) || held == name
        });
        ProfileId(taken.unwrap_or(MOST_PROFILES) as u8)
    }

    /// The label of `id`.
    pub(super) fn label(&self, id: ProfileId) -> &str {
        self.places.get(usize::from(id.0)).and_then(OnceLock::get).map_or(OTHER, |name| name)
    }
}

/// A status as a label: `none`, a status registered for HTTP, or the class of any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Status(u16);

impl Status {
    /// A status from the `code` of an event: 0 = no response.
    pub(super) fn new(code: u16) -> Self {
        match StatusCode::from_u16(code) {
            Ok(status) if status.canonical_reason().is_none() => Self(code / 100),
            _ => Self(code),
        }
    }

    /// Whether it is a 2xx status.
    pub(super) const fn is_success(self) -> bool {
        matches!(self.0, 2 | 200..=299)
    }

    pub(super) fn label(self) -> Cow<'static, str> {
        match self.0 {
            0 => "none".into(),
            class @ 1..=5 => format!("{class}xx").into(),
            6..100 | 600.. => OTHER.into(),
            code => code.to_string().into(),
        }
    }
}

// Compared by name, because this module may use the data plane only through `event`.

/// Whether `request` is for a segment or part, whose download time matters to a player.
pub(super) fn is_media_piece(request: &RequestTag) -> bool {
    matches!(request.resource.kind.as_str(), "segment" | "part")
}

/// Whether `request` is a retry of something that a player needs only once. Requests for manifests, licences, steering
/// manifests and byte ranges of a progressive file are repeated by design and do not count, unless bytes of the file
/// failed to arrive. A request after a redirect does not count either.
pub(super) fn is_retry(request: &RequestTag) -> bool {
    let details = &request.details;
    request.attempt > 1
        && details.hop == 0
        && (details.resumes || request.resource.protocol.as_str() != "progressive")
        && matches!(
            request.resource.kind.as_str(),
            "init" | "segment" | "part" | "key" | "subtitle"
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_thousand_profiles_take_64_places() {
        let profiles = Profiles::new();
        let ids: std::collections::HashSet<_> =
            (0..10_000).map(|n| profiles.id(&format!("p{n}").into())).collect();
        assert_eq!(ids.len(), MOST_PROFILES + 1);
        assert_eq!(profiles.label(profiles.id(&"p63".into())), "p63");
        assert_eq!(profiles.label(profiles.id(&"p64".into())), "other");
    }

    #[test]
    fn a_name_has_one_id_from_many_threads() {
        let profiles = Profiles::new();
        let ask = || {
            let ids: Vec<_> = (0..32).map(|n| profiles.id(&format!("p{n}").into())).collect();
            ids.iter().map(|id| profiles.label(*id).to_owned()).collect::<Vec<_>>()
        };
        let expected: Vec<_> = (0..32).map(|n| format!("p{n}")).collect();
        std::thread::scope(|scope| {
            let others: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
            for other in others {
                assert_eq!(other.join().unwrap(), expected);
            }
        });
    }

    #[test]
    fn every_status_has_one_of_few_labels() {
        let labels: std::collections::HashSet<_> =
            (0..=u16::MAX).map(|code| Status::new(code).label()).collect();
        assert!((60..80).contains(&labels.len()), "{}", labels.len());
        let label = |code| Status::new(code).label();
        assert_eq!(label(0), "none");
        assert_eq!(label(206), "206");
        assert_eq!(label(299), "2xx");
        assert_eq!(label(499), "4xx");
        assert_eq!(label(999), "other");
        assert!(Status::new(299).is_success() && !Status::new(304).is_success());
    }
}

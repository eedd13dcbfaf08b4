//! From exchanges to what the analysis reads.

use super::super::exchanges::Exchange;
use crate::{
    event::Outcome,
    media::{Kind, MediaType},
    sweep::characterise::{Ending, Sighting, Wanted},
};

/// The first status that is an error.
const ERROR: u16 = 400;

/// The requests of a session in the order of their arrival.
pub(super) fn sightings(exchanges: &[Exchange]) -> Vec<Sighting> {
    let mut seen: Vec<Sighting> = exchanges.iter().map(sighting).collect();
    seen.sort_by(|one, other| one.start.total_cmp(&other.start));
    seen
}

fn sighting(exchange: &Exchange) -> Sighting {
    let resource = &exchange.request.resource;
    let wanted = match (resource.kind, resource.media) {
        (Kind::Segment | Kind::Part, MediaType::Video | MediaType::Muxed) => Wanted::Video,
        (kind, _) if kind.is_manifest() => Wanted::Manifest,
        _ => Wanted::Other,
    };
    let ending = match exchange.outcome {
        // A request that was never answered has no status; the player ended it.
        Outcome::PlayerGone => Ending::GivenUp,
        _ if exchange.status >= ERROR || exchange.status == 0 => Ending::Refused,
        Outcome::Complete => Ending::Complete,
        Outcome::Cut | Outcome::OriginCut => Ending::Cut,
    };
    Sighting {
        wanted,
        start: exchange.started().as_secs_f64(),
        end: exchange.ended().as_secs_f64(),
        bytes: exchange.bytes as f64,
        ending,
        rung: resource.rung.and_then(|rung| usize::from(rung).checked_sub(1)),
        index: resource.index,
        duration: resource.duration.unwrap_or_default().as_secs_f64(),
    }
}

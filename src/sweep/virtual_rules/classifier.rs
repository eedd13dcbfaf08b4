//! What a request of a virtual session is, as the proxy would see it.

use crate::{
    media::{Kind, MediaType, Protocol, Resource},
    player::{
        KnownRequests, Presentation,
        network::{Object, Request},
    },
    units::{BitRate, MediaTime},
};
use std::{borrow::Cow, sync::Arc, time::Duration};

const BITS_PER_KBIT: f64 = 1000.0;

/// Says what requests are for: by the manifests, where these are known; otherwise they are for segments of video, and of
/// audio where that is separate.
#[derive(Debug)]
pub(super) struct Classifier {
    bitrates: Vec<BitRate>,
    segment: Duration,
    protocol: Protocol,
    known: Option<Arc<KnownRequests>>,
}

/// A request as the proxy sees it.
#[derive(Debug, PartialEq)]
pub(super) struct Seen<'a> {
    pub(super) resource: Cow<'a, Resource>,
    /// What its attempts are counted by.
    pub(super) key: Cow<'a, str>,
    /// Its path, if it is known.
    pub(super) path: Option<&'a str>,
    pub(super) highest_rung: Option<u16>,
    pub(super) beside_video: bool,
}

impl Classifier {
    /// Of the requests for `presentation`.
    pub(super) fn new(presentation: &Presentation) -> Self {
        let rate = |rate: &f64| BitRate::from_bits_per_second((rate * BITS_PER_KBIT) as u64);
        let segment = Duration::try_from_secs_f64(presentation.segment() / 1000.0);
        Self {
            bitrates: presentation.bitrates().iter().map(rate).collect(),
            segment: segment.unwrap_or_default(),
            protocol: presentation.protocol(),
            known: presentation.known_requests().cloned(),
        }
    }

    /// `request` as the proxy sees it.
    pub(super) fn see(&self, request: &Request) -> Seen<'_> {
        let known = self.known.as_ref().zip(request.name);
        if let Some(known) = known.and_then(|(known, name)| known.get(name)) {
            return Seen {
                resource: Cow::Borrowed(&known.resource),
                key: Cow::Borrowed(&known.path),
                path: Some(&known.path),
                highest_rung: known.resource.highest_rung(),
                beside_video: known.beside_video,
            };
        }
        let key = match request.object {
            Object::Segment { segment, rung } => format!("GET {rung}/{segment}"),
            Object::Part { segment, part, rung } => format!("GET {rung}/{segment}.{part}"),
            Object::Audio(segment) => format!("GET audio/{segment}"),
            Object::Other(kind) => format!("GET {kind} {:?}", request.name),
        };
        let audio = matches!(request.object, Object::Audio(_));
        let rungs = if audio { Some(1) } else { u16::try_from(self.bitrates.len()).ok() };
        Seen {
            resource: Cow::Owned(self.resource(request.object)),
            key: Cow::Owned(key),
            path: None,
            highest_rung: rungs,
            beside_video: audio,
        }
    }

    /// What an object is, where no manifest says it.
    fn resource(&self, object: Object) -> Resource {
        match object {
            Object::Other(kind) => Resource::new(self.protocol, kind),
            Object::Segment { segment, rung } => self.video(segment, rung),
            Object::Part { segment, rung, .. } => {
                Resource { kind: Kind::Part, ..self.video(segment, rung) }
            }
            Object::Audio(segment) => {
                Resource { media: MediaType::Audio, rung: Some(1), ..self.segment(segment) }
            }
        }
    }

    fn video(&self, segment: usize, rung: usize) -> Resource {
        Resource {
            media: MediaType::Video,
            rung: u16::try_from(rung + 1).ok(),
            bandwidth: self.bitrates.get(rung).copied(),
            ..self.segment(segment)
        }
    }

    /// A segment, of whatever rendition.
    fn segment(&self, segment: usize) -> Resource {
        let number = u32::try_from(segment).unwrap_or(u32::MAX);
        Resource {
            index: Some(segment as u64 + 1),
            time: self.segment.checked_mul(number).map(MediaTime::new),
            duration: Some(self.segment),
            ..Resource::new(self.protocol, Kind::Segment)
        }
    }
}

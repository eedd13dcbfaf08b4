//! The class of one request: what it requests, in terms common to all formats.

use super::{
    resource_class::{Kind, MediaType, Protocol},
    rungs::Rungs,
};
use crate::units::{BitRate, MediaTime};
use serde::Serialize;
use std::{sync::Arc, time::Duration};

/// What one request is for, as far as it is known.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Resource {
    /// The streaming format.
    pub protocol: Protocol,
    /// Manifest, init, segment, ...
    pub kind: Kind,
    /// The media type that it carries.
    pub media: MediaType,
    /// The rendition's name: DASH Representation id, HLS name or group and name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rendition: Option<Arc<str>>,
    /// The position on its media type's ladder, 1 = lowest bandwidth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rung: Option<u16>,
    /// The rendition's declared bandwidth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bandwidth: Option<BitRate>,
    /// The codecs, as the manifest writes them (RFC 6381).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codecs: Option<Arc<str>>,
    /// Width and height in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolution: Option<(u32, u32)>,
    /// The language, as the manifest writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<Arc<str>>,
    /// The purpose of the rendition: DASH Role, or an HLS characteristic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Arc<str>>,
    /// The position in the presentation as first seen, 1 = the first segment of the rendition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// HLS media sequence number, DASH `$Number$`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
    /// Media time of the start, from the start of the presentation (or period timeline).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<MediaTime>,
    /// Media duration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<Duration>,
    /// Whether there is a discontinuity just before it: HLS `EXT-X-DISCONTINUITY`, DASH a period's first
    /// segment unless it is the first of all.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub discontinuity: bool,
    /// Segments between this one and the live edge, according to the newest manifest: 0 = the newest segment.
    /// Not set in a presentation that has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub behind_live: Option<u64>,
    /// The ladder of its rendition.
    #[serde(skip)]
    pub rungs: Option<Arc<Rungs>>,
}

impl Resource {
    /// A resource with only format and kind known.
    #[must_use]
    pub const fn new(protocol: Protocol, kind: Kind) -> Self {
        Self {
            protocol,
            kind,
            media: MediaType::Unknown,
            rendition: None,
            rung: None,
            bandwidth: None,
            codecs: None,
            resolution: None,
            language: None,
            role: None,
            index: None,
            number: None,
            time: None,
            duration: None,
            discontinuity: false,
            behind_live: None,
            rungs: None,
        }
    }

    /// The highest rung of its ladder, if it is on one.
    #[must_use]
    pub fn highest_rung(&self) -> Option<u16> {
        self.rung?;
        let kind = match (self.kind, self.media) {
            (Kind::Image, _) => Kind::Image,
            (_, MediaType::Text) => Kind::Subtitle,
            _ => Kind::Segment,
        };
        self.rungs.as_ref()?.highest(self.media, kind)
    }

    /// A resource with nothing known.
    #[must_use]
    pub const fn unknown() -> Self {
        Self::new(Protocol::Unknown, Kind::Other)
    }
}

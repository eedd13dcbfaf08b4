//! The class of one request: what it requests, in terms common to all formats.

use super::Rungs;
use crate::units::BitRate;
use serde::{Deserialize, Serialize};
use std::{fmt, sync::Arc, time::Duration};

/// Defines an enum of unit variants with one fixed name each, for files, metric labels and logs.
macro_rules! names {
    ($(#[$doc:meta])* $type:ident { $($(#[$vdoc:meta])* $variant:ident = $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $type { $($(#[$vdoc])* #[serde(rename = $name)] $variant,)* }

        impl $type {
            /// Every value, in reading order.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name used in files, labels and logs.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

names! {
    /// The streaming format a resource belongs to.
    Protocol {
        /// HTTP Live Streaming (RFC 8216bis).
        Hls = "hls",
        /// MPEG-DASH (ISO/IEC 23009-1).
        Dash = "dash",
        /// Microsoft Smooth Streaming (MS-SSTR).
        Smooth = "smooth",
        /// A single file or endless stream, fetched whole or by ranges.
        Progressive = "progressive",
        /// Not known.
        Unknown = "unknown",
    }
}

names! {
    /// The role of a resource in a presentation.
    Kind {
        /// HLS: the playlist of variants and renditions.
        MultivariantPlaylist = "multivariant-playlist",
        /// HLS: the playlist of one rendition's segments.
        MediaPlaylist = "media-playlist",
        /// DASH: the Media Presentation Description.
        Mpd = "mpd",
        /// DASH: a patch document to an MPD.
        MpdPatch = "mpd-patch",
        /// Smooth: the client manifest.
        ClientManifest = "client-manifest",
        /// An initialisation segment.
        Init = "init",
        /// A media segment (Smooth: a fragment).
        Segment = "segment",
        /// A partial segment of low-latency HLS.
        Part = "part",
        /// A decryption key.
        Key = "key",
        /// A subtitle file or segment.
        Subtitle = "subtitle",
        /// An image: trick-play tile or thumbnail.
        Image = "image",
        /// A content-steering manifest.
        Steering = "steering",
        /// A licence request of a DRM system.
        License = "license",
        /// A list of interstitial assets.
        AssetList = "asset-list",
        /// A time server that players synchronise with (DASH: `UTCTiming`).
        Clock = "clock",
        /// Anything else.
        Other = "other",
    }
}

impl Kind {
    /// Whether this kind describes a presentation (playlists, MPDs, client manifests).
    #[must_use]
    pub const fn is_manifest(self) -> bool {
        matches!(
            self,
            Self::MultivariantPlaylist
                | Self::MediaPlaylist
                | Self::Mpd
                | Self::MpdPatch
                | Self::ClientManifest
        )
    }
}

names! {
    /// What a rendition carries.
    MediaType {
        /// Video.
        Video = "video",
        /// Audio.
        Audio = "audio",
        /// Subtitles or captions.
        Text = "text",
        /// Video and audio in one stream.
        Muxed = "muxed",
        /// Not known.
        Unknown = "unknown",
    }
}

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
    pub time: Option<Duration>,
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

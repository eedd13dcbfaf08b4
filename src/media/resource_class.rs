//! The classes of requests that all formats have in common.

use serde::{Deserialize, Serialize};
use std::fmt;

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

//! The forms in which HLS presents the loop, and where each has its media.

use crate::origin::ladder::Rendition;

/// Media type of playlists.
pub(in crate::origin) const CONTENT_TYPE: &str = "application/vnd.apple.mpegurl";

/// One way to present the loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::origin) enum HlsForm {
    /// Ten minutes of fragmented MP4.
    OnDemand,
    /// The same, live.
    Live,
    /// Live, in parts.
    LowLatency,
    /// Ten minutes of MPEG-TS.
    Transport,
    /// The same, live.
    LiveTransport,
    /// MPEG-TS under AES-128.
    Encrypted,
    /// Fragmented MP4 as ranges of one file a rendition.
    Ranges,
    /// `OnDemand` with subtitles.
    Subtitled,
    /// `OnDemand` on two pathways.
    Steered,
}

impl HlsForm {
    /// Whether a rung's stream also holds the audio.
    pub(in crate::origin) fn is_multiplexed(self) -> bool {
        matches!(self, Self::Transport | Self::LiveTransport | Self::Encrypted)
    }

    /// The version of the protocol that its media playlists need.
    pub(super) fn version(self) -> u8 {
        match self {
            Self::Transport | Self::LiveTransport | Self::Encrypted => 3,
            Self::LowLatency => 9, // EXT-X-SKIP
            _ => 7,
        }
    }

    /// The address of segment `number`, relative to the media playlist.
    pub(super) fn segment(self, rendition: &Rendition, number: u64) -> String {
        let name = rendition.name;
        if self.is_multiplexed() {
            return format!("{name}/seg-{number}.ts");
        }
        format!("{}/{name}/seg-{number}.m4s", self.media())
    }

    /// The tag that names the initialization segment, if there is one.
    pub(super) fn map(self, rendition: &Rendition) -> String {
        if self.is_multiplexed() {
            return String::new();
        }
        format!("#EXT-X-MAP:URI=\"{}/{}/init.mp4\"\n", self.media(), rendition.name)
    }

    /// The folder of the media, relative to a media playlist.
    fn media(self) -> &'static str {
        if self == Self::Steered { "media" } else { "../media" }
    }
}

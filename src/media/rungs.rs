//! The ladder of renditions: which rungs there are.

use super::{Kind, MediaType};
use crate::units::BitRate;

/// The bandwidths of a ladder: of the renditions in one multivariant playlist, one period of an MPD, or one
/// client manifest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rungs {
    /// Sorted, without duplicates.
    pub(super) bandwidths: Vec<(MediaType, Kind, BitRate)>,
}

impl Rungs {
    fn of(&self, media: MediaType, kind: Kind) -> impl Iterator<Item = BitRate> {
        let alike = move |(m, k, _): &&(MediaType, Kind, BitRate)| (*m, *k) == (media, kind);
        self.bandwidths.iter().filter(alike).map(|(.., bandwidth)| *bandwidth)
    }

    /// The highest rung of a media type and kind; `None` if none has a rung.
    #[must_use]
    pub fn highest(&self, media: MediaType, kind: Kind) -> Option<u16> {
        let count = self.of(media, kind).count();
        (count > 0).then(|| u16::try_from(count).unwrap_or(u16::MAX))
    }

    /// The bandwidth of a rung: of video, or of another media type if video has no rungs.
    #[must_use]
    pub fn bandwidth(&self, rung: u16) -> Option<BitRate> {
        let at = usize::from(rung.checked_sub(1)?);
        if self.has_video() {
            return self.of(MediaType::Video, Kind::Segment).nth(at);
        }
        let (media, kind, _) = *self.bandwidths.first()?;
        self.of(media, kind).nth(at)
    }

    /// Whether the ladder has video.
    #[must_use]
    pub fn has_video(&self) -> bool {
        self.of(MediaType::Video, Kind::Segment).next().is_some()
    }
}

//! Renditions: each quality of each stream as its manifest describes it, and its rung on the ladder.

use super::{Kind, MediaType, Protocol, Resource, rungs::Rungs};
use crate::units::BitRate;
use std::sync::Arc;

/// One quality of one stream: an HLS variant or rendition, a DASH Representation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendition {
    /// The streaming format.
    pub protocol: Protocol,
    /// The kind of its media requests: segments, subtitles or images.
    pub kind: Kind,
    /// The media type that it carries.
    pub media: MediaType,
    /// DASH Representation id; HLS NAME, GROUP-ID/NAME, or the playlist's URI as written.
    pub name: Option<Arc<str>>,
    /// The position among the renditions of its media type and kind, 1 = lowest bandwidth.
    pub rung: Option<u16>,
    /// The declared bandwidth (HLS: BANDWIDTH, the peak).
    pub bandwidth: Option<BitRate>,
    /// The codecs, as written (RFC 6381).
    pub codecs: Option<Arc<str>>,
    /// Width and height in pixels.
    pub resolution: Option<(u32, u32)>,
    /// The language, as written.
    pub language: Option<Arc<str>>,
    /// Its purpose: the value of its DASH Role, or its first HLS characteristic.
    pub role: Option<Arc<str>>,
    /// Its ladder.
    pub rungs: Option<Arc<Rungs>>,
}

impl Rendition {
    /// A rendition with only format and content known.
    #[must_use]
    pub const fn new(protocol: Protocol, media: MediaType) -> Self {
        let kind = if matches!(media, MediaType::Text) { Kind::Subtitle } else { Kind::Segment };
        Self {
            protocol,
            kind,
            media,
            name: None,
            rung: None,
            bandwidth: None,
            codecs: None,
            resolution: None,
            language: None,
            role: None,
            rungs: None,
        }
    }

    /// A request of `kind` for this rendition.
    pub(super) fn resource(&self, kind: Kind) -> Resource {
        Resource {
            media: self.media,
            rendition: self.name.clone(),
            rung: self.rung,
            bandwidth: self.bandwidth,
            codecs: self.codecs.clone(),
            resolution: self.resolution,
            language: self.language.clone(),
            role: self.role.clone(),
            rungs: self.rungs.clone(),
            ..Resource::new(self.protocol, kind)
        }
    }
}

/// Numbers the rungs: within one media type and kind, equal bandwidths share a rung.
///
/// Renditions without a bandwidth (HLS audio and subtitles) have no rung.
pub(super) fn number_rungs(renditions: &mut [Rendition]) {
    let mut order: Vec<(MediaType, Kind, BitRate, usize)> = renditions
        .iter()
        .enumerate()
        .filter_map(|(at, rendition)| {
            Some((rendition.media, rendition.kind, rendition.bandwidth?, at))
        })
        .collect();
    order.sort_unstable();
    let mut bandwidths: Vec<_> = order.iter().map(|(m, k, b, _)| (*m, *k, *b)).collect();
    bandwidths.dedup();
    let rungs = Arc::new(Rungs { bandwidths });
    let mut rung = 0_u16;
    let mut last = None;
    for (media, kind, bandwidth, at) in order {
        rung = match last {
            Some((m, k, b)) if (m, k) == (media, kind) => {
                rung.saturating_add(u16::from(b != bandwidth))
            }
            _ => 1,
        };
        last = Some((media, kind, bandwidth));
        if let Some(rendition) = renditions.get_mut(at) {
            rendition.rung = Some(rung);
            rendition.rungs = Some(Arc::clone(&rungs));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rungs_count_distinct_bandwidths_of_one_media_type() {
        let of = |media, bits| Rendition {
            bandwidth: Some(BitRate::from_bits_per_second(bits)),
            ..Rendition::new(Protocol::Dash, media)
        };
        let mut all = [
            of(MediaType::Video, 900),
            of(MediaType::Audio, 64),
            of(MediaType::Video, 300),
            of(MediaType::Video, 900),
            of(MediaType::Video, 2000),
            Rendition::new(Protocol::Dash, MediaType::Text),
        ];
        number_rungs(&mut all);
        let rungs: Vec<_> = all.iter().map(|rendition| rendition.rung).collect();
        assert_eq!(rungs, [Some(2), Some(1), Some(1), Some(2), Some(3), None]);
        let ladder = all[0].rungs.clone().unwrap();
        assert_eq!(ladder.highest(MediaType::Video, Kind::Segment), Some(3));
        assert_eq!(ladder.highest(MediaType::Text, Kind::Subtitle), None);
        assert_eq!(ladder.bandwidth(2), Some(BitRate::from_bits_per_second(900)));
        assert_eq!(ladder.bandwidth(4), None);
    }
}

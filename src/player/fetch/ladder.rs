//! Which tracks of a manifest are played: the renditions of one ladder, and an audio track.

use crate::{
    media::{Kind, MediaType, Rendition},
    player::{Presentation, PresentationError},
};

/// The bitrate of a rendition that does not state its bandwidth, in kbit/s.
const UNKNOWN: f64 = 1000.0;

/// The tracks that are played, by their place in the manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chosen {
    /// Lowest bitrate first, each bitrate once.
    pub(super) ladder: Vec<usize>,
    /// The audio track, if audio has segments of its own.
    pub(super) audio: Option<usize>,
}

impl Chosen {
    /// Chooses; `None` when there is nothing to play.
    pub(super) fn of<'a>(tracks: impl Iterator<Item = &'a Rendition>) -> Option<Self> {
        let tracks: Vec<&Rendition> = tracks.collect();
        let playable = |media: &[MediaType]| -> Vec<usize> {
            let of = |at: &usize| {
                tracks[*at].kind == Kind::Segment && media.contains(&tracks[*at].media)
            };
            (0..tracks.len()).filter(of).collect()
        };
        let sound = playable(&[MediaType::Audio]);
        let mut ladder = playable(&[MediaType::Video, MediaType::Muxed, MediaType::Unknown]);
        if ladder.is_empty() {
            ladder.clone_from(&sound);
        }
        let first = tracks[*ladder.first()?];
        let apart = first.media == MediaType::Video;
        // A player stays with one codec.
        ladder.retain(|at| codec(tracks[*at]) == codec(first));
        ladder.sort_by_key(|at| tracks[*at].bandwidth);
        ladder.dedup_by_key(|at| tracks[*at].bandwidth);
        Some(Self { ladder, audio: sound.into_iter().next().filter(|_| apart) })
    }
}

/// The first four letters of a rendition's video codec, or of its only one.
fn codec(rendition: &Rendition) -> Option<&str> {
    const SOUND: [&str; 6] = ["mp4a", "ac-3", "ec-3", "opus", "Opus", "flac"];
    let mut codecs = rendition.codecs.as_deref()?.split(',').map(str::trim);
    let found = codecs.find(|codec| !SOUND.iter().any(|sound| codec.starts_with(sound)))?;
    found.get(..4)
}

/// The bitrate of a rendition in bit/s, if it is said.
pub(super) fn bitrate(rendition: &Rendition) -> Option<f64> {
    rendition.bandwidth.map(|bandwidth| bandwidth.bits_per_second() as f64)
}

/// What an algorithm sees of it: segments of `segment` seconds, `count` of them if there is an end.
pub(super) fn presentation<'a>(
    renditions: impl Iterator<Item = &'a Rendition>,
    segment: f64,
    count: Option<usize>,
) -> Result<Presentation, PresentationError> {
    let kilobits =
        |rendition: &Rendition| bitrate(rendition).map_or(UNKNOWN, |bitrate| bitrate / 1000.0);
    let bitrates = renditions.map(kilobits).collect();
    match count {
        Some(count) => Presentation::constant(segment * 1000.0, bitrates, count),
        None => Presentation::endless(segment * 1000.0, bitrates),
    }
}

//! The library: the embedded media, held once; segments are built from it on request.

use bytes::Bytes;

use super::chunk::chunk;
use super::encoded::EncodedLoop;
use super::error::OriginError;
use super::file_layout::Layout;
use super::ladder::{RENDITIONS, Rendition, rungs, sounds};
use super::padding::Padding;
use super::resource::digest;
use super::segment::assemble;
use super::ts::{NullPackets, Program, Track};

/// Every loop, and the data that all responses share.
#[derive(Debug)]
pub(super) struct Library {
    volumes: Vec<Volume>,
    padding: Padding,
    nulls: NullPackets,
}

/// A rendition's loop.
#[derive(Debug)]
pub(super) struct Volume {
    pub(super) rendition: &'static Rendition,
    pub(super) encoded: EncodedLoop,
    /// The digest of the data that its bytes are built from.
    pub(super) digest: u64,
    /// The program with the audio, as a transport stream; `None` for audio.
    pub(super) program: Option<Program>,
}

impl Library {
    /// Cuts the embedded media.
    pub(super) fn open() -> Result<Self, OriginError> {
        let mut volumes = RENDITIONS.iter().map(Volume::open).collect::<Result<Vec<_>, _>>()?;
        let find = |rendition: &Rendition| {
            volumes.iter().position(|it| it.rendition.name == rendition.name)
        };
        let mut programs = Vec::new();
        for (rung, _) in rungs() {
            let Some((at, sound)) = find(rung).zip(sounds().next().and_then(find)) else {
                continue;
            };
            let track = |at: usize| Track {
                rendition: volumes[at].rendition,
                encoded: &volumes[at].encoded,
            };
            let program = Program::new(track(at), track(sound))
                .map_err(|fault| OriginError::Media { rendition: rung.name, fault })?;
            programs.push((at, program));
        }
        for (at, program) in programs {
            volumes[at].program = Some(program);
        }
        Ok(Self { volumes, padding: Padding::new(), nulls: NullPackets::new() })
    }

    /// All volumes, in the order of the ladder.
    pub(super) fn volumes(&self) -> &[Volume] {
        &self.volumes
    }

    /// The volume of a rendition; there is one of each.
    pub(super) fn volume(&self, rendition: &Rendition) -> Option<&Volume> {
        self.volumes.iter().find(|volume| volume.rendition.name == rendition.name)
    }

    /// The volume of the audio, which is the same for all rungs.
    pub(super) fn sound(&self) -> Option<&Volume> {
        sounds().next().and_then(|sound| self.volume(sound))
    }

    /// Segment `number`, from 1.
    pub(super) fn segment(&self, rendition: &Rendition, number: u64) -> Option<Vec<Bytes>> {
        let fragment = self.volume(rendition)?.encoded.fragment(number)?;
        Some(assemble(rendition, fragment, number, &self.padding))
    }

    /// Part `part`, from 0, of a low-latency segment.
    pub(super) fn part(&self, rendition: &Rendition, number: u64, part: u64) -> Option<Vec<Bytes>> {
        let fragment = self.volume(rendition)?.encoded.fragment(number)?;
        Some(chunk(rendition, fragment, number, part, &self.padding))
    }

    /// Segment `number` of a rung with the audio as a transport stream, slice by slice.
    pub(super) fn slices(&self, rung: &Rendition, number: u64) -> Option<Vec<Vec<Bytes>>> {
        let volume = self.volume(rung)?;
        let sounds = self.sound()?.encoded.fragment(number)?;
        let pictures = volume.encoded.fragment(number)?;
        Some(volume.program.as_ref()?.slices(number, pictures, sounds, &self.nulls))
    }

    /// The padding of segments.
    pub(super) fn padding(&self) -> &Padding {
        &self.padding
    }
}

impl Volume {
    fn open(rendition: &'static Rendition) -> Result<Self, OriginError> {
        let encoded = EncodedLoop::cut(rendition)
            .map_err(|fault| OriginError::Media { rendition: rendition.name, fault })?;
        // Padding and times depend on the release, so its version is part of the digest.
        let digest = digest(rendition.encoded) ^ digest(env!("CARGO_PKG_VERSION").as_bytes());
        Ok(Self { rendition, encoded, digest, program: None })
    }

    /// How its file is laid out.
    pub(super) fn layout(&self) -> Layout {
        Layout::of(&self.encoded)
    }
}

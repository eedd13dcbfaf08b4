//! A rung with its audio in one fragmented MP4 file, for players without support for segments.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::boxes::{BoxAt, boxes, child, descend};
use super::encoded::Fragment;
use super::ladder::Rendition;
use super::library::{Library, Volume};
use super::movie_fragment::{self, Run, header};
use super::single_file::{FileParts, index};
use super::timeline::{Span, VOD_SEGMENTS};
use super::weight::weight;

/// The number of the audio track; that of video is 1.
const SOUND: u32 = 2;

/// The parts of the file.
#[derive(Debug)]
pub(super) struct TwoTracks {
    library: Arc<Library>,
    rung: &'static Rendition,
    head: Bytes,
}

impl TwoTracks {
    /// The file of `rung` with the audio.
    pub(super) fn new(library: Arc<Library>, rung: &'static Rendition) -> Option<Self> {
        let (video, audio) = (library.volume(rung)?, library.sound()?);
        let sound = audio.rendition;
        let index = index(rung, |number| weight(rung, number) + weight(sound, number));
        let init = merge(&video.encoded.init, &audio.encoded.init)?;
        let head = [init, index.to_vec()].concat().into();
        Some(Self { library, rung, head })
    }

    fn fragment(&self, number: u64) -> Option<Vec<Bytes>> {
        let volumes = [self.library.volume(self.rung)?, self.library.sound()?];
        let [video, audio] = volumes.map(|volume| volume.encoded.fragment(number));
        let (video, audio) = (video?, audio?);
        let sounds = Run { track: SOUND, ..run(volumes[1], audio, number) };
        let runs = [run(volumes[0], video, number), sounds];
        let data = [video, audio].map(|fragment| fragment.run(&(0..fragment.frames.len())));
        let needed = movie_fragment::length(&runs) + (data[0].len() + data[1].len()) as u64;
        let spare = self.length(number)?.saturating_sub(needed);
        let mut made = BytesMut::new();
        movie_fragment::write(&mut made, number as u32, &runs);
        Some(self.library.padding().close(made, data, spare))
    }
}

impl FileParts for TwoTracks {
    fn length(&self, number: u64) -> Option<u64> {
        match number {
            0 => Some(self.head.len() as u64),
            1..=VOD_SEGMENTS => {
                let sound = self.library.sound()?.rendition;
                Some(weight(self.rung, number) + weight(sound, number))
            }
            _ => None,
        }
    }

    fn make(&self, number: u64) -> Option<Vec<Bytes>> {
        match number {
            0 => Some(vec![self.head.clone()]),
            1..=VOD_SEGMENTS => self.fragment(number),
            _ => None,
        }
    }
}

fn run(volume: &Volume, fragment: &Fragment, number: u64) -> Run {
    let start = Span::of(volume.rendition, number).start;
    Run::of(volume.rendition, fragment, &(0..fragment.frames.len()), Some(start))
}

/// An initialization segment with the tracks of two: `ftyp`, then a `moov` with both `trak`s and
/// both `trex`, the second's track renumbered.
fn merge(video: &[u8], audio: &[u8]) -> Option<Vec<u8>> {
    let movie =
        |init: &[u8]| boxes(init, 0..init.len()).ok()?.into_iter().find(|it| &it.kind == b"moov");
    let (of_video, of_audio) = (movie(video)?, movie(audio)?);
    let part = |init: &[u8], parent: &BoxAt, kind| {
        Some(init[child(init, parent, kind).ok()?.extent].to_vec())
    };
    let mut track = part(audio, &of_audio, "trak")?;
    // A full box, version 0: after version, flags and two times, the track's number.
    let number = descend(&track, b"tkhd")?.start + 12;
    track.get_mut(number..number + 4)?.copy_from_slice(&SOUND.to_be_bytes());
    let extends =
        |init: &[u8], movie: &BoxAt| part(init, &child(init, movie, "mvex").ok()?, "trex");
    let mut other = extends(audio, &of_audio)?;
    other.get_mut(12..16)?.copy_from_slice(&SOUND.to_be_bytes());
    let first = extends(video, &of_video)?;

    let mut both = BytesMut::new();
    header(&mut both, 8 + first.len() + other.len(), b"mvex");
    both.extend_from_slice(&first);
    both.extend_from_slice(&other);
    let inside =
        [part(video, &of_video, "mvhd")?, part(video, &of_video, "trak")?, track, both.to_vec()];
    let mut init = BytesMut::from(&video[..of_video.extent.start]);
    header(&mut init, 8 + inside.iter().map(Vec::len).sum::<usize>(), b"moov");
    inside.iter().for_each(|found| init.extend_from_slice(found));
    Some(init.to_vec())
}

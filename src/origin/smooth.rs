//! Smooth Streaming ([MS-SSTR]): client manifests and fragments, on demand and live.
//!
//! All times are in ticks of 90 kHz, in which a picture has 3000 and a frame of sound 1920.

use std::fmt::Write as _;

use bytes::{BufMut, Bytes, BytesMut};

use super::encoded::Fragment;
use super::ladder::{Rendition, rungs, sounds};
use super::library::{Library, Volume};
use super::movie_fragment::{self, Run, RunKind, header};
use super::padding::{HEADER, free_header};
use super::timeline::{SEGMENT_SECONDS, Span, VOD_SEGMENTS, WINDOW_SEGMENTS, Window, number_at};
use super::weight::weight;

/// Media type of client manifests.
pub(super) const CONTENT_TYPE: &str = "text/xml; charset=utf-8";

/// Ticks a second.
const TIMESCALE: u64 = 90_000;

/// Fragments that a live fragment announces; those in manifests are so many behind the edge.
const AHEAD: u64 = 2;

/// The boxes `tfxd` and `tfrf`, which have no four letters of their own.
const TFXD: u128 = 0x6d1d_9b05_42d5_44e6_80e2_141d_aff7_57b2;
const TFRF: u128 = 0xd480_7ef2_ca39_4695_8e54_26cb_9e46_a79f;

/// AudioSpecificConfig (ISO 14496-3) of AAC-LC, 48 kHz, two channels.
const SOUND_CONFIG: &str = "1190";

/// The client manifest on demand, or of a live window.
pub(super) fn manifest(library: &Library, live: Option<Window>) -> String {
    let (attributes, first, last) = match live {
        None => {
            let duration = VOD_SEGMENTS * SEGMENT_SECONDS * TIMESCALE;
            (format!("Duration=\"{duration}\""), 1, VOD_SEGMENTS)
        }
        Some(window) => {
            let depth = (WINDOW_SEGMENTS - AHEAD) * SEGMENT_SECONDS * TIMESCALE;
            let attributes = format!(
                "Duration=\"0\" IsLive=\"TRUE\" LookAheadFragmentCount=\"{AHEAD}\" \
                 DVRWindowLength=\"{depth}\""
            );
            (attributes, window.first, window.last.saturating_sub(AHEAD))
        }
    };
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <SmoothStreamingMedia MajorVersion=\"2\" MinorVersion=\"2\" TimeScale=\"{TIMESCALE}\" \
         {attributes}>\n"
    );
    let chunks = (last + 1).saturating_sub(first);
    stream(&mut text, "video", chunks, rungs().count(), " MaxWidth=\"1920\" MaxHeight=\"1080\"");
    for (index, (rung, (width, height))) in rungs().enumerate() {
        let sets = library.volume(rung).and_then(|volume| volume.program.as_ref());
        let private = hex(sets.map_or(&[], |program| program.parameter_sets()));
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(
            text,
            "    <QualityLevel Index=\"{index}\" Bitrate=\"{}\" FourCC=\"H264\" \
             MaxWidth=\"{width}\" MaxHeight=\"{height}\" CodecPrivateData=\"{private}\"/>",
            rung.bits_per_second
        );
    }
    fragments(&mut text, rungs().map(|(rung, _)| rung).next(), first, last);
    let language = " Language=\"und\"";
    stream(&mut text, "audio", chunks, sounds().count(), language);
    for (index, sound) in sounds().enumerate() {
        let _ = writeln!(
            text,
            "    <QualityLevel Index=\"{index}\" Bitrate=\"{}\" FourCC=\"AACL\" \
             SamplingRate=\"48000\" Channels=\"2\" BitsPerSample=\"16\" PacketSize=\"4\" \
             AudioTag=\"255\" CodecPrivateData=\"{SOUND_CONFIG}\"/>",
            sound.bits_per_second
        );
    }
    fragments(&mut text, sounds().next(), first, last);
    text + "</SmoothStreamingMedia>\n"
}

fn stream(text: &mut String, kind: &str, chunks: u64, levels: usize, more: &str) {
    let _ = writeln!(
        text,
        "  <StreamIndex Type=\"{kind}\" Name=\"{kind}\" Chunks=\"{chunks}\" \
         QualityLevels=\"{levels}\"{more} \
         Url=\"QualityLevels({{bitrate}})/Fragments({kind}={{start time}})\">"
    );
}

/// `c` elements, one a fragment, and the end of their stream.
fn fragments(text: &mut String, sample: Option<&Rendition>, first: u64, last: u64) {
    for number in sample.map_or(1..=0, |_| first..=last) {
        let Some(span) = sample.map(|sample| span(sample, number)) else { continue };
        let start = if number == first { format!(" t=\"{}\"", span.start) } else { String::new() };
        let _ = writeln!(text, "    <c{start} d=\"{}\"/>", span.duration);
    }
    text.push_str("  </StreamIndex>\n");
}

/// The number of the fragment that starts at `time` ticks of 90 kHz, if one does.
pub(super) fn fragment_at(rendition: &Rendition, time: u64) -> Option<u64> {
    let ticks_of_frame = rendition.frame * TIMESCALE / rendition.timescale;
    time.is_multiple_of(ticks_of_frame).then_some(())?;
    number_at(rendition, time / ticks_of_frame * rendition.frame)
}

/// Fragment `number`; a live one announces those that follow it.
pub(super) fn fragment(
    library: &Library,
    volume: &Volume,
    number: u64,
    live: bool,
) -> Option<Vec<Bytes>> {
    let Volume { rendition, encoded, .. } = volume;
    let fragment: &Fragment = encoded.fragment(number)?;
    let all = 0..fragment.frames.len();
    let runs = [Run {
        track: 1,
        start: None,
        frame: (rendition.frame * TIMESCALE / rendition.timescale) as u32,
        kind: if rendition.picture.is_some() { RunKind::FromKey } else { RunKind::Independent },
        sizes: fragment.sizes(&all).collect(),
        extra: times(rendition, number, live),
    }];
    let data = fragment.run(&all);
    let needed = movie_fragment::length(&runs) + data.len() as u64;
    let spare = weight(rendition, number).saturating_sub(needed).max(HEADER);
    let mut made = BytesMut::new();
    movie_fragment::write(&mut made, number as u32, &runs);
    let front = made.split().freeze();
    made.extend_from_slice(&free_header(u32::try_from(spare).unwrap_or(u32::MAX)));
    let mut pieces = vec![front, data, made.freeze()];
    library.padding(spare - HEADER, &mut pieces);
    Some(pieces)
}

/// `tfxd`, when the fragment is, and for live ones `tfrf`, when the next ones are.
fn times(rendition: &Rendition, number: u64, live: bool) -> Vec<u8> {
    let mut to = Vec::new();
    let mut put = |id: u128, numbers: std::ops::RangeInclusive<u64>, count: Option<u8>| {
        let spans = numbers.map(|number| span(rendition, number));
        header(&mut to, 28 + usize::from(count.is_some()) + 16 * spans.clone().count(), b"uuid");
        to.put_u128(id);
        to.put_u32(0x0100_0000); // times of 64 bits
        count.into_iter().for_each(|count| to.put_u8(count));
        for span in spans {
            to.put_u64(span.start);
            to.put_u64(span.duration);
        }
    };
    put(TFXD, number..=number, None);
    if live {
        put(TFRF, number + 1..=number + AHEAD, Some(AHEAD as u8));
    }
    to
}

/// A segment's span in ticks of 90 kHz: whole frames, so nothing is lost.
fn span(rendition: &Rendition, number: u64) -> Span {
    let Span { start, duration } = Span::of(rendition, number);
    let ticks =
        |time: u64| time / rendition.frame * (rendition.frame * TIMESCALE / rendition.timescale);
    Span { start: ticks(start), duration: ticks(duration) }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

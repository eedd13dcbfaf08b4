//! The client manifest: the fragments by bitrate and time.

use std::fmt::Write as _;
use std::ops::RangeInclusive;

use super::fragment::{AHEAD, TIMESCALE, span};
use crate::origin::ladder::{Rendition, rungs, sounds};
use crate::origin::library::Library;
use crate::origin::timeline::{SEGMENT_SECONDS, VOD_SEGMENTS, WINDOW_SEGMENTS, Window};

/// Media type of client manifests.
pub(in crate::origin) const CONTENT_TYPE: &str = "text/xml; charset=utf-8";

/// AudioSpecificConfig (ISO 14496-3) of AAC-LC, 48 kHz, two channels.
const SOUND_CONFIG: &str = "1190";

/// The client manifest on demand, or of a live window.
pub(in crate::origin) fn manifest(library: &Library, live: Option<Window>) -> String {
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
    rungs().take(1).for_each(|(rung, _)| fragments(&mut text, rung, first..=last));
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
    sounds().take(1).for_each(|sound| fragments(&mut text, sound, first..=last));
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
fn fragments(text: &mut String, sample: &Rendition, numbers: RangeInclusive<u64>) {
    let mut start = format!(" t=\"{}\"", span(sample, *numbers.start()).start);
    for number in numbers {
        let _ = writeln!(text, "    <c{start} d=\"{}\"/>", span(sample, number).duration);
        start.clear();
    }
    text.push_str("  </StreamIndex>\n");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_live_manifest_lists_fragments_whose_followers_are_there() {
        let window = Window { first: 101, last: 104 };
        insta::assert_snapshot!(manifest(&Library::open().unwrap(), Some(window)));
    }

    #[test]
    fn a_manifest_on_demand_lists_ten_minutes() {
        let text = manifest(&Library::open().unwrap(), None);
        let durations = text.split(" d=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
        let ticks: u64 = durations.map(|ticks| ticks.parse::<u64>().unwrap()).sum();
        assert_eq!(ticks, 2 * 600 * 90_000);
        assert!(text.contains(" Duration=\"54000000\""));
    }
}

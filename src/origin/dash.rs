//! DASH manifests (ISO 23009-1): `SegmentTemplate` with `$Number$`, static and dynamic.
//!
//! Audio segments last 188 or 187 frames in turn. Their template says four seconds, the mean,
//! which is exact every eighth second and within 11 ms between: the standard allows half a segment.

use std::fmt::Write as _;

use super::ladder::{FRAME_RATE, Rendition, rungs, sounds};
use super::timeline::{SEGMENT_SECONDS, VOD_SEGMENTS, WINDOW_SEGMENTS};

/// Media type of manifests.
pub(super) const CONTENT_TYPE: &str = "application/dash+xml";

/// The manifest of ten minutes on demand.
pub(super) fn on_demand() -> String {
    let seconds = VOD_SEGMENTS * SEGMENT_SECONDS;
    mpd(&format!("type=\"static\"\n     mediaPresentationDuration=\"PT{seconds}S\""), "")
}

/// The live manifest. It never changes, for numbers follow from the clock alone, and so it was
/// "published" when it became available. (A later `publishTime` would also lead ffmpeg astray: it
/// takes an `availabilityStartTime` of zero for none, and counts from the publication instead.)
pub(super) fn live() -> String {
    let attributes = format!(
        "type=\"dynamic\"\n     \
         availabilityStartTime=\"1970-01-01T00:00:00Z\"\n     \
         publishTime=\"1970-01-01T00:00:00Z\"\n     \
         minimumUpdatePeriod=\"PT{SEGMENT_SECONDS}S\"\n     \
         timeShiftBufferDepth=\"PT{depth}S\"\n     \
         suggestedPresentationDelay=\"PT{delay}S\"",
        depth = WINDOW_SEGMENTS * SEGMENT_SECONDS,
        delay = 3 * SEGMENT_SECONDS,
    );
    let clock = "  <UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:http-iso:2014\" \
                 value=\"../../time\"/>\n";
    mpd(&attributes, clock)
}

fn mpd(attributes: &str, clock: &str) -> String {
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\"\n     \
         profiles=\"urn:mpeg:dash:profile:isoff-live:2011\"\n     \
         {attributes}\n     \
         minBufferTime=\"PT{SEGMENT_SECONDS}S\">\n  \
         <Period id=\"1\" start=\"PT0S\">\n"
    );
    adaptation(&mut text, "video", rungs().map(|(rung, _)| rung));
    adaptation(&mut text, "audio", sounds());
    text + "  </Period>\n" + clock + "</MPD>\n"
}

fn adaptation(
    text: &mut String,
    kind: &str,
    renditions: impl Iterator<Item = &'static Rendition> + Clone,
) {
    let timescale = renditions.clone().map(|rendition| rendition.timescale).max().unwrap_or(1);
    let duration = SEGMENT_SECONDS * timescale;
    let extra = if kind == "video" {
        format!(" frameRate=\"{FRAME_RATE}\"")
    } else {
        " lang=\"und\" audioSamplingRate=\"48000\"".to_owned()
    };
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(
        text,
        "    <AdaptationSet contentType=\"{kind}\" mimeType=\"{kind}/mp4\"{extra} \
         segmentAlignment=\"true\" startWithSAP=\"1\">\n      \
         <SegmentTemplate timescale=\"{timescale}\" duration=\"{duration}\" startNumber=\"1\"\n                       \
         initialization=\"../media/$RepresentationID$/init.mp4\"\n                       \
         media=\"../media/$RepresentationID$/seg-$Number$.m4s\"/>"
    );
    for rendition in renditions {
        represent(text, rendition);
    }
    text.push_str("    </AdaptationSet>\n");
}

fn represent(text: &mut String, rendition: &Rendition) {
    let Rendition { name, bits_per_second, codecs, .. } = rendition;
    let _ = write!(
        text,
        "      <Representation id=\"{name}\" bandwidth=\"{bits_per_second}\" codecs=\"{codecs}\""
    );
    let _ = match rendition.picture {
        Some((width, height)) => writeln!(text, " width=\"{width}\" height=\"{height}\"/>"),
        None => writeln!(
            text,
            ">\n        <AudioChannelConfiguration \
             schemeIdUri=\"urn:mpeg:dash:23003:3:audio_channel_configuration:2011\" value=\"2\"/>\n      \
             </Representation>"
        ),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_static_manifest_names_every_rung_at_its_declared_bitrate() {
        insta::assert_snapshot!(on_demand());
    }

    #[test]
    fn the_dynamic_manifest_tells_the_clock_and_the_window() {
        insta::assert_snapshot!(live());
    }
}

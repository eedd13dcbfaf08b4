//! The MPD: its periods, adaptation sets and representations.
//!
//! Audio segments last 188 or 187 frames in turn. A template gives four seconds, the mean, which is exact every
//! eighth second and within 11 ms between: the standard allows half a segment. A timeline gives it exactly.

use std::fmt::Write as _;

use super::addressing::{of_representation, of_set};
use super::form::{DashForm, Stretch};
use crate::origin::date::iso8601;
use crate::origin::file_layout::Layout;
use crate::origin::ladder::{FRAME_RATE, Rendition, rungs, sounds};
use crate::origin::timeline::{SEGMENT_SECONDS, Window};

/// The manifest of a form; `layouts` returns the layout of a rendition's file.
///
/// Except for the timeline, the live manifests never change, because numbers follow from the clock alone, so
/// their `publishTime` is when they became available. (A later `publishTime` would also mislead ffmpeg: it
/// takes an `availabilityStartTime` of zero for none, and counts from the publication instead.)
pub(in crate::origin) fn manifest(
    form: DashForm,
    window: Window,
    layouts: impl Fn(&Rendition) -> Layout,
) -> String {
    let published = match form {
        DashForm::LiveTimeline => iso8601(window.moved_at()),
        _ => "1970-01-01T00:00:00Z".to_owned(),
    };
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\"\n     \
         profiles=\"{}\"\n     \
         {}\n     \
         minBufferTime=\"PT{}S\">\n{}",
        form.profile(),
        form.attributes(&published),
        if form == DashForm::LowLatency { 1 } else { SEGMENT_SECONDS },
        form.service(),
    );
    for (id, stretch) in (1..).zip(form.stretches()) {
        let start = (stretch.first - 1) * SEGMENT_SECONDS;
        // Writing to a String cannot fail, here and below.
        let _ = write!(text, "  <Period id=\"{id}\" start=\"PT{start}S\"");
        if let Some(count) = stretch.count.filter(|_| form == DashForm::Periods) {
            let _ = write!(text, " duration=\"PT{}S\"", count * SEGMENT_SECONDS);
        }
        text.push_str(">\n");
        let mut set = |renditions: Vec<_>| {
            adaptation(&mut text, form, stretch, window, &renditions, &layouts);
        };
        set(rungs().map(|(rung, _)| rung).collect());
        set(sounds().collect());
        subtitles(&mut text, form);
        text.push_str("  </Period>\n");
    }
    if form.is_live() {
        text.push_str(
            "  <UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:http-iso:2014\" value=\"../../time\"/>\n",
        );
    }
    text + "</MPD>\n"
}

fn adaptation(
    text: &mut String,
    form: DashForm,
    stretch: Stretch,
    window: Window,
    renditions: &[&'static Rendition],
    layouts: impl Fn(&Rendition) -> Layout,
) {
    let Some(sample) = renditions.first() else { return };
    let kind = sample.kind();
    let extra = if sample.picture.is_some() {
        format!(" frameRate=\"{FRAME_RATE}\"")
    } else {
        " lang=\"und\" audioSamplingRate=\"48000\"".to_owned()
    };
    let _ = writeln!(
        text,
        "    <AdaptationSet contentType=\"{kind}\" mimeType=\"{kind}/mp4\"{extra} \
         segmentAlignment=\"true\" startWithSAP=\"1\">"
    );
    text.push_str(&form.producer(sample));
    text.push_str(&of_set(form, sample, stretch, window));
    for rendition in renditions {
        represent(text, rendition, &of_representation(form, rendition, &layouts(rendition)));
    }
    text.push_str("    </AdaptationSet>\n");
}

fn represent(text: &mut String, rendition: &Rendition, segments: &str) {
    let Rendition { name, bits_per_second, codecs, .. } = rendition;
    let _ = write!(
        text,
        "      <Representation id=\"{name}\" bandwidth=\"{bits_per_second}\" codecs=\"{codecs}\""
    );
    let channels = match rendition.picture {
        Some((width, height)) => {
            let _ = write!(text, " width=\"{width}\" height=\"{height}\"");
            ""
        }
        None => {
            "        <AudioChannelConfiguration \
             schemeIdUri=\"urn:mpeg:dash:23003:3:audio_channel_configuration:2011\" value=\"2\"/>\n"
        }
    };
    if channels.is_empty() && segments.is_empty() {
        text.push_str("/>\n");
    } else {
        let _ = writeln!(text, ">\n{channels}{segments}      </Representation>");
    }
}

/// Subtitles: one file a language.
fn subtitles(text: &mut String, form: DashForm) {
    for language in form.subtitles() {
        let code = language.code();
        let _ = writeln!(
            text,
            "    <AdaptationSet contentType=\"text\" mimeType=\"text/vtt\" lang=\"{code}\">\n      \
             <Role schemeIdUri=\"urn:mpeg:dash:role:2011\" value=\"subtitle\"/>\n      \
             <Representation id=\"{code}\" bandwidth=\"300\">\n        \
             <BaseURL>{code}.vtt</BaseURL>\n      \
             </Representation>\n    \
             </AdaptationSet>"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::encoded::EncodedLoop;
    use crate::units::UnixTime;

    fn written(form: DashForm) -> String {
        let window = Window::at(UnixTime::from_secs(1_795_356_534));
        manifest(form, window, |rendition| Layout::of(&EncodedLoop::cut(rendition).unwrap()))
    }

    #[test]
    fn the_static_manifest_names_every_rung_at_its_declared_bitrate() {
        insta::assert_snapshot!(written(DashForm::Number));
    }

    #[test]
    fn the_dynamic_manifest_tells_the_clock_and_the_window() {
        insta::assert_snapshot!(written(DashForm::LiveNumber));
    }

    /// Segments may be requested when a part of them exists; latency and clock are stated.
    #[test]
    fn the_low_latency_manifest_tells_when_and_how_late() {
        insta::assert_snapshot!(written(DashForm::LowLatency));
    }

    /// Numbers and media time continue from one period to the next.
    #[test]
    fn periods_start_where_the_one_before_ends() {
        insta::assert_snapshot!(written(DashForm::Periods));
    }

    #[test]
    fn a_live_timeline_lists_its_window_to_the_tick() {
        insta::assert_snapshot!(written(DashForm::LiveTimeline));
    }

    #[test]
    fn base_says_where_index_and_initialization_are() {
        let text = written(DashForm::Base);
        assert_eq!(text.matches("<SegmentBase ").count(), 7);
        let v1 = text.split("<BaseURL>../media/v1.mp4</BaseURL>").nth(1).unwrap();
        let v1 = v1.split("</SegmentBase>").next().unwrap();
        assert!(v1.contains(" indexRange=\"765-2596\""), "{v1}"); // 32 bytes and 12 a segment
        assert!(v1.contains("<Initialization range=\"0-764\"/>"), "{v1}");
        assert!(text.contains("<BaseURL>../media/a1.mp4</BaseURL>"));
    }

    #[test]
    fn lists_name_every_segment_of_every_rendition() {
        let text = written(DashForm::List);
        assert_eq!(text.matches("<SegmentURL ").count(), 7 * 150);
    }

    #[test]
    fn a_timeline_on_demand_has_one_entry_for_what_is_equally_long() {
        let text = written(DashForm::Timeline);
        assert_eq!(text.matches("<S t=\"0\" d=\"360000\" r=\"149\"/>").count(), 1);
        assert_eq!(text.matches("<S ").count(), 1 + 150);
    }

    /// A representation of text has an address and no segments.
    #[test]
    fn subtitles_are_sets_of_their_own() {
        let text = written(DashForm::Subtitled);
        let set = text.split("<AdaptationSet contentType=\"text\"").nth(2).unwrap();
        assert!(set.contains("lang=\"de\"") && set.contains("<BaseURL>de.vtt</BaseURL>"), "{set}");
    }
}

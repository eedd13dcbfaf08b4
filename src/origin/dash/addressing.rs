//! Addressing: the elements that address the segments of an adaptation set or a representation.

use std::fmt::Write as _;

use super::form::{DashForm, Stretch};
use crate::origin::file_layout::Layout;
use crate::origin::ladder::Rendition;
use crate::origin::timeline::{SEGMENT_SECONDS, Span, VOD_SEGMENTS, Window};

/// The element that applies to all representations of a set, or nothing.
pub(super) fn of_set(
    form: DashForm,
    rendition: &Rendition,
    stretch: Stretch,
    window: Window,
) -> String {
    let timescale = rendition.timescale;
    let media = "../media";
    let template = |attributes: &str, name: &str, end: &str| {
        format!(
            "      <SegmentTemplate timescale=\"{timescale}\"{attributes}\n                       \
             initialization=\"{media}/$RepresentationID$/init.mp4\"\n                       \
             media=\"{media}/$RepresentationID$/{name}.m4s\"{end}\n"
        )
    };
    let duration = SEGMENT_SECONDS * timescale;
    match form {
        DashForm::List | DashForm::Base => String::new(),
        DashForm::Timeline | DashForm::LiveTimeline => {
            let numbers = match form {
                DashForm::LiveTimeline => window.first..=window.last,
                _ => 1..=VOD_SEGMENTS,
            };
            let end = format!(
                ">\n        <SegmentTimeline>\n{}        </SegmentTimeline>\n      \
                 </SegmentTemplate>",
                timeline(rendition, numbers)
            );
            template("", "time-$Time$", &end)
        }
        _ => {
            let offset = match stretch.first {
                1 => String::new(),
                first => {
                    format!(" presentationTimeOffset=\"{}\"", Span::of(rendition, first).start)
                }
            };
            let attributes = format!(
                " duration=\"{duration}\" startNumber=\"{}\"{offset}{}",
                stretch.first,
                form.availability()
            );
            template(&attributes, "seg-$Number$", "/>")
        }
    }
}

/// `S` elements for these segments: one for each run of equal durations.
fn timeline(rendition: &Rendition, numbers: std::ops::RangeInclusive<u64>) -> String {
    let mut text = String::new();
    let mut spans = numbers.map(|number| Span::of(rendition, number)).peekable();
    let mut start = spans.peek().map(|span| format!(" t=\"{}\"", span.start));
    while let Some(span) = spans.next() {
        let mut more = 0;
        while spans.next_if(|next| next.duration == span.duration).is_some() {
            more += 1;
        }
        let start = start.take().unwrap_or_default();
        let repeated = if more > 0 { format!(" r=\"{more}\"") } else { String::new() };
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(text, "          <S{start} d=\"{}\"{repeated}/>", span.duration);
    }
    text
}

/// The element that applies to one representation, or nothing.
pub(super) fn of_representation(form: DashForm, rendition: &Rendition, layout: &Layout) -> String {
    let Rendition { name, timescale, .. } = rendition;
    match form {
        DashForm::List => {
            let duration = SEGMENT_SECONDS * timescale;
            let mut text = format!(
                "        <SegmentList timescale=\"{timescale}\" duration=\"{duration}\">\n          \
                 <Initialization sourceURL=\"../media/{name}/init.mp4\"/>\n"
            );
            for number in 1..=VOD_SEGMENTS {
                let _ = writeln!(
                    text,
                    "          <SegmentURL media=\"../media/{name}/seg-{number}.m4s\"/>"
                );
            }
            text + "        </SegmentList>\n"
        }
        DashForm::Base => {
            let (init, index) = (layout.init(), layout.index());
            format!(
                "        <BaseURL>../media/{name}.mp4</BaseURL>\n        \
                 <SegmentBase timescale=\"{timescale}\" indexRange=\"{}-{}\">\n          \
                 <Initialization range=\"{}-{}\"/>\n        \
                 </SegmentBase>\n",
                index.start,
                index.end - 1,
                init.start,
                init.end - 1,
            )
        }
        _ => String::new(),
    }
}

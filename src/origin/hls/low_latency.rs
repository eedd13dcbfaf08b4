//! The low-latency media playlist (rfc8216bis): parts, preload hints, rendition reports, and delta updates.

use std::fmt::Write as _;

use super::delivery::Delivery;
use super::form::HlsForm;
use super::media_playlist::{head, list, moment, seconds};
use crate::origin::ladder::{RENDITIONS, Rendition};
use crate::origin::timeline::{Edge, PARTS, SEGMENT_SECONDS, Span, Window};

/// Segments before the edge whose parts are listed: three target durations.
const PARTS_OF: u64 = 3;

/// Segments from the edge that a delta update keeps: six target durations, the least allowed.
const KEPT: u64 = 6;

/// The longest part: 24 frames of audio; those of video have half a second.
const PART_TARGET: &str = "0.512";

/// Three times that.
const HOLD_BACK: &str = "1.536";

/// The media playlist at `edge`, with the directives `delivery`.
pub(in crate::origin) fn low_latency(
    rendition: &Rendition,
    edge: Edge,
    delivery: Delivery,
) -> String {
    let form = HlsForm::LowLatency;
    let window = Window::at(edge.moment());
    let until = KEPT * SEGMENT_SECONDS;
    let control = format!(
        "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL={until}.000,\
         PART-HOLD-BACK={HOLD_BACK}\n#EXT-X-PART-INF:PART-TARGET={PART_TARGET}\n"
    );
    let mut text = head(form, window.first, &control);
    // Segments that end before the boundary, six segments from the edge and its parts, may be left out.
    let boundary = window.last.saturating_sub(KEPT);
    let skipped = (boundary + 1).saturating_sub(window.first);
    let first = if delivery.skip && skipped > 0 {
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(text, "#EXT-X-SKIP:SKIPPED-SEGMENTS={skipped}");
        window.first + skipped
    } else {
        window.first
    };
    // Also after skipped segments: a client that replaces its segments by those of a delta update (Shaka Player
    // 4) would otherwise know of no initialization, and never start.
    text.push_str(&form.map(rendition));
    for number in first..=window.last {
        let moment = moment(rendition, number);
        let _ = writeln!(text, "#EXT-X-PROGRAM-DATE-TIME:{moment}");
        if number + PARTS_OF > window.last {
            parts(&mut text, rendition, number, PARTS);
        }
        list(&mut text, rendition, number, &form.segment(rendition, number));
    }
    growing(&mut text, rendition, edge);
    text
}

/// The segment that is being produced, the next part, and the positions of the other renditions.
fn growing(text: &mut String, rendition: &Rendition, edge: Edge) {
    let number = edge.segment() + 1;
    if edge.parts() > 0 {
        let _ = writeln!(text, "#EXT-X-PROGRAM-DATE-TIME:{}", moment(rendition, number));
        parts(text, rendition, number, edge.parts());
    }
    let next = uri(rendition, number, edge.parts());
    let _ = writeln!(text, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"{next}\"");
    let (segment, part) = match edge.parts() {
        0 => (number - 1, PARTS - 1),
        parts => (number, parts - 1),
    };
    for other in RENDITIONS.iter().filter(|other| other.name != rendition.name) {
        let name = other.name;
        let _ = writeln!(
            text,
            "#EXT-X-RENDITION-REPORT:URI=\"{name}.m3u8\",LAST-MSN={segment},LAST-PART={part}"
        );
    }
}

/// The first `count` parts of a segment. Playback can start at any part of audio, and at the first part of
/// video.
fn parts(text: &mut String, rendition: &Rendition, number: u64, count: u64) {
    for part in 0..count {
        let seconds = seconds(rendition, Span::of_part(rendition, number, part));
        let uri = uri(rendition, number, part);
        let independent =
            if part == 0 || rendition.picture.is_none() { ",INDEPENDENT=YES" } else { "" };
        let _ = writeln!(text, "#EXT-X-PART:DURATION={seconds},URI=\"{uri}\"{independent}");
    }
}

fn uri(rendition: &Rendition, number: u64, part: u64) -> String {
    format!("../media/{}/seg-{number}.{part}.m4s", rendition.name)
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::units::UnixTime;

    /// Two and a half seconds into segment 448 839 134.
    fn playlist(name: &str, query: &str) -> String {
        let edge = Edge::at(UnixTime::from_millis(1_795_356_534_700));
        let delivery = Delivery::parse(query).unwrap();
        low_latency(Rendition::named(name).unwrap(), edge, delivery)
    }

    #[test]
    fn the_playlist_lists_parts_hints_and_reports() {
        insta::assert_snapshot!(playlist("v1", ""));
    }

    /// The same, without what the client has.
    #[test]
    fn a_delta_update_leaves_out_what_is_old() {
        let (whole, delta) = (playlist("a1", ""), playlist("a1", "_HLS_skip=YES"));
        let (head, rest) = delta.split_once("#EXT-X-SKIP:SKIPPED-SEGMENTS=6\n").unwrap();
        let (map, rest) = rest.split_once('\n').unwrap();
        assert_eq!(map, "#EXT-X-MAP:URI=\"../media/a1/init.mp4\"");
        assert!(whole.starts_with(&format!("{head}{map}\n")) && whole.ends_with(rest));
        assert_eq!(whole.matches("#EXTINF").count() - rest.matches("#EXTINF").count(), 6);
    }

    #[test]
    fn no_part_is_longer_than_the_target_or_much_shorter() {
        for name in ["v1", "a1"] {
            let text = playlist(name, "");
            let parts = text.lines().filter_map(|line| line.strip_prefix("#EXT-X-PART:DURATION="));
            let parts: Vec<f64> =
                parts.map(|rest| rest.split(',').next().unwrap().parse().unwrap()).collect();
            assert_eq!(parts.len(), 3 * 8 + 5);
            assert!(parts.iter().all(|part| (0.512 * 0.85..=0.512).contains(part)), "{parts:?}");
        }
    }

    #[test]
    fn between_segments_the_first_part_is_hinted_at() {
        let edge = Edge::after(101, 0);
        let text = low_latency(&RENDITIONS[1], edge, Delivery::default());
        let end = text.rsplit_once("#EXTINF:4.000000,\n").unwrap().1;
        let start: Vec<_> = end.lines().take(3).collect();
        insta::assert_snapshot!(start.join("\n"), @r#"
        ../media/v2/seg-100.m4s
        #EXT-X-PRELOAD-HINT:TYPE=PART,URI="../media/v2/seg-101.0.m4s"
        #EXT-X-RENDITION-REPORT:URI="v1.m3u8",LAST-MSN=100,LAST-PART=7
        "#);
    }
}

//! MPDs compared with dash-mpd-core: the addresses are built here from what it read.

use super::{Compared, Known, Manifest};
use dash_mpd_core::{
    AdaptationSet, BaseURL, MPD, Period, Representation, S, SegmentList, SegmentTemplate,
};
use url::Url;
use vsps::{
    media::{Kind, Ladder, ManifestFormat, Rendition, Resource},
    units::BitRate,
};

pub(crate) const KNOWN: &[Known] = &[
    (
        "roots-of-several-hosts",
        "/l/1.m4s",
        "5.3.2.1: neither @duration nor @start tells where the third Period begins",
    ),
    ("linked-periods", "renditions more", "5.5: a document of Periods is no MPD to dash-mpd-core"),
    (
        "segment-list-with-timeline",
        "l.mp4",
        "5.3.9.3.2: the index of the first segment begins where the segment does",
    ),
    ("template-identifiers", "data:", "RFC 2397: a data URL is not fetched"),
    (
        "timeline-patterns",
        "a.example",
        "ISO/IEC 23009-1:2022 5.3.9.6.4: S@p counts; dash-mpd-core does not read it",
    ),
    ("sample_mpd_asset_identifier", "/sq/", SHARED),
    ("sample_mpd_clear_key", "/sq/", SHARED),
    ("sample_mpd_dashif_license", "/sq/", SHARED),
    ("sample_mpd_event_stream", "/sq/", SHARED),
    ("sample_mpd_labels", "/sq/", SHARED),
    ("sample_mpd_unknown_mime_type", "/sq/", SHARED),
    (
        "avod-mediatailor",
        "segment Some",
        "5.3.2.1: Periods overlap there, and the first one that has the segment counts",
    ),
    (
        "multiperiod-segment-list",
        "index",
        "5.3.2.1: Periods have segments of one address there; the last one counts",
    ),
    ("multiperiod-startnumber", " s, not ", "5.3.2.1: Periods have segments of one address there"),
    ("multiperiod.mpd", "init", "5.3.9.4.2: the template of initialization may hold no $Number$"),
    (
        "multiperiod-dynamic",
        "init",
        "5.3.9.4.2: the template of initialization may hold no $Number$",
    ),
    (
        "360p_speciment",
        "",
        "5.3.9.2.2: an Initialization and all segments are one file there, without ranges",
    ),
];

/// Why a segment may be of another Representation.
const SHARED: &str =
    "ISO/IEC 23009-1 5.3.9.1: segments of several Representations have one address there";

/// How many segments of each Representation are checked, from its beginning; and the last one.
const SEGMENTS: u64 = 3;

/// Compares the readings of an MPD.
pub(crate) fn compare(manifest: &Manifest) -> Result<Compared, String> {
    let url = Url::parse("https://origin.example/a/b/manifest.mpd").unwrap();
    let other = dash_mpd_core::parse(manifest.text.trim_start_matches('\u{feff}'));
    let mut ladder = Ladder::default();
    let own = ladder.learn(&url, ManifestFormat::Mpd, manifest.text.as_bytes());
    match (own, other) {
        (Err(own), Err(_)) => Err(format!("neither reads it: {own}")),
        (Err(own), Ok(_)) => Err(format!("dash-mpd-core reads it, we do not: {own}")),
        (Ok(_), Err(other)) => {
            let said: String = other.to_string().chars().take(120).collect();
            Err(format!("we read it, dash-mpd-core does not: {said}"))
        }
        (Ok(_), Ok(other)) => {
            let mut compared = Compared::default();
            presentation(&url, &ladder, &other, &mut compared);
            Ok(compared)
        }
    }
}

/// A Representation with what is around it.
struct Place<'a> {
    period: &'a Period,
    set: &'a AdaptationSet,
    own: &'a Representation,
    base: Url,
    /// How long the period lasts, in seconds, if that is said.
    seconds: Option<f64>,
}

fn joined(base: &Url, own: &[BaseURL]) -> Url {
    own.first().and_then(|own| base.join(own.base.trim()).ok()).unwrap_or_else(|| base.clone())
}

fn presentation(url: &Url, ladder: &Ladder, other: &MPD, compared: &mut Compared) {
    let base = joined(url, &other.base_url);
    let mut renditions = ladder.renditions();
    for (at, period) in other.periods.iter().enumerate() {
        let start = period.start.unwrap_or_default();
        let end = match other.periods.get(at + 1) {
            Some(next) => next.start,
            None => other.mediaPresentationDuration,
        };
        let seconds = period.duration.or_else(|| end?.checked_sub(start));
        let seconds = seconds.map(|duration| duration.as_secs_f64());
        let base = joined(&base, &period.BaseURL);
        for (at, set) in period.adaptations.iter().enumerate() {
            let base = joined(&base, &set.BaseURL);
            for (nth, own) in set.representations.iter().enumerate() {
                let place = Place { period, set, own, base: joined(&base, &own.BaseURL), seconds };
                let name = own.id.clone().unwrap_or_else(|| format!("{at}.{nth}"));
                compared.renditions += 1;
                match renditions.next() {
                    Some(held) => rendition(&place, &name, held, compared),
                    None => compared.differ(format!("{name}: not in our ladder")),
                }
                segments(&place, &name, ladder, compared);
            }
        }
    }
    let more = renditions.count();
    if more > 0 {
        compared.differ(format!("{more} renditions more in our ladder"));
    }
}

fn rendition(place: &Place<'_>, name: &str, held: &Rendition, compared: &mut Compared) {
    let mut same = |what: &str, expected: String, found: String| {
        if expected != found {
            compared.differ(format!("{name}: {what} {expected}, not {found}"));
        }
    };
    let (set, own) = (place.set, place.own);
    same("id", name.to_owned(), held.name.as_deref().unwrap_or_default().to_owned());
    let bandwidth = held.bandwidth.map(BitRate::bits_per_second);
    same("bandwidth", format!("{:?}", own.bandwidth), format!("{bandwidth:?}"));
    let codecs = own.codecs.as_deref().or(set.codecs.as_deref());
    same("codecs", format!("{codecs:?}"), format!("{:?}", held.codecs.as_deref()));
    let language = own.lang.as_deref().or(set.lang.as_deref());
    same("language", format!("{language:?}"), format!("{:?}", held.language.as_deref()));
    let side = |own: Option<u64>, set: Option<u64>| own.or(set).map(|side| side as u32);
    let size = side(own.width, set.width).zip(side(own.height, set.height));
    same("resolution", format!("{size:?}"), format!("{:?}", held.resolution));
}

/// The template's attributes, each from the innermost level that has it.
fn template(place: &Place<'_>) -> Option<SegmentTemplate> {
    let levels = [
        place.own.SegmentTemplate.as_ref(),
        place.set.SegmentTemplate.as_ref(),
        place.period.SegmentTemplate.as_ref(),
    ];
    let mut levels = levels.into_iter().flatten();
    let mut merged = levels.next()?.clone();
    for level in levels {
        merged.media = merged.media.or_else(|| level.media.clone());
        merged.initialization = merged.initialization.or_else(|| level.initialization.clone());
        merged.startNumber = merged.startNumber.or(level.startNumber);
        merged.endNumber = merged.endNumber.or(level.endNumber);
        merged.duration = merged.duration.or(level.duration);
        merged.timescale = merged.timescale.or(level.timescale);
        merged.SegmentTimeline = merged.SegmentTimeline.or_else(|| level.SegmentTimeline.clone());
    }
    Some(merged)
}

fn segments(place: &Place<'_>, name: &str, ladder: &Ladder, compared: &mut Compared) {
    let has_list = place.own.SegmentList.as_ref().or(place.set.SegmentList.as_ref());
    if let Some(template) = template(place) {
        templated(place, name, &template, ladder, compared);
    } else if let Some(list) = has_list.or(place.period.SegmentList.as_ref()) {
        listed(place, name, list, ladder, compared);
    } else {
        // Without a BaseURL there is no file: the MPD itself is at that address.
        if place.base.path().ends_with("/manifest.mpd") {
            return;
        }
        // One file: a range request has its rendition.
        let found = ladder.resolve(place.base.as_str(), Some(1 << 20));
        compared.addresses += 1;
        is_of(&found, name, None, place.base.as_str(), compared);
    }
}

fn is_of(
    found: &Resource,
    name: &str,
    number: Option<u64>,
    address: &str,
    compared: &mut Compared,
) {
    let kind = matches!(found.kind, Kind::Segment | Kind::Subtitle | Kind::Image);
    let numbered = number.is_none_or(|number| found.number == Some(number));
    if !kind || found.rendition.as_deref() != Some(name) || !numbered {
        let (kind, held, at) = (found.kind, found.rendition.as_deref(), found.number);
        compared.differ(format!(
            "{address}: segment {number:?} of {name}, not {kind} {at:?} of {held:?}"
        ));
    }
}

/// Numbers and start times of the first segments of a timeline, and of the last one.
fn starts(entries: &[S], first: u64) -> Vec<(u64, u64, u64)> {
    let mut all = Vec::new();
    let (mut number, mut clock) = (first, 0);
    for entry in entries {
        number = entry.n.unwrap_or(number);
        clock = entry.t.unwrap_or(clock);
        // What lasts until something else is looked at once.
        let count = entry.r.unwrap_or(0).clamp(0, 10_000) as u64 + 1;
        for _ in 0..count {
            all.push((number, clock, entry.d));
            (number, clock) = (number + 1, clock + entry.d);
        }
        if entry.r.is_some_and(|repeat| !(0..10_000).contains(&repeat)) {
            return all;
        }
    }
    all
}

fn put(template: &str, place: &Place<'_>, name: &str, number: u64, time: u64) -> Option<String> {
    let mut out = String::new();
    for (at, piece) in template.split('$').enumerate() {
        let (identifier, width) = piece.split_once("%0").unwrap_or((piece, "1d"));
        let width: usize = width.trim_end_matches('d').parse().unwrap_or(1);
        match identifier {
            _ if at % 2 == 0 => out.push_str(piece),
            "" => out.push('$'),
            "RepresentationID" => out.push_str(name),
            "Number" => out.push_str(&format!("{number:0width$}")),
            "Time" => out.push_str(&format!("{time:0width$}")),
            "Bandwidth" => out.push_str(&format!("{:0width$}", place.own.bandwidth?)),
            _ => return None,
        }
    }
    Some(out)
}

fn templated(
    place: &Place<'_>,
    name: &str,
    template: &SegmentTemplate,
    ladder: &Ladder,
    compared: &mut Compared,
) {
    let mut ask = |reference: String| -> Option<(Resource, String)> {
        let address = place.base.join(&reference).ok()?;
        Some((ladder.resolve(address.as_str(), None), address.into()))
    };
    if let Some(init) = template.initialization.as_deref()
        && let Some((found, address)) = put(init, place, name, 0, 0).and_then(&mut ask)
    {
        compared.addresses += 1;
        if found.kind != Kind::Init {
            compared.differ(format!("{address}: init of {name}, not {}", found.kind));
        }
    }
    let Some(media) = template.media.as_deref() else { return };
    let first = template.startNumber.unwrap_or(1);
    let timescale = template.timescale.unwrap_or(1) as f64;
    let all: Vec<(u64, u64, u64)> = match (&template.SegmentTimeline, template.duration) {
        (Some(line), _) => starts(&line.segments, first),
        (None, Some(duration)) => {
            let start = |nth: u64| (nth as f64 * duration).round() as u64;
            (0..SEGMENTS).map(|nth| (first + nth, start(nth), duration as u64)).collect()
        }
        (None, None) => return,
    };
    let last = all.last().copied();
    for (number, time, ticks) in all.into_iter().take(SEGMENTS as usize).chain(last) {
        // What begins after the period's end is not there.
        let starts = (number - first) as f64 * ticks as f64 / timescale;
        let over = place.seconds.is_some_and(|seconds| starts >= seconds - 0.02);
        let fixed = template.SegmentTimeline.is_none();
        if template.endNumber.is_some_and(|end| number > end) || (fixed && over) {
            continue;
        }
        let Some((found, address)) = put(media, place, name, number, time).and_then(&mut ask)
        else {
            continue;
        };
        compared.addresses += 1;
        is_of(&found, name, Some(number), &address, compared);
        let expected = ticks as f64 / timescale;
        let held = found.duration.map_or(0.0, |held| held.as_secs_f64());
        if (held - expected).abs() > 0.01 {
            compared.differ(format!("{address}: {expected} s, not {held} s"));
        }
    }
}

fn listed(
    place: &Place<'_>,
    name: &str,
    list: &SegmentList,
    ladder: &Ladder,
    compared: &mut Compared,
) {
    for (at, segment) in list.segment_urls.iter().enumerate() {
        let reference = segment.media.as_deref().unwrap_or_default();
        let Ok(address) = place.base.join(reference) else { continue };
        let first =
            segment.mediaRange.as_deref().and_then(|range| range.split_once('-')?.0.parse().ok());
        let found = ladder.resolve(address.as_str(), first);
        compared.addresses += 1;
        // dash-mpd-core does not read a list's @startNumber: its place is compared.
        let index = found.index == Some(at as u64 + 1) || place.period.start.is_some();
        is_of(&found, name, None, address.as_str(), compared);
        if !index {
            compared.differ(format!("{address}: index {}, not {:?}", at + 1, found.index));
        }
    }
}

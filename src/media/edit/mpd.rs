//! Edits of MPDs.

use super::{
    Clocks, Durations, EndList, ManifestEdit, RungSet,
    bandwidth_urls::Templates,
    memory::Past,
    mpd_tags::{Element, elements, replace},
    multivariant::dropped,
    times::later,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

/// The replacement of one part.
type Edit = (Range<usize>, String);

/// Applies `edit`; `None` = nothing changes.
pub(super) fn edit(edit: &ManifestEdit, text: &str, past: &Past) -> Option<String> {
    let all = elements(text)?;
    let root = all.first().filter(|root| root.name == "MPD")?;
    let edits = match edit {
        ManifestEdit::Lag(segments) => lag(&all, text, (*segments).into()),
        ManifestEdit::EndList(EndList::Early | EndList::Bare) => over(root, text),
        ManifestEdit::Durations(Durations { scale: Some(scale), .. }) => scaled(&all, text, *scale),
        ManifestEdit::DropRungs(rungs) => without(&all, text, rungs),
        ManifestEdit::Strip(names) => {
            let known = |name: &str| match name {
                "width" | "height" => "RESOLUTION".to_owned(),
                name => name.to_ascii_uppercase(),
            };
            let asked = |name: &str| names.iter().any(|n| n.eq_ignore_ascii_case(&known(name)));
            let stripped = all.iter().filter(is_rendition).flat_map(|e| removed(e.spans(asked)));
            let urls = if asked("bandwidth") { kept_urls(&all, text) } else { Vec::new() };
            stripped.chain(urls).collect()
        }
        ManifestEdit::Bandwidth(factor) => {
            let renditions = all.iter().filter(|element| element.name == "Representation");
            let edits =
                renditions.filter_map(|element| multiplied(element, text, "bandwidth", *factor));
            edits.chain(kept_urls(&all, text)).collect()
        }
        ManifestEdit::Resolution(width, height) => {
            let sides = [("width", width), ("height", height)];
            let of = |element| {
                sides.iter().filter_map(move |(name, side)| {
                    let element: &Element<'_> = element;
                    Some((element.get(text, name)?.1, side.to_string()))
                })
            };
            all.iter().filter(is_rendition).flat_map(of).collect()
        }
        ManifestEdit::PublishTime => {
            let now = root.get(text, "publishTime").zip(past.published.clone());
            now.map(|((_, place), first)| (place, first)).into_iter().collect()
        }
        ManifestEdit::UtcTiming(clocks) => timing(&all, text, *clocks),
        ManifestEdit::Host(host) => base_urls_at_host(&all, root, host),
        _ => Vec::new(),
    };
    replace(text, edits)
}

fn is_rendition(element: &&Element<'_>) -> bool {
    matches!(element.name, "AdaptationSet" | "Representation")
}

/// The edits that keep the URLs of all Representations when their bandwidths change.
fn kept_urls(all: &[Element<'_>], text: &str) -> Vec<Edit> {
    // Few templates name the bandwidth.
    if !text.contains("$Bandwidth") {
        return Vec::new();
    }
    let templates = Templates::of(all, text);
    let places = all.iter().enumerate().filter(|(_, element)| element.name == "Representation");
    places.flat_map(|(at, _)| templates.kept(at)).collect()
}

fn removed(parts: Vec<Range<usize>>) -> impl Iterator<Item = Edit> {
    parts.into_iter().map(|part| (part, String::new()))
}

/// `type="static"`, and no more updates.
fn over(root: &Element<'_>, text: &str) -> Vec<Edit> {
    let Some((_, kind)) = root.get(text, "type").filter(|(kind, _)| *kind == "dynamic") else {
        return Vec::new();
    };
    let updates = removed(root.spans(|name| name == "minimumUpdatePeriod"));
    updates.chain([(kind, "static".to_owned())]).collect()
}

/// Leaves out the newest segments of each timeline, but never the last one left.
fn lag(all: &[Element<'_>], text: &str, segments: u64) -> Vec<Edit> {
    let mut edits = Vec::new();
    let dynamic = all.first().and_then(|root| root.get(text, "type"));
    if dynamic.is_none_or(|(kind, _)| kind != "dynamic") {
        return edits;
    }
    let mut lines: Vec<(usize, Vec<&Element<'_>>)> = Vec::new();
    for s in all.iter().filter(|element| element.name == "S") {
        let Some(parent) = s.parent else { continue };
        match lines.last_mut().filter(|(line, _)| *line == parent) {
            Some((_, line)) => line.push(s),
            None => lines.push((parent, vec![s])),
        }
    }
    for (_, line) in lines {
        let mut left = segments;
        for (place, s) in line.iter().enumerate().rev() {
            let repeats = s.get(text, "r");
            // A negative count extends to the end of the period: the number of segments is not known.
            let count = match repeats.as_ref().map(|(r, _)| r.trim().parse::<u64>()) {
                None => 1,
                Some(Ok(repeats)) => repeats.saturating_add(1),
                Some(Err(_)) => break,
            };
            if count <= left && place > 0 {
                edits.push((s.whole.clone(), String::new()));
                left -= count;
                continue;
            }
            if let Some((_, r)) = repeats {
                edits.push((r, (count - 1).saturating_sub(left).to_string()));
            }
            break;
        }
    }
    edits
}

fn scaled(all: &[Element<'_>], text: &str, scale: f64) -> Vec<Edit> {
    let durations = all.iter().filter_map(|element| match element.name {
        "S" => multiplied(element, text, "d", scale),
        "SegmentTemplate" | "SegmentList" => multiplied(element, text, "duration", scale),
        _ => None,
    });
    durations.collect()
}

fn multiplied(element: &Element<'_>, text: &str, name: &str, factor: f64) -> Option<Edit> {
    let (value, place) = element.get(text, name)?;
    let value: f64 = value.trim().parse().ok()?;
    Some((place, (value * factor).round().max(1.0).to_string()))
}

/// Leaves out the Representations of some rungs; each AdaptationSet has its own ladder.
fn without(all: &[Element<'_>], text: &str, rungs: &RungSet) -> Vec<Edit> {
    // The Representations of each set; a set is identified by its position.
    let mut sets: BTreeMap<usize, Vec<(u64, &Element<'_>)>> = BTreeMap::new();
    for element in all.iter().filter(|element| element.name == "Representation") {
        let set = element
            .parent
            .filter(|set| all.get(*set).is_some_and(|set| set.name == "AdaptationSet"));
        if let Some((set, bandwidth)) = set.zip(element.number(text, "bandwidth")) {
            sets.entry(set).or_default().push((bandwidth, element));
        }
    }
    let mut edits = Vec::new();
    for ladder in sets.into_values() {
        let bandwidths: BTreeSet<u64> = ladder.iter().map(|(bandwidth, _)| *bandwidth).collect();
        let dropped = dropped(rungs, &bandwidths);
        let gone = ladder.into_iter().filter(|(bandwidth, _)| dropped.contains(bandwidth));
        edits.extend(gone.map(|(_, element)| (element.whole.clone(), String::new())));
    }
    edits
}

fn timing(all: &[Element<'_>], text: &str, clocks: Clocks) -> Vec<Edit> {
    let clock = |element: &Element<'_>| match clocks {
        Clocks::Missing => Some((element.whole.clone(), String::new())),
        Clocks::Unreachable => {
            Some((element.get(text, "value")?.1, "http://nowhere.invalid/time".to_owned()))
        }
        Clocks::Shift(milliseconds) => {
            let (time, place) = element.get(text, "value")?;
            Some((place, later(time.trim(), milliseconds)?))
        }
    };
    all.iter().filter(|element| element.name == "UTCTiming").filter_map(clock).collect()
}

/// Changes the host of every BaseURL of the MPD itself; one is inserted where there is none.
fn base_urls_at_host(all: &[Element<'_>], root: &Element<'_>, host: &str) -> Vec<Edit> {
    let base = format!("<BaseURL>http://{host}/</BaseURL>");
    let own = |element: &&Element<'_>| element.name == "BaseURL" && element.parent == Some(0);
    let mut edits: Vec<Edit> =
        all.iter().filter(own).map(|element| (element.whole.clone(), base.clone())).collect();
    if edits.is_empty() {
        edits.push((root.tag.end..root.tag.end, base));
    }
    edits
}

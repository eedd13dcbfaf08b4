//! Edits of HLS media playlists.

use super::{
    Discontinuity, Durations, EndList, Hint, ManifestEdit, Report,
    attributes::rewrite,
    memory::Past,
    playlist::{Line, Playlist, is_uri, number, tag},
    times::{at_host, later},
};

const ENDLIST: &str = "#EXT-X-ENDLIST";
const HINT: &str = "#EXT-X-PRELOAD-HINT";

/// Applies `edit`; `None` = nothing changes.
pub(super) fn edit(edit: &ManifestEdit, text: &str, past: &Past) -> Option<String> {
    let mut list = Playlist::parse(text);
    match edit {
        ManifestEdit::Lag(segments) => lag(&mut list, *segments as usize),
        ManifestEdit::EndList(end) => end_list(&mut list, *end),
        ManifestEdit::Discontinuity(edit) => discontinuity(&mut list, *edit),
        ManifestEdit::Gap(every) => before_uris(&mut list, *every, "#EXT-X-GAP", false),
        ManifestEdit::Durations(durations) => {
            lie(&mut list, durations, past.first.unwrap_or_default());
        }
        ManifestEdit::Host(host) => set_host(&mut list, host),
        ManifestEdit::PreloadHint(Hint::Missing) => list.retain(|line| tag(line) != HINT),
        ManifestEdit::PreloadHint(Hint::Wrong) => change(&mut list, HINT, |name, value| {
            let uri = value.trim_matches('"');
            (name == "URI").then(|| format!("URI=\"{}\"", wrong(uri)))
        }),
        ManifestEdit::RenditionReport(report) => report_wrong(&mut list, *report),
        ManifestEdit::Skip(more) => change(&mut list, "#EXT-X-SKIP", |name, value| {
            let skipped: u64 = value.parse().ok()?;
            (name == "SKIPPED-SEGMENTS")
                .then(|| format!("{name}={}", skipped.saturating_add((*more).into())))
        }),
        // Edits of multivariant playlists or MPDs, or applied elsewhere.
        ManifestEdit::DropRungs(_)
        | ManifestEdit::Strip(_)
        | ManifestEdit::Bandwidth(_)
        | ManifestEdit::Resolution(..)
        | ManifestEdit::PublishTime
        | ManifestEdit::UtcTiming(_)
        | ManifestEdit::Freeze(_)
        | ManifestEdit::GoBack(_)
        | ManifestEdit::Empty
        | ManifestEdit::Truncate(_) => return None,
    }
    Some(list.print())
}

/// A playlist that has ended does not lag, and one segment is always left.
fn lag(list: &mut Playlist<'_>, segments: usize) {
    if list.has(ENDLIST) {
        return;
    }
    let left = list.segments.len().saturating_sub(segments).max(1);
    list.segments.truncate(left);
    list.tail.retain(|line| !matches!(tag(line), "#EXT-X-PART" | HINT));
}

fn end_list(list: &mut Playlist<'_>, end: EndList) {
    match end {
        EndList::Missing => list.retain(|line| tag(line) != ENDLIST),
        EndList::Early | EndList::Bare => {
            if end == EndList::Bare {
                list.segments.clear();
                list.tail.clear();
            }
            list.tail.retain(|line| tag(line) != HINT);
            if !list.has(ENDLIST) {
                list.append(ENDLIST);
            }
        }
    }
}

fn discontinuity(list: &mut Playlist<'_>, edit: Discontinuity) {
    const MARK: &str = "#EXT-X-DISCONTINUITY";
    const COUNT: &str = "#EXT-X-DISCONTINUITY-SEQUENCE";
    match edit {
        Discontinuity::Drop => list.retain(|line| !matches!(tag(line), MARK | COUNT)),
        Discontinuity::Insert(every) => before_uris(list, every, MARK, true),
        Discontinuity::Shift(by) => {
            let known = list.head.iter_mut().find(|line| tag(line) == COUNT);
            let count = known.as_ref().and_then(|line| number(line)).unwrap_or(0);
            let new = format!("{COUNT}:{}{}", count.saturating_add_signed(by), list.newline);
            match known {
                Some(line) => *line = new.into(),
                None => list.head.push(new.into()),
            }
        }
    }
}

/// Inserts `mark` into the segments whose number is a multiple of `every`: as the first line, or directly
/// before the URI.
fn before_uris(list: &mut Playlist<'_>, every: u64, mark: &str, first: bool) {
    let line = format!("{mark}{}", list.newline);
    let numbered = (list.first..).zip(&mut list.segments);
    for (_, segment) in numbered.filter(|(number, _)| number.is_multiple_of(every)) {
        if !segment.iter().any(|line| tag(line) == mark) {
            let place = if first { 0 } else { segment.len().saturating_sub(1) };
            segment.reserve_exact(1);
            segment.insert(place, line.clone().into());
        }
    }
}

fn lie(list: &mut Playlist<'_>, durations: &Durations, seen_first: u64) {
    if let Some(scale) = durations.scale {
        for line in list.lines_mut() {
            if let Some(new) = scaled(line, scale) {
                *line = new.into();
            }
        }
    }
    let newline = list.newline;
    if let Some(target) = durations.target {
        let target = target.as_secs_f64().round().max(1.0);
        let line = list.head.iter_mut().find(|line| tag(line) == "#EXT-X-TARGETDURATION");
        if let Some(line) = line {
            *line = format!("#EXT-X-TARGETDURATION:{target}{newline}").into();
        }
    }
    for (number, segment) in (list.first..).zip(&mut list.segments) {
        let steps = i64::try_from(number.saturating_sub(seen_first)).unwrap_or(i64::MAX);
        let shift = durations.date_shift.saturating_add(durations.date_drift.saturating_mul(steps));
        for line in segment.iter_mut().filter(|_| shift != 0) {
            if let Some(new) = dated(line, shift, newline) {
                *line = new.into();
            }
        }
    }
}

/// EXTINF or EXT-X-PART with its duration multiplied.
fn scaled(line: &Line<'_>, scale: f64) -> Option<String> {
    match tag(line) {
        "#EXTINF" => {
            // The comma is mandatory, but some playlists omit it: then only the line end follows.
            let value = line.split_once(':')?.1;
            let end = value.find([',', '\r', '\n']).unwrap_or(value.len());
            let (duration, title) = value.split_at(end);
            let duration: f64 = duration.trim().parse().ok()?;
            Some(format!("#EXTINF:{:.3}{title}", duration * scale))
        }
        "#EXT-X-PART" => rewrite(line, |name, value| {
            let duration: f64 = value.parse().ok()?;
            (name == "DURATION").then(|| format!("DURATION={:.3}", duration * scale))
        }),
        _ => None,
    }
}

fn dated(line: &Line<'_>, milliseconds: i64, newline: &str) -> Option<String> {
    let time = line.strip_prefix("#EXT-X-PROGRAM-DATE-TIME:")?;
    let time = later(time.trim(), milliseconds)?;
    Some(format!("#EXT-X-PROGRAM-DATE-TIME:{time}{newline}"))
}

fn set_host(list: &mut Playlist<'_>, host: &str) {
    let newline = list.newline;
    for line in list.lines_mut() {
        let new = match tag(line) {
            _ if is_uri(line) => Some(format!("{}{newline}", at_host(line.trim(), host))),
            "#EXT-X-MAP" | "#EXT-X-PART" | HINT => rewrite(line, |name, value| {
                let uri = value.trim_matches('"');
                (name == "URI").then(|| format!("URI=\"{}\"", at_host(uri, host)))
            }),
            _ => None,
        };
        if let Some(new) = new {
            *line = new.into();
        }
    }
}

fn report_wrong(list: &mut Playlist<'_>, report: Report) {
    const REPORT: &str = "#EXT-X-RENDITION-REPORT";
    let by = match report {
        Report::Missing => return list.retain(|line| tag(line) != REPORT),
        Report::Stale(segments) => -i64::from(segments),
        Report::Ahead(segments) => segments.into(),
    };
    change(list, REPORT, |name, value| {
        let last: u64 = value.parse().ok()?;
        (name == "LAST-MSN").then(|| format!("{name}={}", last.saturating_add_signed(by)))
    });
}

/// Rewrites the attributes of every line of this tag.
fn change(list: &mut Playlist<'_>, name: &str, to: impl Fn(&str, &str) -> Option<String>) {
    for line in list.lines_mut().filter(|line| tag(line) == name) {
        if let Some(new) = rewrite(line, &to) {
            *line = new.into();
        }
    }
}

/// A name that no part has: the file name with a prefix.
fn wrong(uri: &str) -> String {
    let start = uri.rfind('/').map_or(0, |slash| slash + 1);
    format!("{}missing-{}", &uri[..start], &uri[start..])
}

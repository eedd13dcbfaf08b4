//! Reads CMCD reports (CTA-5004, CTA-5004-B), one a line: a JSON object, a URL or a query with `CMCD=`, or the pairs
//! themselves. A line may begin with a time.
//!
//! A report tells what the player measured (`mtp`) before its request. Reports of responses (version 2) also tell when
//! bytes arrived (`ttfb`, `ttlb`) and the status (`rc`).

use crate::{
    media::{Kind, MediaType},
    replay::{
        error::ReplayError,
        record::{Body, Class, Ending, LONGEST, MOST_RECORDS, Record, Recording, Sample},
    },
};
use chrono::DateTime;
use percent_encoding::percent_decode_str;
use std::{
    collections::HashMap,
    io::{BufRead, Read as _},
    time::Duration,
};

/// No report is longer.
const LONGEST_LINE: u64 = 64 << 10;
/// A throughput counts for the time since the report before, at most this long.
const COUNTS_FOR: Duration = Duration::from_secs(30);

/// The keys of both versions, sorted. A line without any of them is no report.
const KEYS: [&str; 50] = [
    "ab", "bg", "bl", "br", "bs", "bsa", "bsd", "bsda", "cdn", "cen", "cid", "cmsdd", "cmsds",
    "cs", "d", "df", "dfa", "dl", "e", "ec", "h", "lab", "lb", "ltc", "msd", "mtp", "nor", "nr",
    "nrr", "ot", "pb", "pr", "pt", "rc", "rtp", "sf", "sid", "smrt", "sn", "st", "sta", "su",
    "tab", "tb", "tbl", "tpb", "ts", "ttfb", "ttlb", "url",
];

/// Whether `key` is one that players report.
pub(super) fn is_key(key: &str) -> bool {
    KEYS.binary_search(&key).is_ok()
}

/// The values of a report, by key, lists by their first value.
type Pairs = HashMap<String, String>;

/// A report with its time.
struct Report {
    place: String,
    pairs: Pairs,
    /// Since 1970.
    time: Option<Duration>,
}

/// Reads reports.
pub(super) fn read(mut file: impl BufRead) -> Result<Recording, ReplayError> {
    let mut reports = Vec::new();
    let mut skipped = 0;
    for number in 1.. {
        let mut text = Vec::new();
        if file.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut text)? == 0 {
            break;
        }
        let line = String::from_utf8_lossy(&text);
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if reports.len() >= MOST_RECORDS {
            return Err(ReplayError::TooMany(MOST_RECORDS));
        }
        match report(line, number)? {
            Some(report) => reports.push(report),
            None => skipped += 1,
        }
    }
    if reports.is_empty() {
        return Err(ReplayError::Nothing(
            "has no CMCD report; write one a line, as JSON or as in CMCD=bl%3D2000%2Cmtp%3D3200",
        ));
    }
    let mut recording = Recording { form: "CMCD reports", ..Recording::default() };
    if skipped > 0 {
        recording.notes.push(format!("{skipped} lines without CMCD were left out"));
    }
    let times = times(&reports, &mut recording.notes)?;
    fill(&reports, &times, &mut recording);
    Ok(recording)
}

/// One line; `None` if there is no report in it.
fn report(line: &str, number: usize) -> Result<Option<Report>, ReplayError> {
    let place = format!("line {number}");
    if line.starts_with('{') {
        let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line)
            .map_err(|cause| {
                ReplayError::invalid(&place, format!("{cause}; a line is one report"))
            })?;
        let pairs: Pairs =
            object.into_iter().filter_map(|(key, value)| Some((key, plain(value)?))).collect();
        // The keys of some collectors.
        let time = ["ts", "timestamp", "time"].iter().find_map(|key| pairs.get(*key));
        let time = time.and_then(|text| time_of(text));
        return Ok(is_report(&pairs).then_some(Report { place, pairs, time }));
    }
    let (first, rest) = line.split_once([' ', '\t']).unwrap_or(("", line));
    let (time, text) = match time_of(first) {
        Some(time) => (Some(time), rest),
        None => (None, line),
    };
    let decoded = match text.find("CMCD=") {
        Some(at) => {
            let value = text.get(at + 5..).unwrap_or_default();
            let value = value.split(['&', ' ', '"', '\t']).next().unwrap_or_default();
            percent_decode_str(value).decode_utf8_lossy().into_owned()
        }
        None if !text.contains(['?', '/']) => text.to_owned(),
        None => return Ok(None),
    };
    let pairs = dictionary(&decoded);
    let time = pairs.get("ts").and_then(|text| time_of(text)).or(time);
    Ok(is_report(&pairs).then_some(Report { place, pairs, time }))
}

fn is_report(pairs: &Pairs) -> bool {
    pairs.keys().any(|key| is_key(key))
}

/// A value of JSON as the text of a dictionary; of a list the first item.
fn plain(value: serde_json::Value) -> Option<String> {
    use serde_json::Value;
    match value {
        Value::String(text) => Some(text),
        Value::Array(list) => list.into_iter().next().and_then(plain),
        Value::Null | Value::Object(_) => None,
        other => Some(other.to_string()),
    }
}

/// Milliseconds or seconds since 1970, or ISO 8601.
fn time_of(text: &str) -> Option<Duration> {
    if let Ok(number) = text.parse::<f64>() {
        let seconds = if number >= 1e11 { number / 1e3 } else { number };
        return Duration::try_from_secs_f64(seconds)
            .ok()
            .filter(|time| time.as_secs() > 100_000_000);
    }
    let time = DateTime::parse_from_rfc3339(text).ok()?;
    u64::try_from(time.timestamp_micros()).ok().map(Duration::from_micros)
}

/// The pairs of a dictionary. Commas in strings and lists do not separate.
fn dictionary(text: &str) -> Pairs {
    let (mut pairs, mut start) = (Pairs::new(), 0);
    let (mut quoted, mut depth) = (false, 0_i32);
    let mut add = |item: &str| {
        let (key, value) = item.trim().split_once('=').unwrap_or((item.trim(), "true"));
        let value = value.trim_matches(['"', '(']);
        let value = value.split([';', ' ', ')']).next().unwrap_or_default();
        if !key.is_empty() {
            pairs.insert(key.to_owned(), value.trim_matches('"').to_owned());
        }
    };
    for (at, sign) in text.char_indices() {
        match sign {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            ',' if !quoted && depth <= 0 => {
                add(text.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    add(text.get(start..).unwrap_or_default());
    pairs
}

impl Report {
    /// A number that is not negative; `None` if the key is missing or its value is not one.
    fn number(&self, key: &str) -> Option<f64> {
        let number: f64 = self.pairs.get(key)?.parse().ok()?;
        (number.is_finite() && number >= 0.0).then_some(number)
    }

    fn ms(&self, key: &str) -> Option<Duration> {
        let span = Duration::try_from_secs_f64(self.number(key)? / 1e3).ok()?;
        (span <= LONGEST).then_some(span)
    }

    fn class(&self) -> Class {
        let (kind, media) = match self.pairs.get("ot").map(String::as_str) {
            Some("v") => (Kind::Segment, MediaType::Video),
            Some("a") => (Kind::Segment, MediaType::Audio),
            Some("av") => (Kind::Segment, MediaType::Muxed),
            Some("i") => (Kind::Init, MediaType::Unknown),
            Some("k") => (Kind::Key, MediaType::Unknown),
            Some("c" | "tt") => (Kind::Subtitle, MediaType::Text),
            // A playlist or an MPD, by `sf`.
            Some("m") => match self.pairs.get("sf").map(String::as_str) {
                Some("d") => (Kind::Mpd, MediaType::Unknown),
                _ => (Kind::MediaPlaylist, MediaType::Unknown),
            },
            _ => (Kind::Other, MediaType::Unknown),
        };
        Class { kind, media, index: None, told: !kind.is_manifest() }
    }

    /// The bytes of the object, from its bitrate and its duration.
    fn bytes(&self) -> u64 {
        let bits = self.number("br").zip(self.number("d")).map(|(kbit, ms)| kbit * ms);
        (bits.unwrap_or_default().min(1e12) / 8.0) as u64
    }
}

/// The time of each report since the first. Reports without a time follow each other as playback does: what was
/// requested so far, minus what was in the buffer.
fn times(reports: &[Report], notes: &mut Vec<String>) -> Result<Vec<Duration>, ReplayError> {
    if reports.iter().all(|report| report.time.is_some()) {
        let start = reports.iter().filter_map(|report| report.time).min().unwrap_or_default();
        return reports
            .iter()
            .map(|report| {
                let since = report.time.unwrap_or_default().saturating_sub(start);
                if since <= LONGEST {
                    return Ok(since);
                }
                let problem = "its time is more than a week after the first; remove it".to_owned();
                Err(ReplayError::invalid(&report.place, problem))
            })
            .collect();
    }
    notes.push(
        "not all reports have a time: they are placed by the media that was requested, minus the buffer, so rebuffering is not seen"
            .to_owned(),
    );
    let (mut requested, mut now) = (Duration::ZERO, Duration::ZERO);
    let mut times = Vec::new();
    for report in reports {
        let buffer = report.ms("bl").unwrap_or_default();
        now = now.max(requested.saturating_sub(buffer)).min(LONGEST);
        times.push(now);
        if matches!(report.class().media, MediaType::Video | MediaType::Muxed) {
            requested = requested.saturating_add(report.ms("d").unwrap_or_default()).min(LONGEST);
        }
    }
    Ok(times)
}

fn fill(reports: &[Report], times: &[Duration], recording: &mut Recording) {
    let mut order: Vec<usize> = (0..reports.len()).collect();
    order.sort_by_key(|at| times.get(*at).copied());
    let mut before: Option<(Duration, u64)> = None;
    let mut starved = 0;
    for at in order {
        let (Some(report), Some(&time)) = (reports.get(at), times.get(at)) else { continue };
        starved += u32::from(report.pairs.get("bs").is_some_and(|value| value != "false"));
        let record = record(report, time);
        if let (Some((last, bytes)), Some(kbit)) = (before, report.number("mtp"))
            && time > last
            && record.body.is_none()
        {
            let rate = (kbit * 1e3).min(1e11);
            let from = last.max(time.saturating_sub(COUNTS_FOR));
            let busy = if rate > 0.0 { bytes as f64 * 8.0 / rate } else { 0.0 };
            let busy = Duration::from_secs_f64(busy.min((time - from).as_secs_f64()));
            recording.samples.push(Sample { from, to: time, rate, bytes, busy });
        }
        before = Some((time, report.bytes()));
        recording.records.push(record);
    }
    if starved > 0 {
        recording.notes.push(format!("the player's buffer ran empty, by {starved} of its reports"));
    }
}

fn record(report: &Report, time: Duration) -> Record {
    let wait = report.ms("ttfb").or_else(|| report.ms("rtt"));
    let (last, bytes) = (report.ms("ttlb"), report.bytes());
    let status = report.number("rc").map(|status| status.min(599.0) as u16);
    let first = wait.unwrap_or_default();
    let body = last.filter(|last| *last > first && bytes > 0).map(|last| {
        let lasts = last - first;
        Body { start: time + first, lasts, limited: lasts, bytes }
    });
    Record {
        place: report.place.clone(),
        at: time,
        class: report.class(),
        // Without any wait, the record says nothing of the latency.
        status: status.unwrap_or(if wait.is_some() { 200 } else { 0 }),
        wait: first,
        lasts: last.unwrap_or(first).max(first),
        body,
        ending: match status {
            Some(0) => Ending::Reset,
            Some(_) => Ending::Complete,
            // A request that was reported says nothing of its response.
            None => Ending::Abandoned,
        },
        ..Record::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(text: &str) -> Vec<(u128, u128, f64)> {
        let recording = read(text.as_bytes()).unwrap();
        let sample =
            |sample: &Sample| (sample.from.as_millis(), sample.to.as_millis(), sample.rate);
        recording.samples.iter().map(sample).collect()
    }

    #[test]
    fn a_throughput_counts_until_its_report() {
        let json = "{\"ts\":1764547200000,\"ot\":\"v\",\"br\":3200,\"d\":4000}\n\
            {\"ts\":1764547204000,\"mtp\":5000,\"bl\":[2000]}\n{\"ts\":1764547206500,\"mtp\":1200}\n";
        let expected = [(0, 4000, 5e6), (4000, 6500, 1.2e6)];
        assert_eq!(samples(json), expected);
        let log = "2025-12-01T00:00:00Z GET /a.mp4?CMCD=br%3D3200%2Cd%3D4000%2Cot%3Dv HTTP/1.1\n\
            2025-12-01T00:00:04Z /b.mp4?x=1&CMCD=mtp%3D5000%2Cbl%3D2000&y=2\n\
            2025-12-01T00:00:06.5Z mtp=1200,nor=\"a,b\",bl=(2000;v 1000;a)\n";
        assert_eq!(samples(log), expected);
    }

    /// Segments of 4 s: the third is requested when 2 s of the first two are left.
    #[test]
    fn without_times_the_buffer_tells_them() {
        let text = "ot=v,d=4000,bl=0,mtp=1000\not=v,d=4000,bl=4000,mtp=2000\not=v,d=4000,bl=2000,mtp=3000\n";
        assert_eq!(samples(text), [(0, 6000, 3e6)]);
    }

    #[test]
    fn reports_of_responses_have_bytes_waits_and_statuses() {
        let text = "{\"ts\":1764547200000,\"ot\":\"v\",\"br\":4000,\"d\":4000,\"ttfb\":80,\"ttlb\":1080,\"rc\":200}\n\
            {\"ts\":1764547202000,\"ot\":\"v\",\"rc\":503}\n";
        let recording = read(text.as_bytes()).unwrap();
        let [one, two] = &recording.records[..] else { panic!("two") };
        let body = one.body.unwrap();
        assert_eq!(
            (body.bytes, body.lasts.as_millis(), one.wait.as_millis()),
            (2_000_000, 1000, 80)
        );
        assert_eq!((two.status, two.ending), (503, Ending::Complete));
    }

    #[test]
    fn absurd_values_are_left_out() {
        let text = "ot=v,d=-4,br=1e400,mtp=-1\nmtp=NaN,bl=1e300\n";
        assert_eq!(samples(text), []);
        assert!(read(&b"\n\n"[..]).is_err());
    }
}

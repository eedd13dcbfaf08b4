//! Reads a HAR: of a browser, of a proxy such as Charles, or our own.

use super::{
    goodput,
    har_document::{Entry, Har, OwnEntry, Response},
    measured::{Parts, settle_latency, span_of_ms},
};
use crate::replay::{
    error::ReplayError,
    own_effects::{faults, sets_pace},
    record::{Body, Class, Ending, LONGEST, Record, Recording},
};
use chrono::{DateTime, Utc};
use std::{io::BufRead, time::Duration};
use url::Url;

/// Reads a HAR.
pub(super) fn read(file: impl BufRead) -> Result<Recording, ReplayError> {
    let mut document = serde_json::Deserializer::from_reader(file);
    let har: Har = serde_path_to_error::deserialize(&mut document).map_err(problem)?;
    let entries = har.log.entries;
    let mut times = Vec::with_capacity(entries.len());
    for (at, entry) in entries.iter().enumerate() {
        times.push(time(&entry.started_date_time, || place(at, "startedDateTime"))?);
    }
    let Some(start) = times.iter().min().copied() else {
        return Err(ReplayError::Nothing("log.entries is empty; record while the player plays"));
    };
    check_span(&times)?;
    let mut recording = Recording { form: "HAR", ..Recording::default() };
    let (mut cached, mut own) = (0, false);
    for (at, (entry, started)) in entries.iter().zip(&times).enumerate() {
        if is_local(entry) {
            cached += 1;
            continue;
        }
        own |= entry.own.is_some();
        let since = (*started - start).to_std().unwrap_or_default();
        let mut notes = Vec::new();
        recording.records.push(record(at, entry, since, &mut notes)?);
        recording.notes.extend(notes);
    }
    recording.records.sort_by_key(|record| record.at);
    settle_latency(&mut recording.records);
    if cached > 0 {
        recording.notes.push(format!("{cached} responses from the browser's cache were left out"));
    }
    if own {
        recording.form = "HAR of vsps";
    } else if har.log.creator.name == "vsps" {
        recording.notes.push("the entries lack what vsps adds to them".to_owned());
    }
    if let Some(link) = har.log.own.and_then(|own| own.link) {
        let place = "log._vsps.link";
        let zero = time(&link.started_date_time, || format!("{place}.startedDateTime"))?;
        recording.samples = link.bins.samples(place)?;
        // Both times are of one clock; requests before the first that is kept have no entry.
        let before = (start - zero).to_std().unwrap_or_default();
        recording.samples.retain_mut(|sample| {
            let kept = sample.to > before;
            sample.from = sample.from.saturating_sub(before);
            sample.to = sample.to.saturating_sub(before);
            kept
        });
        goodput::settle(&mut recording);
    }
    Ok(recording)
}

/// An error of serde, with the path of the value.
pub(super) fn problem(error: serde_path_to_error::Error<serde_json::Error>) -> ReplayError {
    let path = error.path().to_string();
    let cause = error.into_inner();
    if let Some(kind) = cause.io_error_kind() {
        return ReplayError::Unreadable(kind.into());
    }
    let hint = if cause.is_eof() { "; the file is cut off: export it again" } else { "" };
    let place = if path == "." { "the document".to_owned() } else { path };
    ReplayError::invalid(place, format!("{cause}{hint}"))
}

fn place(entry: usize, member: &str) -> String {
    format!("log.entries[{entry}].{member}")
}

fn time(text: &str, place: impl Fn() -> String) -> Result<DateTime<Utc>, ReplayError> {
    DateTime::parse_from_rfc3339(text).map(|time| time.to_utc()).map_err(|_| {
        let shown: String = text.chars().take(40).collect();
        let problem =
            format!("`{shown}` is no time; write ISO 8601, as in 2026-01-31T12:00:00.000Z");
        ReplayError::invalid(place(), problem)
    })
}

/// A time that is more than a week from the median is an error of a clock.
fn check_span(times: &[DateTime<Utc>]) -> Result<(), ReplayError> {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let Some(median) = sorted.get(sorted.len() / 2).copied() else { return Ok(()) };
    let away = |time: DateTime<Utc>| (time - median).abs().to_std().unwrap_or(Duration::MAX);
    let far = times.iter().enumerate().find(|(_, time)| away(**time) > LONGEST / 2);
    match far {
        None => Ok(()),
        Some((at, time)) => Err(ReplayError::invalid(
            place(at, "startedDateTime"),
            format!(
                "{time} is days away from the other requests ({median}); remove the entry, or export a shorter time"
            ),
        )),
    }
}

/// Whether the entry did not use the network.
fn is_local(entry: &Entry) -> bool {
    let scheme = entry.request.url.split(':').next().unwrap_or_default();
    entry.from_cache.is_some() || !matches!(scheme, "http" | "https")
}

fn record(
    at: usize,
    entry: &Entry,
    since: Duration,
    notes: &mut Vec<String>,
) -> Result<Record, ReplayError> {
    let timings = &entry.timings;
    let ms = |value: Option<f64>, member: &str| {
        span_of_ms(value, || place(at, &format!("timings.{member}")))
    };
    let before = [(timings.blocked, "blocked"), (timings.dns, "dns")];
    let before = before.into_iter().try_fold(Duration::ZERO, |sum, (value, member)| {
        Ok::<_, ReplayError>(sum + ms(value, member)?)
    })?;
    let connect = ms(timings.connect, "connect")?;
    let receive = ms(timings.receive, "receive")?;
    let (send, wait) = (ms(timings.send, "send")?, ms(timings.wait, "wait")?);
    let time = span_of_ms(entry.time, || place(at, "time"))?;
    let sum = before + connect + send + wait + receive;
    let lasts = sum.max(time);
    // An exporter that writes the whole time only: all of it counts as transfer.
    let receive = if sum.is_zero() { time } else { receive };
    let (host, path) = address(at, &entry.request.url)?;
    let response = &entry.response;
    let status = status(at, response)?;
    // A length that such a response declares is that of another one (RFC 9110, 6.4.1 and 8.6).
    let bodiless = entry.request.method == "HEAD" || matches!(status, 100..200 | 204 | 304);
    let bytes = if bodiless { 0 } else { size(at, response, status)? };
    let start = since + before + connect + send + wait;
    let media_type = response.content.mime_type.as_deref().unwrap_or_default();
    let body = Body { start, lasts: receive, limited: receive, bytes };
    let mut record = Record {
        place: format!("log.entries[{at}]"),
        at: since,
        class: Class::guess(&path, media_type),
        path,
        host,
        status,
        wait: send + wait,
        lasts,
        body: (bytes > 0).then_some(body),
        ending: ending(response, status, (!bodiless).then_some(bytes)),
        declared: response
            .headers
            .content_length
            .filter(|_| !bodiless && !response.headers.content_encoded),
        retry_after: response.headers.retry_after,
        connect: (!connect.is_zero()).then_some(connect),
        ..Record::default()
    };
    if let Some(own) = &entry.own {
        add_own(at, &mut record, own, entry, notes)?;
    }
    Ok(record)
}

/// Adds what a proxy of ours has measured.
fn add_own(
    at: usize,
    record: &mut Record,
    own: &OwnEntry,
    entry: &Entry,
    notes: &mut Vec<String>,
) -> Result<(), ReplayError> {
    let resource = own.resource;
    record.class =
        Class { kind: resource.kind, media: resource.media, index: resource.index, told: true };
    record.attempt = own.attempt;
    record.ending = ending_of(&own.outcome);
    let applied: Vec<_> =
        own.faults.iter().map(|fault| (fault.rule.clone(), fault.effect.clone())).collect();
    let (faults, unknown) = faults(&own.plan, &applied);
    notes.extend(unknown.iter().map(|effect| {
        format!("{}: `{effect}` can't be written as a rule; it is left out", record.place)
    }));
    record.faults = Some(faults);
    if let Some(parts) = &entry.timings.parts {
        let ms = |value: f64, member: &str| {
            span_of_ms(Some(value), || place(at, &format!("timings._vsps.{member}")))
        };
        let parts = Parts {
            latency: ms(parts.latency, "latency")?,
            fault: ms(parts.fault, "fault")?,
            origin: ms(parts.origin, "origin")?,
            origin_headers: ms(own.upstream_ttfb_ms.unwrap_or_default(), "upstream_ttfb_ms")?,
            link: ms(parts.token, "token")? + ms(parts.stall, "stall")?,
        };
        record.latency = Some(parts.latency);
        record.link_wait = Some(parts.link);
        record.delayed = parts.delay(record.wait);
        if let Some(body) = &mut record.body {
            let paced = sets_pace(&own.plan);
            *body = parts.body(body.start, record.wait, body.lasts, body.bytes, paced);
        }
    }
    Ok(())
}

/// How an exchange ended, by the names of the event log.
pub(super) fn ending_of(outcome: &str) -> Ending {
    match outcome {
        "complete" => Ending::Complete,
        "player-gone" => Ending::Abandoned,
        _ => Ending::Cut,
    }
}

/// Host and path of a URL, without the prefix of a session of ours.
fn address(at: usize, url: &str) -> Result<(String, String), ReplayError> {
    let url = Url::parse(url).map_err(|cause| {
        ReplayError::invalid(place(at, "request.url"), format!("is no URL: {cause}"))
    })?;
    let path = url.path();
    let inner = path.strip_prefix("/-/s/").and_then(|rest| rest.find('/').map(|at| &rest[at..]));
    let host = url.host_str().unwrap_or_default().to_owned();
    Ok((host, inner.unwrap_or(path).to_owned()))
}

fn status(at: usize, response: &Response) -> Result<u16, ReplayError> {
    // Some exporters write -1 for no response.
    let status = response.status.unwrap_or_default().max(0);
    u16::try_from(status).ok().filter(|status| *status < 1000).ok_or_else(|| {
        ReplayError::invalid(place(at, "response.status"), format!("{status} is no HTTP status"))
    })
}

/// The bytes of the body as they passed the network.
fn size(at: usize, response: &Response, status: u16) -> Result<u64, ReplayError> {
    let headers = response.headers_size.unwrap_or_default().max(0.0);
    let transferred = response.transfer_size.map(|size| size - headers);
    let declared = response.headers.content_length.map(|length| length as f64);
    let content = response.content.size;
    // A response without a status has only what is said to have passed.
    let guesses = [declared, content].map(|size| size.filter(|_| status != 0));
    let known = [response.body_size, transferred];
    let size = known.into_iter().chain(guesses).flatten().find(|size| *size > 0.0);
    let size = size.unwrap_or_default();
    if size > 1e13 {
        let problem = format!("{size} bytes are more than any response");
        return Err(ReplayError::invalid(place(at, "response.bodySize"), problem));
    }
    Ok(size as u64)
}

/// How a response ended, from the browser's error, or from what is missing of a body of `bytes`, if there was to be one.
fn ending(response: &Response, status: u16, bytes: Option<u64>) -> Ending {
    let error = response.error.as_deref().unwrap_or_default().to_ascii_uppercase();
    let is = |words: &[&str]| words.iter().any(|word| error.contains(word));
    if is(&["TIMED_OUT", "TIMEOUT"]) {
        Ending::Silent
    } else if is(&["MISMATCH", "INCOMPLETE", "EMPTY_RESPONSE"]) {
        Ending::Cut
    } else if is(&["ABORT", "CANCEL"]) || error.is_empty() && status == 0 {
        Ending::Abandoned
    } else if !error.is_empty() {
        Ending::Reset
    } else {
        let Response { headers, body_size, .. } = response;
        let told = body_size.is_some_and(|size| size > 0.0) && !headers.content_encoded;
        let length = headers.content_length.zip(bytes);
        let short = length.is_some_and(|(length, bytes)| bytes < length / 20 * 19);
        if told && short { Ending::Cut } else { Ending::Complete }
    }
}

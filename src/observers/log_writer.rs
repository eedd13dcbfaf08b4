//! Writes events to the log, one line per event.

use crate::event::{Emitted, Event, Observer, RequestTag};
use parking_lot::Mutex;
use std::{
    collections::HashSet,
    fmt,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    time::Duration,
};

/// The most problems remembered as logged. Then the memory is cleared.
const MOST_LOGGED: usize = 1024;

/// Writes events to the log (`tracing`): problems as warnings, what a viewer can notice as info, the rest as debug or
/// trace. Lines that are not enabled are not formatted.
#[derive(Debug, Default)]
pub struct LogWriter {
    /// Hashes of problems that were logged: a player requests a live manifest every few seconds.
    logged: Mutex<HashSet<u64>>,
}

impl LogWriter {
    /// Whether this problem was not logged yet for this session and path.
    fn is_news(&self, request: &RequestTag, problem: &str) -> bool {
        let mut hasher = DefaultHasher::new();
        let path = request.path.split('?').next();
        (request.session.ordinal, path, problem).hash(&mut hasher);
        let mut logged = self.logged.lock();
        if logged.len() >= MOST_LOGGED {
            logged.clear();
        }
        logged.insert(hasher.finish())
    }
}

impl Observer for LogWriter {
    fn observe(&self, Emitted { event, .. }: Emitted<'_>) {
        let line = LogLine(event);
        match event {
            Event::UpstreamFailed { .. } => tracing::warn!("{line}"),
            Event::ManifestUnread { request, problem } if self.is_news(request, problem) => {
                tracing::warn!("{line}");
            }
            Event::ScriptFailed { request, failure } if self.is_news(request, &failure.problem) => {
                tracing::warn!("{line}");
            }
            Event::ScriptFailed { .. } => tracing::debug!("{line}"),
            Event::ManifestUnread { .. } => tracing::debug!("{line}"),
            Event::SessionStarted { .. }
            | Event::SessionEnded { .. }
            | Event::LinkChanged { .. }
            | Event::CommandApplied { .. }
            | Event::FaultInjected { .. }
            | Event::Stalled { .. } => tracing::info!("{line}"),
            Event::RequestPlanned { plan: None, .. } => tracing::trace!("{line}"),
            Event::PlayerReported { report, .. } if report.starved => tracing::info!("{line}"),
            Event::PlayerReported { .. } | Event::PlayerReportIgnored { .. } => {
                tracing::trace!("{line}");
            }
            // Requests that are over have a line of their own: see `access_log`.
            Event::LinkSampled { .. } | Event::BufferMeasured { .. } => {}
            Event::RequestFinished { .. } => tracing::trace!("{line}"),
            Event::RequestPlanned { .. }
            | Event::Dropped { .. }
            | Event::RenditionSwitched { .. } => tracing::debug!("{line}"),
        }
    }
}

/// Formats an event as text.
pub struct LogLine<'a>(pub &'a Event);

impl fmt::Display for LogLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Event::SessionStarted { session, profile, .. } => {
                write!(f, "session {} started on {profile}, seed {}", session.id, session.seed)?;
                session.label.as_ref().map_or(Ok(()), |label| write!(f, " ({label})"))
            }
            Event::SessionEnded { session, lasted, .. } => {
                write!(f, "session {} ended after {}", session.id, Time(*lasted))
            }
            Event::LinkChanged { session, profile, rate } => {
                write!(f, "session {} is now on {profile}, ", session.id)?;
                match rate {
                    Some(rate) => write!(f, "at {rate}"),
                    None => f.write_str("without a rate limit"),
                }
            }
            Event::CommandApplied { session, command, .. } => {
                write!(f, "session {}: command: {command}", session.id)
            }
            Event::Stalled { session, at, lasts } => {
                let (at, lasts) = (Time(at.since_zero()), Time(*lasts));
                write!(f, "session {} stalls for {lasts} at {at}", session.id)
            }
            Event::RenditionSwitched { session, media, from, to } => {
                write!(f, "session {} switched {media} from rung {from} to {to}", session.id)
            }
            event => request(event, f),
        }
    }
}

/// Formats the events of a request.
fn request(event: &Event, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match event {
        Event::RequestPlanned { request, latency, plan } => {
            write!(f, "{}: latency {}", RequestText(request), Time(*latency))?;
            let asked = plan.as_ref().map(|plan| plan.effects()).unwrap_or_default();
            asked.iter().try_for_each(|(name, ..)| write!(f, ", {name} by rule"))
        }
        Event::PlayerReported { request, report, .. } => {
            write!(f, "{}: the player reports", RequestText(request))?;
            match report.buffer {
                Some(buffer) => write!(f, " a buffer of {}", Time(buffer))?,
                None => f.write_str(" no buffer length")?,
            }
            if report.starved { f.write_str(", and that its buffer was empty") } else { Ok(()) }
        }
        Event::PlayerReportIgnored { request, reason } => {
            write!(
                f,
                "{}: the player's CMCD data is ignored: unknown {reason}",
                RequestText(request)
            )
        }
        Event::FaultInjected { request, rule, effect, at_byte } => {
            write!(f, "{}: rule `{rule}` applied {effect}", RequestText(request))?;
            at_byte.map_or(Ok(()), |byte| write!(f, " at byte {byte}"))
        }
        Event::Dropped { request, action, at_byte } => {
            write!(
                f,
                "{}: packet lost at byte {at_byte}: {}",
                RequestText(request),
                action.as_str()
            )
        }
        Event::UpstreamFailed { request, cause } => {
            write!(f, "{}: the origin failed: {cause}", RequestText(request))
        }
        Event::ManifestUnread { request, problem } => {
            write!(f, "{}: manifest not read in full: {problem}", RequestText(request))
        }
        Event::ScriptFailed { request, failure } => {
            write!(f, "{}: the script failed, and had no effect: {failure}", RequestText(request))
        }
        Event::RequestFinished { request, status, outcome, bytes, measured } => {
            let (outcome, total) = (outcome.as_str(), Time(measured.total));
            write!(f, "{}: {status}, {outcome}, {bytes} bytes in {total}", RequestText(request))
        }
        _ => Ok(()),
    }
}

/// Formats session, method and path of a request, and the attempt number if it is not the first.
struct RequestText<'a>(&'a RequestTag);

impl fmt::Display for RequestText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RequestTag { session, method, path, attempt, .. } = self.0;
        write!(f, "session {}, {method} {path}", session.id)?;
        if *attempt > 1 { write!(f, " (attempt {attempt})") } else { Ok(()) }
    }
}

/// Formats a time: in milliseconds below a second, else in seconds.
struct Time(Duration);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_secs_f64() {
            seconds @ ..1.0 => write!(f, "{:.1} ms", seconds * 1e3),
            seconds => write!(f, "{seconds:.2} s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::SessionTag;
    use std::sync::Arc;

    #[test]
    fn a_trouble_is_told_once() {
        let request = |ordinal, path: &str| RequestTag {
            session: Arc::new(SessionTag { id: "s".into(), ordinal, seed: 1, label: None }),
            profile: "3g".into(),
            method: http::Method::GET,
            path: path.to_owned(),
            attempt: 1,
            resource: crate::media::Resource::unknown(),
            details: crate::event::RequestDetails::default(),
        };
        let log = LogWriter::default();
        assert!(log.is_news(&request(1, "/a.m3u8?_HLS_msn=1"), "not UTF-8"));
        assert!(!log.is_news(&request(1, "/a.m3u8?_HLS_msn=2"), "not UTF-8"));
        assert!(log.is_news(&request(1, "/a.m3u8"), "too large"));
        assert!(log.is_news(&request(2, "/a.m3u8"), "not UTF-8"));
        for n in 0..5000 {
            log.is_news(&request(3, &format!("/{n}")), "x");
        }
        assert!(log.logged.lock().len() <= MOST_LOGGED);
    }
}

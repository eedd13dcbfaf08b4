//! The narrator: what a person wants to read in the log, one line an event.

use crate::event::{Event, Observer, RequestTag};
use parking_lot::Mutex;
use std::{
    collections::HashSet,
    fmt,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    time::Duration,
};

/// How many unread manifests are remembered as told; then the memory starts afresh.
const TOLD: usize = 1024;

/// Tells the log (`tracing`) what happened: troubles as warnings, what a viewer notices as
/// information, the rest for debugging. Lines that nobody listens to are never put into words.
#[derive(Debug, Default)]
pub struct LogWriter {
    /// Unread manifests that were told: a player asks for a live one every few seconds.
    told: Mutex<HashSet<u64>>,
}

impl LogWriter {
    /// Whether this is the first time that this session meets this trouble at this path.
    fn is_news(&self, request: &RequestTag, problem: &str) -> bool {
        let mut hasher = DefaultHasher::new();
        let path = request.path.split('?').next();
        (request.session.ordinal, path, problem).hash(&mut hasher);
        let mut told = self.told.lock();
        if told.len() >= TOLD {
            told.clear();
        }
        told.insert(hasher.finish())
    }
}

impl Observer for LogWriter {
    fn observe(&self, event: &Event) {
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
            | Event::FaultInjected { .. }
            | Event::Stalled { .. } => tracing::info!("{line}"),
            Event::RequestPlanned { plan: None, .. } => tracing::trace!("{line}"),
            Event::PlayerReported { report, .. } if report.starved => tracing::info!("{line}"),
            Event::PlayerReported { .. } | Event::PlayerReportIgnored { .. } => {
                tracing::trace!("{line}");
            }
            Event::RequestPlanned { .. }
            | Event::RequestFinished { .. }
            | Event::Dropped { .. }
            | Event::RenditionSwitched { .. } => tracing::debug!("{line}"),
        }
    }
}

/// An event in words.
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
            Event::Stalled { session, at, lasts } => {
                let (at, lasts) = (Time(*at), Time(*lasts));
                write!(f, "session {} stalls for {lasts} at {at}", session.id)
            }
            Event::RenditionSwitched { session, media, from, to } => {
                write!(f, "session {} moved {media} from rung {from} to {to}", session.id)
            }
            event => request(event, f),
        }
    }
}

/// The events that are about a request.
fn request(event: &Event, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match event {
        Event::RequestPlanned { request, latency, plan } => {
            write!(f, "{}: latency {}", Which(request), Time(*latency))?;
            let asked = plan.as_ref().map(|plan| plan.effects()).unwrap_or_default();
            asked.iter().try_for_each(|(name, ..)| write!(f, ", {name} by rule"))
        }
        Event::PlayerReported { request, report, .. } => {
            write!(f, "{}: the player says", Which(request))?;
            match report.buffer {
                Some(buffer) => write!(f, " it has {} buffered", Time(buffer))?,
                None => f.write_str(" nothing of its buffer")?,
            }
            if report.starved { f.write_str(", and that it ran dry") } else { Ok(()) }
        }
        Event::PlayerReportIgnored { request, reason } => {
            write!(f, "{}: what the player says is ignored: unknown {reason}", Which(request))
        }
        Event::FaultInjected { request, rule, effect, at_byte } => {
            write!(f, "{}: rule `{rule}` did its {effect}", Which(request))?;
            at_byte.map_or(Ok(()), |byte| write!(f, " at byte {byte}"))
        }
        Event::Dropped { request, action, at_byte } => {
            write!(f, "{}: dropped at byte {at_byte}: {}", Which(request), action.as_str())
        }
        Event::UpstreamFailed { request, cause } => {
            write!(f, "{}: the origin failed: {cause}", Which(request))
        }
        Event::ManifestUnread { request, problem } => {
            write!(f, "{}: manifest not read in full: {problem}", Which(request))
        }
        Event::ScriptFailed { request, failure } => {
            write!(f, "{}: the script failed, and had no effect: {failure}", Which(request))
        }
        Event::RequestFinished { request, status, outcome, bytes, measured } => {
            let (outcome, total) = (outcome.as_str(), Time(measured.total));
            write!(f, "{}: {status}, {outcome}, {bytes} bytes in {total}", Which(request))
        }
        _ => Ok(()),
    }
}

/// Session, method and path of a request, and the attempt if it is not the first.
struct Which<'a>(&'a RequestTag);

impl fmt::Display for Which<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RequestTag { session, method, path, attempt, .. } = self.0;
        write!(f, "session {}, {method} {path}", session.id)?;
        if *attempt > 1 { write!(f, " (attempt {attempt})") } else { Ok(()) }
    }
}

/// A time in milliseconds below a second, else in seconds.
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
        let narrator = LogWriter::default();
        assert!(narrator.is_news(&request(1, "/a.m3u8?_HLS_msn=1"), "not UTF-8"));
        assert!(!narrator.is_news(&request(1, "/a.m3u8?_HLS_msn=2"), "not UTF-8"));
        assert!(narrator.is_news(&request(1, "/a.m3u8"), "too large"));
        assert!(narrator.is_news(&request(2, "/a.m3u8"), "not UTF-8"));
        for n in 0..5000 {
            narrator.is_news(&request(3, &format!("/{n}")), "x");
        }
        assert!(narrator.told.lock().len() <= TOLD);
    }
}

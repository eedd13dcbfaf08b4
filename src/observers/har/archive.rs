//! Keeps the last exchanges of all sessions.

use super::{
    document::Document,
    exchange::{End, Exchange},
    session_archive::{Gone, SessionArchive},
};
use crate::event::{Emitted, Event, Observer, RequestTag, SessionTag};
use foldhash::fast::RandomState;
use parking_lot::Mutex;
use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

/// Finished exchanges kept of all sessions together: some megabytes, at most about fifty.
const MOST_OF_ALL: usize = 10_000;
/// Ended sessions that are kept, since a test often reads them after their end.
const MOST_ENDED: usize = 64;

/// Keeps the exchanges of sessions, to be exported as HAR.
///
/// It keeps the last 1,000 exchanges of each session, the last 10,000 of all sessions, and those of the last 64
/// sessions that ended. An exchange is included when it has ended.
#[derive(Default)]
pub struct Archive {
    sessions: Mutex<SessionArchives>,
}

#[derive(Default)]
struct SessionArchives {
    by_id: HashMap<Arc<str>, SessionArchive, RandomState>,
    /// The sessions of the last finished exchanges, oldest first.
    order: VecDeque<Arc<str>>,
    /// The number of exchanges finished so far.
    count: u64,
    /// Ended sessions, in the order of their end.
    ended: VecDeque<Arc<str>>,
}

impl Archive {
    /// The exchanges of the session `id` as HAR 1.2. `None` = there is no such session, or it ended long ago. `base` is
    /// the address of the session, without a trailing slash.
    #[must_use]
    pub fn har(&self, id: &str, base: &str) -> Option<String> {
        let sessions = self.sessions.lock();
        let archive = sessions.by_id.get(id)?;
        let (session, left_off) = (Arc::clone(&archive.session), archive.left_off);
        let exchanges = archive.finished();
        // Serialised without the lock, which the byte path needs.
        drop(sessions);
        let document = Document::new(&session, left_off, &exchanges, base);
        // Strings and numbers can always be serialised.
        Some(serde_json::to_string(&document).unwrap_or_default())
    }
}

impl Observer for Archive {
    fn observe(&self, Emitted { at, event }: Emitted<'_>) {
        match event {
            Event::SessionStarted { session, .. } => self.sessions.lock().start(session),
            Event::SessionEnded { session, .. } => self.sessions.lock().end(session),
            Event::RequestPlanned { request, latency, plan } => {
                let exchange = Exchange::new(request, at, *latency, plan.as_ref());
                let mut sessions = self.sessions.lock();
                if let Some(archive) = sessions.by_id.get_mut(&request.session.id) {
                    archive.begin(exchange);
                }
            }
            Event::FaultInjected { request, rule, effect, at_byte } => {
                self.note(request, |exchange| exchange.add_fault(rule, effect, *at_byte));
            }
            Event::Dropped { request, action, at_byte } => {
                self.note(request, |exchange| exchange.add_drop(action.as_str(), *at_byte));
            }
            Event::UpstreamFailed { request, cause } => {
                self.note(request, |exchange| exchange.upstream_failure = Some(cause.to_string()));
            }
            Event::RequestFinished { request, status, outcome, bytes, measured } => {
                let (status, outcome, bytes) = (*status, *outcome, *bytes);
                let end = End { status, outcome, bytes, measured: *measured };
                let gone = self.sessions.lock().finish(request, end);
                // Dropped without the lock, which all requests need.
                drop(gone);
            }
            Event::LinkChanged { .. }
            | Event::PlayerReported { .. }
            | Event::PlayerReportIgnored { .. }
            | Event::Stalled { .. }
            | Event::RenditionSwitched { .. }
            | Event::ManifestUnread { .. }
            | Event::ScriptFailed { .. } => {}
        }
    }
}

impl Archive {
    fn note(&self, request: &Arc<RequestTag>, note: impl FnOnce(&mut Exchange)) {
        let mut sessions = self.sessions.lock();
        let archive = sessions.by_id.get_mut(&request.session.id);
        if let Some(exchange) = archive.and_then(|archive| archive.under_way(request)) {
            note(exchange);
        }
    }
}

impl SessionArchives {
    fn start(&mut self, session: &Arc<SessionTag>) {
        // The anonymous session may end and start again.
        self.ended.retain(|id| *id != session.id);
        self.by_id.insert(Arc::clone(&session.id), SessionArchive::new(Arc::clone(session)));
    }

    fn end(&mut self, session: &SessionTag) {
        self.ended.push_back(Arc::clone(&session.id));
        if self.ended.len() > MOST_ENDED
            && let Some(id) = self.ended.pop_front()
        {
            self.by_id.remove(&id);
        }
    }

    fn finish(&mut self, request: &Arc<RequestTag>, end: End) -> Gone {
        let mut gone = Gone::new();
        let Some(archive) = self.by_id.get_mut(&request.session.id) else { return gone };
        if !archive.finish(self.count, request, end, &mut gone) {
            return gone;
        }
        self.count += 1;
        self.order.push_back(Arc::clone(&archive.session.id));
        if self.order.len() > MOST_OF_ALL
            && let Some(id) = self.order.pop_front()
            && let Some(archive) = self.by_id.get_mut(&id)
        {
            archive.forget(self.count - 1 - MOST_OF_ALL as u64, &mut gone);
        }
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observers::har::session_archive::MOST_OF_SESSION;
    use crate::{
        clock::Timestamp,
        event::{Measured, Outcome, RequestDetails},
        media::{Kind, Protocol, Resource},
    };
    use std::time::Duration;

    fn session(ordinal: u64) -> Arc<SessionTag> {
        Arc::new(SessionTag { id: format!("s{ordinal}").into(), ordinal, seed: 1, label: None })
    }

    fn observe(archive: &Archive, event: &Event) {
        archive.observe(Emitted { at: Timestamp::default(), event });
    }

    fn begin(archive: &Archive, session: &Arc<SessionTag>, path: &str) -> Arc<RequestTag> {
        let request = Arc::new(RequestTag {
            session: Arc::clone(session),
            profile: "3g".into(),
            method: http::Method::GET,
            path: path.to_owned(),
            attempt: 1,
            resource: Resource::new(Protocol::Hls, Kind::Segment),
            details: RequestDetails::default(),
        });
        let latency = Duration::ZERO;
        let request_ = Arc::clone(&request);
        observe(archive, &Event::RequestPlanned { request: request_, latency, plan: None });
        request
    }

    fn finish(archive: &Archive, request: Arc<RequestTag>) {
        let (outcome, measured) = (Outcome::Complete, Measured::default());
        let finished = Event::RequestFinished { request, status: 200, outcome, bytes: 1, measured };
        observe(archive, &finished);
    }

    fn start(archive: &Archive, ordinal: u64) -> Arc<SessionTag> {
        let session = session(ordinal);
        let (one, profile) = (Arc::clone(&session), "3g".into());
        observe(archive, &Event::SessionStarted { session: one, profile, rate: None });
        session
    }

    fn end(archive: &Archive, session: &Arc<SessionTag>) {
        let (session, profile) = (Arc::clone(session), "3g".into());
        observe(archive, &Event::SessionEnded { session, profile, lasted: Duration::ZERO });
    }

    /// The paths of a session's exchanges, and how many were left off.
    fn kept(archive: &Archive, session: &SessionTag) -> Option<(Vec<String>, u64)> {
        let har: serde_json::Value = serde_json::from_str(&archive.har(&session.id, "")?).unwrap();
        let entries = har["log"]["entries"].as_array().unwrap();
        let paths = entries.iter().map(|e| e["request"]["url"].as_str().unwrap().to_owned());
        Some((paths.collect(), har["log"]["_vsps"]["left_off"].as_u64().unwrap()))
    }

    #[test]
    fn a_session_keeps_its_last_exchanges() {
        let archive = Archive::default();
        let one = start(&archive, 1);
        for number in 0..MOST_OF_SESSION + 3 {
            finish(&archive, begin(&archive, &one, &format!("/{number}")));
        }
        let (paths, left_off) = kept(&archive, &one).unwrap();
        assert_eq!((paths.len(), left_off), (MOST_OF_SESSION, 3));
        assert_eq!(paths[0], "/3");
        // What is under way is not there yet.
        let last = begin(&archive, &one, "/last");
        assert!(!kept(&archive, &one).unwrap().0.contains(&"/last".to_owned()));
        finish(&archive, last);
        assert_eq!(kept(&archive, &one).unwrap().0.last().unwrap(), "/last");
    }

    #[test]
    fn all_sessions_together_keep_no_more_than_is_allowed() {
        let archive = Archive::default();
        let sessions: Vec<_> = (1..=20).map(|ordinal| start(&archive, ordinal)).collect();
        for _ in 0..MOST_OF_SESSION {
            for session in &sessions {
                finish(&archive, begin(&archive, session, "/a"));
            }
        }
        let numbers = sessions.iter().map(|session| kept(&archive, session).unwrap().0.len());
        assert_eq!(numbers.sum::<usize>(), MOST_OF_ALL);
        let sessions = archive.sessions.lock();
        assert_eq!(sessions.order.len(), MOST_OF_ALL);
    }

    #[test]
    fn what_ended_is_kept_for_a_while() {
        let archive = Archive::default();
        let one = start(&archive, 1);
        // Its responses in flight run on.
        let late = begin(&archive, &one, "/late");
        end(&archive, &one);
        finish(&archive, late);
        assert_eq!(kept(&archive, &one).unwrap().0, ["/late"]);
        for ordinal in 2..2 + MOST_ENDED as u64 {
            let other = start(&archive, ordinal);
            end(&archive, &other);
        }
        assert_eq!(kept(&archive, &one), None);
        // Too late for anything: nothing comes back.
        finish(&archive, begin(&archive, &one, "/after"));
        assert_eq!(archive.sessions.lock().by_id.len(), MOST_ENDED);
    }

    #[test]
    fn a_long_address_and_a_flood_are_cut() {
        let archive = Archive::default();
        let one = start(&archive, 1);
        let long = format!("/{}", "é".repeat(5000));
        let request = begin(&archive, &one, &long);
        for at_byte in 0..1000 {
            let (request, rule) = (Arc::clone(&request), "r".into());
            let effect = "stall";
            observe(
                &archive,
                &Event::FaultInjected { request, rule, effect, at_byte: Some(at_byte) },
            );
        }
        finish(&archive, request);
        let har = archive.har("s1", "").unwrap();
        assert!(har.len() < 8000, "{}", har.len());
        for number in 0..1000 {
            begin(&archive, &one, &format!("/{number}"));
        }
        assert_eq!(kept(&archive, &one).unwrap().1, 1000 - 256);
    }
}

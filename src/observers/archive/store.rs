//! Keeps the last exchanges of all sessions.

use super::{
    exchange::{End, Exchange},
    session_archive::{Gone, SessionArchive},
    split::Split,
};
use crate::{
    event::{Emitted, Event, RequestTag, SessionTag},
    units::ProcessTime,
};
use foldhash::fast::RandomState;
use parking_lot::Mutex;
use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

/// Finished exchanges kept of all sessions together: some megabytes, at most about a hundred.
const MOST_OF_ALL: usize = 20_000;
/// Ended sessions that are kept, since a test often reads them after their end.
const MOST_ENDED: usize = 64;

/// Keeps the exchanges of sessions.
///
/// It keeps the last 4,000 finished exchanges of each session, the last 20,000 of all sessions, and those of the last 64
/// sessions that ended.
#[derive(Default)]
pub(in crate::observers) struct Archive {
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

/// The exchanges of one session.
pub(in crate::observers) struct Kept {
    pub(in crate::observers) session: Arc<SessionTag>,
    /// In the order of their start.
    pub(in crate::observers) finished: Vec<Arc<Exchange>>,
    /// In the order of their start.
    pub(in crate::observers) under_way: Vec<Exchange>,
    /// The number of exchanges that are no longer kept.
    pub(in crate::observers) left_off: u64,
}

impl Archive {
    /// The exchanges of the session `id`. `None` = there is no such session, or it ended long ago.
    pub(in crate::observers) fn kept(&self, id: &str) -> Option<Kept> {
        let sessions = self.sessions.lock();
        let archive = sessions.by_id.get(id)?;
        Some(Kept {
            session: Arc::clone(&archive.session),
            finished: archive.finished(),
            under_way: archive.all_under_way(),
            left_off: archive.left_off,
        })
    }

    /// Takes in an event. Returns the exchange that it ends, if it ends one.
    pub(in crate::observers) fn observe(
        &self,
        Emitted { at, event }: Emitted<'_>,
    ) -> Option<Arc<Exchange>> {
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
                self.note(request, |exchange| {
                    exchange.add_fault(rule, effect, *at_byte, at.process);
                });
            }
            Event::Dropped { request, action, at_byte } => {
                self.note(request, |exchange| {
                    exchange.add_drop(action.as_str(), *at_byte, at.process);
                });
            }
            Event::UpstreamFailed { request, cause } => {
                self.note(request, |exchange| exchange.upstream_failure = Some(cause.to_string()));
            }
            Event::RequestFinished { request, status, outcome, bytes, measured } => {
                let (status, outcome, bytes) = (*status, *outcome, *bytes);
                let (measured, split) = (*measured, Split::default());
                let end = End { status, outcome, bytes, measured, lasted: measured.total, split };
                let (finished, gone) = self.sessions.lock().finish(request, end, at.process);
                // Dropped without the lock, which all requests need.
                drop(gone);
                return finished;
            }
            Event::Stalled { session, at, lasts } => {
                if let Some(archive) = self.sessions.lock().by_id.get_mut(&session.id) {
                    archive.stalls.add(*at, *lasts);
                }
            }
            Event::LinkChanged { .. }
            | Event::CommandApplied { .. }
            | Event::LinkSampled { .. }
            | Event::BufferMeasured { .. }
            | Event::PlayerReported { .. }
            | Event::PlayerReportIgnored { .. }
            | Event::RenditionSwitched { .. }
            | Event::ManifestUnread { .. }
            | Event::ScriptFailed { .. } => {}
        }
        None
    }

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

    fn finish(
        &mut self,
        request: &Arc<RequestTag>,
        end: End,
        now: ProcessTime,
    ) -> (Option<Arc<Exchange>>, Gone) {
        let mut gone = Gone::new();
        let Some(archive) = self.by_id.get_mut(&request.session.id) else { return (None, gone) };
        let finished = archive.finish(self.count, request, end, now, &mut gone);
        if finished.is_none() {
            return (None, gone);
        }
        self.count += 1;
        self.order.push_back(Arc::clone(&archive.session.id));
        if self.order.len() > MOST_OF_ALL
            && let Some(id) = self.order.pop_front()
            && let Some(archive) = self.by_id.get_mut(&id)
        {
            archive.forget(self.count - 1 - MOST_OF_ALL as u64, &mut gone);
        }
        (finished, gone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observers::archive::session_archive::MOST_OF_SESSION;
    use crate::{
        clock::Timestamp,
        event::{Measured, Outcome, RequestDetails},
        media::{Kind, Protocol, Resource},
        units::{SessionTime, UnixTime},
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
        let kept = archive.kept(&session.id)?;
        let paths = kept.finished.iter().map(|exchange| exchange.request.path.clone());
        Some((paths.collect(), kept.left_off))
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
        // What is under way is kept apart.
        let last = begin(&archive, &one, "/last");
        assert!(!kept(&archive, &one).unwrap().0.contains(&"/last".to_owned()));
        assert_eq!(archive.kept("s1").unwrap().under_way.len(), 1);
        finish(&archive, last);
        assert_eq!(kept(&archive, &one).unwrap().0.last().unwrap(), "/last");
    }

    /// 100 ms of latency, 300 ms of waits for the link of which 200 ms are a stall, and a player that leaves later than
    /// with the last byte.
    #[test]
    fn the_parts_of_an_exchange_add_up_to_its_duration() {
        let ms = Duration::from_millis;
        let archive = Archive::default();
        let one = start(&archive, 1);
        let request = begin(&archive, &one, "/a");
        let (session, planned) = (Arc::clone(&one), Arc::clone(&request));
        let stalled = Event::Stalled { session, at: SessionTime::from_millis(400), lasts: ms(200) };
        observe(&archive, &stalled);
        let measured = Measured { total: ms(900), shaper_wait: ms(300), ..Measured::default() };
        let (status, outcome, bytes) = (200, Outcome::PlayerGone, 1);
        let event = Event::RequestFinished { request: planned, status, outcome, bytes, measured };
        let at = Timestamp { process: ProcessTime::from_secs(1), unix: UnixTime::from_secs(1) };
        let end = archive.observe(Emitted { at, event: &event }).unwrap().end.clone();
        assert_eq!((end.lasted, end.split.stall, end.split.token), (ms(1000), ms(200), ms(100)));
        assert_eq!(end.split.transfer, ms(700));
    }

    #[test]
    fn all_sessions_together_keep_no_more_than_is_allowed() {
        let archive = Archive::default();
        let sessions: Vec<_> = (1..=6).map(|ordinal| start(&archive, ordinal)).collect();
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
        // Its responses in flight continue.
        let late = begin(&archive, &one, "/late");
        end(&archive, &one);
        finish(&archive, late);
        assert_eq!(kept(&archive, &one).unwrap().0, ["/late"]);
        for ordinal in 2..2 + MOST_ENDED as u64 {
            let other = start(&archive, ordinal);
            end(&archive, &other);
        }
        assert_eq!(kept(&archive, &one), None);
        // Events that come too late change nothing.
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
        let finished = &archive.kept("s1").unwrap().finished[0];
        assert!(finished.request.path.len() <= 2048, "{}", finished.request.path.len());
        assert_eq!(finished.faults.len(), 32);
        for number in 0..1000 {
            begin(&archive, &one, &format!("/{number}"));
        }
        assert_eq!(kept(&archive, &one).unwrap().1, 1000 - 256);
    }
}

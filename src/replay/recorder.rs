//! Records the network of sessions as they pass, for `vsps run --record`.

use super::{
    error::ReplayError,
    estimate::Reproduction,
    record::{Body, Class, Ending, Record, Recording, Sample},
    spans::{under_way, within},
};
use crate::event::{Emitted, Event, Observer, Outcome, RequestTag, SessionTag};
use parking_lot::Mutex;
use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

/// The most requests and samples kept of a session, about ten megabytes; a day of a live stream.
const MOST_KEPT: usize = 50_000;
/// Less time under way is no evidence of a rate.
const LEAST_UNDER_WAY: Duration = Duration::from_millis(50);
/// The most sessions that are recorded at a time.
const MOST_SESSIONS: usize = 256;

/// What was recorded of a session that ended.
#[derive(Debug)]
pub struct Recorded {
    /// The session's id.
    pub session: Arc<str>,
    /// Its label, if it has one.
    pub label: Option<Arc<str>>,
    recording: Recording,
    /// Times, and all bytes that the session had delivered at the end of each.
    counted: Vec<(Duration, Duration, u64)>,
    /// Whether the session's own link had a limit.
    limited: bool,
    /// Requests and samples that were too many.
    left_off: u64,
}

impl Recorded {
    /// The profile of the network that the session had.
    ///
    /// # Errors
    /// If nothing passed.
    pub fn reproduction(&self, interval: Duration) -> Result<Reproduction, ReplayError> {
        let mut recording = self.recording.clone();
        recording.records.sort_by_key(|record| record.at);
        let busy = under_way(recording.records.iter().filter_map(|record| record.body));
        recording.samples = samples(&self.counted, &busy);
        if self.limited {
            recording.notes.push(
                "the session's own link had a limit: the network behind it may be quicker"
                    .to_owned(),
            );
        }
        if self.left_off > 0 {
            recording.notes.push(format!(
                "the session was longer than is kept: {} entries were left out",
                self.left_off
            ));
        }
        Reproduction::of(&recording, &format!("session {}", self.session), interval)
    }
}

/// What passed through sessions that are under way.
pub struct NetworkRecorder {
    sessions: Mutex<HashMap<Arc<str>, Recorded>>,
    ended: Box<dyn Fn(Recorded) + Send + Sync>,
}

impl fmt::Debug for NetworkRecorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NetworkRecorder").field("sessions", &self.sessions).finish_non_exhaustive()
    }
}

impl NetworkRecorder {
    /// Passes each session that ends to `ended`, which must not wait.
    #[must_use]
    pub fn new(ended: impl Fn(Recorded) + Send + Sync + 'static) -> Self {
        Self { sessions: Mutex::default(), ended: Box::new(ended) }
    }

    fn start(&self, session: &SessionTag) {
        let mut sessions = self.sessions.lock();
        if sessions.len() < MOST_SESSIONS {
            let recording = Recording { form: "measured by vsps", ..Recording::default() };
            let recorded = Recorded {
                session: Arc::clone(&session.id),
                label: session.label.clone(),
                recording,
                counted: Vec::new(),
                limited: false,
                left_off: 0,
            };
            sessions.insert(Arc::clone(&session.id), recorded);
        }
    }

    fn end(&self, session: &SessionTag) {
        let recorded = self.sessions.lock().remove(&session.id);
        recorded.into_iter().for_each(&self.ended);
    }

    fn keep(&self, session: &SessionTag, keep: impl FnOnce(&mut Recorded)) {
        let mut sessions = self.sessions.lock();
        let Some(recorded) = sessions.get_mut(&session.id) else { return };
        if recorded.recording.records.len() + recorded.counted.len() < MOST_KEPT {
            keep(recorded);
        } else {
            recorded.left_off += 1;
        }
    }
}

impl Observer for NetworkRecorder {
    fn observe(&self, Emitted { event, .. }: Emitted<'_>) {
        match event {
            Event::SessionStarted { session, .. } => self.start(session),
            Event::SessionEnded { session, .. } => self.end(session),
            Event::LinkSampled { session, since, at, delivered, granted } => {
                self.keep(session, |recorded| {
                    recorded.counted.push((since.since_zero(), at.since_zero(), *delivered));
                    recorded.limited |= granted.is_some();
                });
            }
            Event::RequestFinished { request, status, outcome, bytes, measured } => {
                let record = Record {
                    status: *status,
                    ending: match outcome {
                        Outcome::Complete => Ending::Complete,
                        Outcome::PlayerGone => Ending::Abandoned,
                        Outcome::Cut | Outcome::OriginCut => Ending::Cut,
                    },
                    wait: measured.upstream_ttfb.unwrap_or(measured.ttfb),
                    lasts: measured.total.max(measured.ttfb),
                    body: (*bytes > 0).then(|| Body {
                        start: (request.details.session_time + measured.ttfb).since_zero(),
                        lasts: measured.total.saturating_sub(measured.ttfb),
                        limited: measured
                            .total
                            .saturating_sub(measured.ttfb + measured.shaper_wait),
                        bytes: *bytes,
                    }),
                    ..record_of(request)
                };
                self.keep(&request.session, |kept| kept.recording.records.push(record));
            }
            _ => {}
        }
    }
}

/// What is requested.
fn record_of(request: &RequestTag) -> Record {
    let resource = &request.resource;
    let path = request.path.split('?').next().unwrap_or_default();
    Record {
        place: path.to_owned(),
        at: request.details.session_time.since_zero(),
        class: Class {
            kind: resource.kind,
            media: resource.media,
            index: resource.index,
            told: true,
        },
        path: path.to_owned(),
        host: request.details.host.clone(),
        attempt: request.attempt,
        ..Record::default()
    }
}

/// The rates in the times of `counted`: new bytes by the time in which a body was under way.
fn samples(counted: &[(Duration, Duration, u64)], busy: &[(Duration, Duration)]) -> Vec<Sample> {
    let mut before = 0;
    let mut samples = Vec::new();
    for &(from, to, delivered) in counted {
        let bytes = delivered.saturating_sub(before);
        before = delivered;
        let under_way = within(busy, from, to);
        if under_way >= LEAST_UNDER_WAY {
            let rate = bytes as f64 * 8.0 / under_way.as_secs_f64();
            samples.push(Sample { from, to, rate, bytes, busy: under_way });
        }
    }
    samples
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_count_by_the_time_in_which_a_body_was_under_way() {
        let ms = Duration::from_millis;
        let body = |start, lasts| Body { start: ms(start), lasts: ms(lasts), ..Body::default() };
        let busy = under_way([body(800, 100), body(0, 250), body(200, 300)].into_iter());
        assert_eq!(busy, [(ms(0), ms(500)), (ms(800), ms(900))]);
        let counted =
            [(ms(0), ms(500), 62_500), (ms(500), ms(1000), 75_000), (ms(1000), ms(1500), 75_000)];
        let samples = samples(&counted, &busy);
        let rates: Vec<_> = samples.iter().map(|sample| sample.rate).collect();
        assert_eq!(rates, [1e6, 1e6]);
    }
}

//! Everything that is known of one session, from its events.

use super::{
    bins::Bins,
    marks::{Mark, Marks},
    playback::Playback,
    points::{BufferPoint, LatencyPoint, Left, Points},
    reports::Reports,
    retries::Retries,
    stream::Arrived,
    switches::Renditions,
    totals::Totals,
};
use crate::{
    clock::Timestamp,
    event::{Emitted, Event, RequestTag, SessionTag},
    observers::{
        archive::{Exchange, Stalls},
        labels,
    },
    units::{MediaTime, ProcessTime, SessionTime, UnixTime},
};
use std::sync::Arc;

/// What is known of one session. It is bounded, however long the session lasts.
#[derive(Debug, Clone)]
pub(super) struct SessionRecord {
    pub(super) session: Arc<SessionTag>,
    /// The profile in force.
    pub(super) profile: Arc<str>,
    pub(super) started: Timestamp,
    /// Session time zero; `None` before the first request.
    zero: Option<ProcessTime>,
    /// The latest known session time.
    pub(super) now: SessionTime,
    pub(super) ended: bool,
    pub(super) bins: Bins,
    pub(super) renditions: Renditions,
    pub(super) stalls: Stalls,
    pub(super) playback: Playback,
    pub(super) points: Points,
    pub(super) reports: Reports,
    pub(super) retries: Retries,
    pub(super) marks: Marks,
    pub(super) totals: Totals,
}

impl SessionRecord {
    /// The record of a session that starts at `started`.
    pub(super) fn new(session: &Arc<SessionTag>, profile: &Arc<str>, started: Timestamp) -> Self {
        Self {
            session: Arc::clone(session),
            profile: Arc::clone(profile),
            started,
            zero: None,
            now: SessionTime::ZERO,
            ended: false,
            bins: Bins::default(),
            renditions: Renditions::default(),
            stalls: Stalls::default(),
            playback: Playback::default(),
            points: Points::default(),
            reports: Reports::default(),
            retries: Retries::default(),
            marks: Marks::default(),
            totals: Totals::default(),
        }
    }

    /// Session time at `at`; zero before the first request.
    pub(super) fn time(&self, at: Timestamp) -> SessionTime {
        self.zero.map_or(SessionTime::ZERO, |zero| SessionTime::new(at.process - zero))
    }

    /// The Unix time of session time zero; before the first request, of the start of the session.
    pub(super) fn unix_time_of_zero(&self) -> UnixTime {
        let Timestamp { process, unix } = self.started;
        // One of the differences is zero.
        self.zero.map_or(unix, |zero| unix + (zero - process) - (process - zero))
    }

    /// Takes in an event of the session. `new_starvation`: it reports an empty buffer that was not reported before.
    pub(super) fn observe(&mut self, Emitted { at, event }: Emitted<'_>, new_starvation: bool) {
        if let Event::RequestPlanned { request, .. } = event {
            let details = &request.details;
            let zero = details.process_time - details.session_time.since_zero();
            self.zero.get_or_insert(zero);
        }
        let now = self.time(at);
        self.now = self.now.max(now);
        if let Some(mark) = Mark::of(event, now) {
            self.marks.push(mark);
        }
        match event {
            Event::RequestPlanned { request, .. } => self.requested(request),
            Event::LinkSampled { since, at, delivered, granted, .. } => {
                self.bins.sample(*since, *at, *delivered, *granted);
                self.playback.advance(*at);
            }
            Event::BufferMeasured { at, buffer, .. } => self.points.measured(*at, *buffer),
            Event::LinkChanged { profile, .. } => self.profile = Arc::clone(profile),
            Event::Stalled { at, lasts, .. } => self.stalls.add(*at, *lasts),
            Event::RenditionSwitched { media, from, to, .. } => {
                self.renditions.switched(media.as_str(), *from, *to);
            }
            Event::FaultInjected { .. } => self.totals.faults += 1,
            Event::Dropped { .. } => self.totals.drops += 1,
            Event::PlayerReported { request, collector, .. } => {
                // A posted report is about the time of its body.
                let time = match collector {
                    None => request.details.session_time,
                    Some(_) => now,
                };
                self.reported(event, time, new_starvation);
            }
            Event::SessionEnded { .. } => self.ended = true,
            _ => {}
        }
    }

    /// A request arrived.
    fn requested(&mut self, request: &RequestTag) {
        let at = request.details.session_time;
        if labels::is_retry(request) {
            self.retries.retry(at, request);
        }
        if !is_media_request(request) || request.details.hop > 0 {
            return;
        }
        let resource = &request.resource;
        self.renditions.request(at, request);
        let media = resource.media.as_str();
        self.playback.request(at, media, resource.behind_live.is_some());
        let known = resource.behind_live.zip(resource.duration);
        if let Some((segments, duration)) = known
            && let Some(buffer) = self.playback.buffer_of(media)
        {
            // Between what is shown and the live edge are the buffer, this segment, and those after it.
            let segments = u32::try_from(segments).unwrap_or(u32::MAX).saturating_add(1);
            let latency = buffer.saturating_add(duration.saturating_mul(segments));
            self.points.latency.push(LatencyPoint { at, latency, reported: false });
        }
    }

    /// An exchange is over.
    pub(super) fn finished(&mut self, exchange: &Exchange) {
        let request = &*exchange.request;
        if request.details.redirected {
            return;
        }
        self.totals.add(exchange);
        if !is_media_request(request) {
            return;
        }
        let resource = &request.resource;
        let media = resource.media.as_str();
        let at = request.details.session_time + exchange.end.lasted;
        let whole = exchange.end.is_whole();
        let segment = resource.duration.filter(|_| whole).map(|duration| Arrived {
            start: resource.time.map(MediaTime::as_secs_f64),
            duration: duration.as_secs_f64(),
            number: resource.number.or(resource.index),
            bitrate: resource.bandwidth.map(|rate| rate.bits_per_second() as f64),
            rung: resource.rung,
        });
        self.playback.advance(at);
        let left = self.left(media);
        self.playback.finish(at, media, segment.as_ref());
        if whole {
            self.totals.segments += 1;
            self.reports.delivered(at, exchange.end.bytes, exchange.end.lasted);
        }
        if let Some(estimated) = self.playback.buffer_of(media).filter(|_| segment.is_some()) {
            let estimated = Some(estimated);
            self.points.buffer.push(BufferPoint { at, media, left, estimated, reported: None });
        }
    }

    /// What is left of the buffer of `media` now; `None` = nothing was shown yet.
    pub(super) fn left(&self, media: &str) -> Option<Left> {
        self.playback.startup?;
        let level = self.playback.buffer_of(media)?;
        let last = self.points.buffer.iter().rev().find(|point| point.media == media);
        let since = self.playback.stands_since();
        Some(Left { level, since: since.filter(|since| last.is_none_or(|last| last.at < *since)) })
    }

    /// The player sent a report about the time `at`.
    fn reported(&mut self, event: &Event, at: SessionTime, new_starvation: bool) {
        let Event::PlayerReported { request, report, .. } = event else { return };
        if let Some(buffer) = report.buffer {
            let media = request.resource.media.as_str();
            self.playback.advance(at);
            let estimated = self.playback.buffer_of(media).or_else(|| self.playback.buffer());
            self.reports.buffered(buffer, estimated);
            let reported = Some(buffer);
            let point = BufferPoint { at, media, left: None, estimated, reported };
            self.points.reported(point);
        }
        if let Some(throughput) = report.measured_throughput {
            self.reports.measured(at, throughput.bits_per_second() as f64);
        }
        if let Some(latency) = report.live_latency {
            self.reports.behind_live(latency);
            self.points.latency.push(LatencyPoint { at, latency, reported: true });
        }
        if let Some(startup) = report.startup_delay {
            self.reports.startup = Some(startup);
        }
        if new_starvation {
            self.reports.starved(at, report.starved_for);
        }
    }

    /// The time is now `now`.
    pub(super) fn advance(&mut self, now: SessionTime) {
        self.now = self.now.max(now);
        self.playback.advance(now);
    }
}

/// Whether a request is for media that a player plays.
fn is_media_request(request: &RequestTag) -> bool {
    request.method == http::Method::GET && labels::is_media_piece(request)
}

//! The timeline of a session as JSON: requests, link, buffer, renditions and marks on one time axis.

use super::{
    marks::Mark,
    points::{BufferPoint, Left},
    rebufferings::rebufferings,
    record::SessionRecord,
    request_view::RequestView,
    session_view::{SCHEMA, SessionView},
};
use crate::{
    observers::{
        archive::{Kept, Stall},
        request_fields::ms,
    },
    units::SessionTime,
};
use serde::Serialize;
use std::time::Duration;

/// How long before a segment's arrival the point of what was left is, in milliseconds.
const JUST_BEFORE: f64 = 0.001;

/// A timeline. All `*_ms` are session time in milliseconds.
#[derive(Debug, Serialize)]
pub(super) struct Timeline {
    schema: u32,
    session: SessionView,
    requests: Vec<RequestView>,
    /// The number of requests that are no longer kept.
    requests_left_off: u64,
    link: LinkView,
    renditions: Vec<RenditionView>,
    buffer: BufferView,
    stalls: Vec<StallView>,
    rebuffers: Vec<RebufferView>,
    throughput: Vec<ThroughputView>,
    live_latency: Vec<LatencyView>,
    marks: Vec<Mark>,
}

/// What the link carried and could have carried.
#[derive(Debug, Serialize)]
pub(super) struct LinkView {
    bin_ms: f64,
    bins: Vec<BinView>,
}

#[derive(Debug, Serialize)]
struct BinView {
    at_ms: f64,
    /// `null` = no limit.
    granted_bps: Option<f64>,
    delivered_bps: f64,
}

#[derive(Debug, Serialize)]
struct RenditionView {
    at_ms: f64,
    media: &'static str,
    rung: Option<u16>,
    bandwidth_bps: Option<u64>,
    rendition: Option<std::sync::Arc<str>>,
}

#[derive(Debug, Serialize)]
struct BufferView {
    source: &'static str,
    points: Vec<BufferPointView>,
    /// The player's own, as the page that plays measured it.
    player: Vec<MeasuredView>,
}

#[derive(Debug, Serialize)]
struct MeasuredView {
    at_ms: f64,
    buffer_ms: f64,
}

#[derive(Debug, Serialize)]
struct BufferPointView {
    at_ms: f64,
    estimated_ms: Option<f64>,
    cmcd_ms: Option<f64>,
    /// `null` = the type of media is not known.
    media: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct StallView {
    at_ms: f64,
    lasts_ms: f64,
}

#[derive(Debug, Serialize)]
struct RebufferView {
    at_ms: f64,
    lasts_ms: Option<f64>,
    source: &'static str,
}

#[derive(Debug, Serialize)]
struct ThroughputView {
    at_ms: f64,
    delivered_bps: Option<f64>,
    mtp_bps: Option<f64>,
}

#[derive(Debug, Serialize)]
struct LatencyView {
    at_ms: f64,
    latency_ms: f64,
    source: &'static str,
}

const fn source(reported: bool) -> &'static str {
    if reported { "cmcd" } else { "estimated" }
}

impl Timeline {
    /// The timeline of a session; of values with a time, only those at `since` or later.
    pub(super) fn new(record: &SessionRecord, kept: &Kept, since: SessionTime) -> Self {
        let finished = kept.finished.iter().map(|exchange| RequestView::finished(exchange));
        let under_way = kept.under_way.iter().map(|one| RequestView::under_way(one, record.now));
        let from = ms(since.since_zero());
        let requests = finished.chain(under_way).filter(|request| request.end_ms >= from);
        Self {
            schema: SCHEMA,
            session: SessionView::of(record),
            requests: requests.collect(),
            requests_left_off: kept.left_off,
            link: LinkView::of(record, since),
            renditions: renditions(record, since),
            buffer: buffer(record, since),
            stalls: stalls(record, since),
            rebuffers: rebuffers(record, since),
            throughput: throughput(record, since),
            live_latency: live_latency(record, since),
            marks: marks(record, kept, from),
        }
    }
}

impl LinkView {
    /// The bins of a session that end after `since`.
    pub(super) fn of(record: &SessionRecord, since: SessionTime) -> Self {
        let width = record.bins.width();
        let bins = record.bins.iter().filter(|bin| bin.from + width > since).map(|bin| BinView {
            at_ms: ms(bin.from.since_zero()),
            granted_bps: bin.granted_rate(),
            delivered_bps: bin.delivered_rate(),
        });
        Self { bin_ms: ms(width), bins: bins.collect() }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.bins.is_empty()
    }
}

fn renditions(record: &SessionRecord, since: SessionTime) -> Vec<RenditionView> {
    let changes = record.renditions.changes.iter().filter(|change| change.at >= since);
    let view = changes.map(|change| RenditionView {
        at_ms: ms(change.at.since_zero()),
        media: change.media,
        rung: change.rung,
        bandwidth_bps: change.bandwidth,
        rendition: change.rendition.clone(),
    });
    view.collect()
}

impl BufferPointView {
    fn estimated(at_ms: f64, media: &'static str, level: Duration) -> Self {
        let media = Some(media).filter(|media| *media != "unknown");
        Self { at_ms, estimated_ms: Some(ms(level)), cmcd_ms: None, media }
    }

    /// The point itself, and before it what was left when the segment arrived: a curve through them falls while media is
    /// shown, stays while the viewer rebuffers, and rises with the segment.
    fn of(point: &BufferPoint) -> impl Iterator<Item = Self> {
        let (media, at_ms) = (point.media, ms(point.at.since_zero()));
        let left = point.left.into_iter().flat_map(move |Left { level, since }| {
            let since = since.map(|since| ms(since.since_zero()));
            let times = since.into_iter().chain([at_ms - JUST_BEFORE]);
            times.map(move |at_ms| Self::estimated(at_ms, media, level))
        });
        left.chain([Self {
            at_ms,
            estimated_ms: point.estimated.map(ms),
            cmcd_ms: point.reported.map(ms),
            media: Some(media).filter(|media| *media != "unknown"),
        }])
    }
}

fn buffer(record: &SessionRecord, since: SessionTime) -> BufferView {
    let points = record.points.buffer.iter().filter(|point| point.at >= since);
    let mut points: Vec<_> = points.flat_map(BufferPointView::of).collect();
    // The buffer now, so that a line ends at the present and not at the last segment.
    if !record.ended {
        for (media, level) in record.playback.buffers() {
            let stands = record.left(media).and_then(|left| left.since);
            let times = stands.into_iter().chain([record.now]).map(|at| ms(at.since_zero()));
            points.extend(times.map(|at| BufferPointView::estimated(at, media, level)));
        }
    }
    let measured = record.points.measured.iter().filter(|point| point.at >= since);
    let measured = measured.map(|point| MeasuredView {
        at_ms: ms(point.at.since_zero()),
        buffer_ms: ms(point.buffer),
    });
    let source = super::figures::Sources::of(record).buffer;
    BufferView { source, points, player: measured.collect() }
}

fn stalls(record: &SessionRecord, since: SessionTime) -> Vec<StallView> {
    let stalls = record.stalls.iter().filter(|stall| stall.at + stall.lasts >= since);
    let view =
        |stall: &Stall| StallView { at_ms: ms(stall.at.since_zero()), lasts_ms: ms(stall.lasts) };
    stalls.map(view).collect()
}

fn rebuffers(record: &SessionRecord, since: SessionTime) -> Vec<RebufferView> {
    let all = rebufferings(record).into_iter();
    let recent = all.filter(|one| one.known.max(one.at + one.lasts.unwrap_or_default()) >= since);
    let view = recent.map(|one| RebufferView {
        at_ms: ms(one.at.since_zero()),
        lasts_ms: one.lasts.map(ms),
        source: source(one.reported),
    });
    view.collect()
}

fn throughput(record: &SessionRecord, since: SessionTime) -> Vec<ThroughputView> {
    let points = record.reports.throughputs.iter().filter(|point| point.at >= since);
    let view = points.map(|point| ThroughputView {
        at_ms: ms(point.at.since_zero()),
        delivered_bps: point.delivered,
        mtp_bps: point.reported,
    });
    view.collect()
}

fn live_latency(record: &SessionRecord, since: SessionTime) -> Vec<LatencyView> {
    let points = record.points.latency.iter().filter(|point| point.at >= since);
    let view = points.map(|point| LatencyView {
        at_ms: ms(point.at.since_zero()),
        latency_ms: ms(point.latency),
        source: source(point.reported),
    });
    view.collect()
}

/// The marks of the session and of its exchanges, in the order of time.
fn marks(record: &SessionRecord, kept: &Kept, from: f64) -> Vec<Mark> {
    let finished = kept.finished.iter().flat_map(|exchange| Mark::of_exchange(exchange));
    let under_way = kept.under_way.iter().flat_map(Mark::of_open_exchange);
    let all = record.marks.iter().cloned().chain(finished).chain(under_way);
    let mut marks: Vec<_> = all.filter(|mark| mark.at_ms >= from).collect();
    marks.sort_by(|one, other| one.at_ms.total_cmp(&other.at_ms));
    marks
}

#[cfg(test)]
mod tests {
    use crate::{
        clock::Timestamp,
        event::{
            Emitted, Event, Measured, Observer as _, Outcome, RequestDetails, RequestTag,
            SessionTag,
        },
        media::{Kind, MediaType, Protocol, Resource},
        observers::{Analytics, Moment},
        units::{MediaTime, ProcessTime, SessionTime},
    };
    use std::{sync::Arc, time::Duration};

    /// Four seconds of media from `start` on, requested at session time `from` and whole at `to`, in milliseconds.
    fn download(analytics: &Analytics, session: &Arc<SessionTag>, start: u64, from: u64, to: u64) {
        let mut resource = Resource::new(Protocol::Hls, Kind::Segment);
        resource.media = MediaType::Video;
        resource.duration = Some(Duration::from_secs(4));
        resource.time = Some(MediaTime::from_secs(start));
        let request = Arc::new(RequestTag {
            session: Arc::clone(session),
            profile: "3g".into(),
            method: http::Method::GET,
            path: format!("/{to}.m4s"),
            attempt: 1,
            resource,
            details: RequestDetails {
                session_time: SessionTime::from_millis(from),
                process_time: ProcessTime::from_millis(from),
                ..RequestDetails::default()
            },
        });
        let total = Duration::from_millis(to - from);
        let (bytes, measured) = (1000, Measured { total, ..Measured::default() });
        let (latency, outcome) = (Duration::ZERO, Outcome::Complete);
        let planned = Event::RequestPlanned { request: Arc::clone(&request), latency, plan: None };
        let finished = Event::RequestFinished { request, status: 200, outcome, bytes, measured };
        for (at, event) in [(from, planned), (to, finished)] {
            let at = Timestamp { process: ProcessTime::from_millis(at), ..Timestamp::default() };
            analytics.observe(Emitted { at, event: &event });
        }
    }

    /// Four seconds of media are shown from 1 s on. The next segment arrives at 7.5 s.
    #[test]
    fn the_estimated_buffer_falls_to_zero_and_stays_there_until_a_segment_arrives() {
        let analytics = Analytics::default();
        let session = Arc::new(SessionTag { id: "s1".into(), ordinal: 1, seed: 1, label: None });
        let started = Event::SessionStarted {
            session: Arc::clone(&session),
            profile: "3g".into(),
            rate: None,
        };
        analytics.observe(Emitted { at: Timestamp::default(), event: &started });
        download(&analytics, &session, 0, 0, 1000);
        download(&analytics, &session, 4, 1000, 7500);
        let drawn = |now| {
            let moment = Moment { id: "s1".into(), now: Some(SessionTime::from_millis(now)) };
            let text = analytics.timeline(&moment, SessionTime::ZERO).unwrap();
            let timeline: serde_json::Value = serde_json::from_str(&text).unwrap();
            let points = timeline["buffer"]["points"].as_array().unwrap().clone();
            let point = |point: &serde_json::Value| {
                (point["at_ms"].as_f64().unwrap(), point["estimated_ms"].as_f64().unwrap())
            };
            points.iter().map(point).collect::<Vec<_>>()
        };
        let known = [(1000.0, 4000.0), (5000.0, 0.0), (7499.999, 0.0), (7500.0, 4000.0)];
        assert_eq!(drawn(8500), [&known[..], &[(8500.0, 3000.0)]].concat());
    }
}

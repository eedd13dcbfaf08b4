//! The timeline of a session as JSON: requests, link, buffer, renditions and marks on one time axis.

use super::{
    marks::Mark,
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

fn buffer(record: &SessionRecord, since: SessionTime) -> BufferView {
    let points = record.points.buffer.iter().filter(|point| point.at >= since);
    let points = points.map(|point| BufferPointView {
        at_ms: ms(point.at.since_zero()),
        estimated_ms: point.estimated.map(ms),
        cmcd_ms: point.reported.map(ms),
        media: Some(point.media).filter(|media| *media != "unknown"),
    });
    let mut points: Vec<_> = points.collect();
    // The buffer now, so that a line ends at the present and not at the last segment.
    if !record.ended {
        points.extend(record.playback.buffers().map(|(media, level)| BufferPointView {
            at_ms: ms(record.now.since_zero()),
            estimated_ms: Some(ms(level)),
            cmcd_ms: None,
            media: Some(media).filter(|media| *media != "unknown"),
        }));
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

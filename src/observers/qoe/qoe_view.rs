//! The QoE of a session as JSON.

use super::{
    figures::{Sources, figures},
    record::SessionRecord,
    reports::Difference,
    session_view::{SCHEMA, SessionView},
};
use crate::observers::{archive::SplitView, request_fields::ms};
use crate::qoe::Qoe;
use serde::Serialize;

/// The QoE of a session.
#[derive(Debug, Serialize)]
pub(super) struct QoeView {
    schema: u32,
    session: SessionView,
    pub(super) qoe: Qoe,
    source: Sources,
    /// By the requests of each media type.
    switches: Vec<SwitchesView>,
    rebuffers: RebuffersView,
    retries: RetriesView,
    link: LinkView,
    player_error: PlayerErrorView,
    /// Where the time of all requests went.
    split_ms: SplitView,
    faults: u64,
    drops: u64,
    stalls: StallsView,
    requests: u64,
}

#[derive(Debug, Serialize)]
struct SwitchesView {
    media: &'static str,
    up: u64,
    down: u64,
    /// In rungs.
    mean_amplitude: f64,
    max_amplitude: u16,
}

#[derive(Debug, Serialize)]
struct RebuffersView {
    /// `null` = the player reports nothing.
    cmcd: Option<u64>,
    estimated: u64,
}

#[derive(Debug, Serialize)]
struct RetriesView {
    requests: u64,
    storms: Vec<StormView>,
}

#[derive(Debug, Serialize)]
struct StormView {
    path: String,
    attempts: u32,
    first_ms: f64,
    last_ms: f64,
}

#[derive(Debug, Serialize)]
struct LinkView {
    /// Bytes that the link could have carried while the session was active and the link had a limit.
    granted_bytes: u64,
    /// Bytes delivered in this time.
    delivered_bytes: u64,
    used_ratio: Option<f64>,
}

#[derive(Debug, Serialize)]
struct PlayerErrorView {
    mtp: ThroughputErrorView,
    buffer: BufferErrorView,
}

/// Reported ÷ delivered throughput.
#[derive(Debug, Serialize)]
struct ThroughputErrorView {
    samples: u64,
    mean_ratio: Option<f64>,
    mean_abs_error: Option<f64>,
}

/// Reported − estimated buffer.
#[derive(Debug, Serialize)]
struct BufferErrorView {
    samples: u64,
    mean_error_ms: Option<f64>,
    mean_abs_error_ms: Option<f64>,
}

#[derive(Debug, Serialize)]
struct StallsView {
    count: u64,
    total_ms: f64,
}

impl QoeView {
    pub(super) fn of(record: &SessionRecord) -> Self {
        let (reports, totals) = (&record.reports, &record.totals);
        let source = Sources::of(record);
        let reported = (source.rebuffer == "cmcd").then_some(reports.starvation_count);
        let present = u64::from(record.playback.rebuffering().is_some());
        let (delivered, granted) = record.bins.limited();
        Self {
            schema: SCHEMA,
            session: SessionView::of(record),
            qoe: figures(record),
            source,
            switches: switches(record),
            rebuffers: RebuffersView {
                cmcd: reported,
                estimated: record.playback.rebuffer_count + present,
            },
            retries: retries(record),
            link: LinkView {
                granted_bytes: granted,
                delivered_bytes: delivered,
                used_ratio: (granted > 0).then(|| delivered as f64 / granted as f64),
            },
            player_error: player_error(&reports.throughput_error, &reports.buffer_error),
            split_ms: totals.split.into(),
            faults: totals.faults,
            drops: totals.drops,
            stalls: StallsView { count: record.stalls.count, total_ms: ms(record.stalls.total) },
            requests: totals.requests,
        }
    }
}

fn switches(record: &SessionRecord) -> Vec<SwitchesView> {
    let all = record.renditions.switches.iter().map(|switches| {
        let count = switches.up + switches.down;
        SwitchesView {
            media: switches.media,
            up: switches.up,
            down: switches.down,
            mean_amplitude: switches.amplitude as f64 / count.max(1) as f64,
            max_amplitude: switches.greatest,
        }
    });
    all.collect()
}

fn retries(record: &SessionRecord) -> RetriesView {
    let storms = record.retries.storms().into_iter().map(|url| StormView {
        path: url.path.clone(),
        attempts: url.attempts,
        first_ms: ms(url.first.since_zero()),
        last_ms: ms(url.last.since_zero()),
    });
    RetriesView { requests: record.retries.count, storms: storms.collect() }
}

fn player_error(throughput: &Difference, buffer: &Difference) -> PlayerErrorView {
    PlayerErrorView {
        mtp: ThroughputErrorView {
            samples: throughput.samples,
            mean_ratio: throughput.mean().map(|mean| mean + 1.0),
            mean_abs_error: throughput.mean_absolute(),
        },
        buffer: BufferErrorView {
            samples: buffer.samples,
            mean_error_ms: buffer.mean(),
            mean_abs_error_ms: buffer.mean_absolute(),
        },
    }
}

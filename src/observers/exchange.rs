//! Records finished exchanges. Metric handles are looked up by label once and then cached.
//!
//! A finished exchange updates up to nine families. Looking up nine handles by label strings takes microseconds; one
//! lookup by a small key takes tens of nanoseconds.

use super::{
    exemplars::ExemplarHistogram,
    families::{self, Family},
    instruments::Instruments,
    labels::{self, ProfileId, Profiles, Status},
};
use crate::{
    clock::Timestamp,
    event::{Measured, Outcome, RequestTag},
};
use foldhash::fast::RandomState;
use parking_lot::RwLock;
use prometheus::{HistogramVec, IntCounter};
use std::collections::HashMap;

/// Smaller segments would measure the round trip, not the throughput.
const LEAST_BYTES_FOR_THROUGHPUT: u64 = 16 * 1024;

/// All labels of a finished exchange, without strings. Enums are stored by their number.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    protocol: u8,
    kind: u8,
    media: u8,
    outcome: u8,
    profile: ProfileId,
    status: Status,
}

/// The cached handles of all label sets seen so far.
pub(super) struct Exchanges {
    known: RwLock<HashMap<Key, Handles, RandomState>>,
}

impl Exchanges {
    pub(super) fn new() -> Self {
        Self { known: RwLock::default() }
    }

    /// Records a finished exchange.
    pub(super) fn record(&self, exchange: &Exchange<'_>, to: &Instruments, profiles: &Profiles) {
        let key = exchange.key(profiles);
        // The read lock is held while recording, so that handles need not be cloned.
        if let Some(handles) = self.known.read().get(&key) {
            return handles.record(exchange);
        }
        let handles = Handles::resolve(exchange, profiles.label(key.profile), to);
        handles.record(exchange);
        self.known.write().entry(key).or_insert(handles);
    }
}

/// The fields of `Event::RequestFinished`, and its time.
pub(super) struct Exchange<'a> {
    pub(super) at: Timestamp,
    pub(super) request: &'a RequestTag,
    pub(super) status: u16,
    pub(super) outcome: Outcome,
    pub(super) bytes: u64,
    pub(super) measured: &'a Measured,
}

impl Exchange<'_> {
    fn key(&self, profiles: &Profiles) -> Key {
        let resource = &self.request.resource;
        Key {
            protocol: resource.protocol as u8,
            kind: resource.kind as u8,
            media: resource.media as u8,
            outcome: self.outcome as u8,
            profile: profiles.id(&self.request.profile),
            status: Status::new(self.status),
        }
    }
}

/// The metrics of one label set that an exchange updates.
struct Handles {
    requests: IntCounter,
    responses: IntCounter,
    bytes: IntCounter,
    duration: ExemplarHistogram,
    shaper_wait: ExemplarHistogram,
    upstream_ttfb: ExemplarHistogram,
    /// Only for exchanges with a response.
    ttfb: Option<ExemplarHistogram>,
    /// Only for complete segments and parts: download time and throughput.
    piece: Option<(ExemplarHistogram, ExemplarHistogram)>,
}

impl Handles {
    fn resolve(exchange: &Exchange<'_>, profile: &str, from: &Instruments) -> Self {
        let resource = &exchange.request.resource;
        let (kind, media) = (resource.kind.as_str(), resource.media.as_str());
        let (status, outcome) = (Status::new(exchange.status), exchange.outcome);
        let whole = status.is_success() && outcome == Outcome::Complete;
        let transfer = [kind, media, profile];
        let labels = [resource.protocol.as_str(), kind, media, status.label().as_ref(), profile]
            .map(str::to_owned);
        let histogram = |family: &Family, histograms: &HistogramVec, labels: &[&str]| {
            from.exemplars.histogram(family, histograms, labels)
        };
        Self {
            requests: from.requests.with_label_values(&labels),
            responses: from.responses.with_label_values(&[kind, outcome.as_str(), profile]),
            bytes: from.response_bytes.with_label_values(&transfer),
            duration: histogram(&families::REQUEST_DURATION, &from.request_duration, &transfer),
            shaper_wait: histogram(&families::SHAPER_WAIT, &from.shaper_wait, &transfer),
            upstream_ttfb: histogram(&families::UPSTREAM_TTFB, &from.upstream_ttfb, &[kind]),
            ttfb: (exchange.status != 0).then(|| histogram(&families::TTFB, &from.ttfb, &transfer)),
            piece: (whole && labels::is_media_piece(exchange.request)).then(|| {
                let piece = [media, profile];
                (
                    histogram(&families::SEGMENT_DOWNLOAD, &from.segment_download, &piece),
                    histogram(&families::SEGMENT_THROUGHPUT, &from.segment_throughput, &piece),
                )
            }),
        }
    }

    fn record(&self, exchange: &Exchange<'_>) {
        let (bytes, measured) = (exchange.bytes, exchange.measured);
        let observe = |histogram: &ExemplarHistogram, value| {
            histogram.observe(value, exchange.at, &exchange.request.session);
        };
        let total = measured.total.as_secs_f64();
        self.requests.inc();
        self.responses.inc();
        self.bytes.inc_by(bytes);
        observe(&self.duration, total);
        observe(&self.shaper_wait, measured.shaper_wait.as_secs_f64());
        if let Some(upstream) = measured.upstream_ttfb {
            observe(&self.upstream_ttfb, upstream.as_secs_f64());
        }
        if let Some(ttfb) = &self.ttfb {
            observe(ttfb, measured.ttfb.as_secs_f64());
        }
        // The response to a HEAD request is complete, but has no bytes.
        if let Some((download, throughput)) = self.piece.as_ref().filter(|_| bytes > 0) {
            observe(download, total);
            if bytes >= LEAST_BYTES_FOR_THROUGHPUT && total > 0.0 {
                observe(throughput, bytes as f64 * 8.0 / total);
            }
        }
    }
}

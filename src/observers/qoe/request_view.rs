//! One request of a timeline as JSON.

use crate::{
    observers::{
        archive::{Exchange, SplitView},
        request_fields::ms,
    },
    units::{BitRate, SessionTime},
};
use serde::Serialize;
use std::{sync::Arc, time::Duration};

/// A request.
#[derive(Debug, Serialize)]
pub(super) struct RequestView {
    id: u64,
    start_ms: f64,
    pub(super) end_ms: f64,
    under_way: bool,
    method: String,
    path: String,
    attempt: u32,
    /// 0 = no response.
    status: u16,
    outcome: Option<&'static str>,
    bytes: u64,
    protocol: &'static str,
    kind: &'static str,
    media: &'static str,
    rendition: Option<Arc<str>>,
    rung: Option<u16>,
    bandwidth_bps: Option<u64>,
    index: Option<u64>,
    number: Option<u64>,
    media_ms: Option<f64>,
    duration_ms: Option<f64>,
    ttfb_ms: Option<f64>,
    /// They add up to the duration.
    parts: Option<SplitView>,
    faults: Vec<FaultView>,
    /// The number of packets that the loss process dropped.
    drops: u64,
    upstream_failure: Option<String>,
}

#[derive(Debug, Serialize)]
struct FaultView {
    rule: Arc<str>,
    effect: &'static str,
    at_byte: Option<u64>,
}

impl RequestView {
    /// A request that is over.
    pub(super) fn finished(exchange: &Exchange) -> Self {
        let end = &exchange.end;
        Self {
            status: end.status,
            outcome: Some(end.outcome.as_str()),
            bytes: end.bytes,
            ttfb_ms: Some(ms(end.measured.ttfb)),
            parts: Some(end.split.into()),
            ..Self::new(exchange, end.lasted)
        }
    }

    /// A request that is under way at `now`.
    pub(super) fn under_way(exchange: &Exchange, now: SessionTime) -> Self {
        let lasted = now - exchange.request.details.session_time;
        Self { under_way: true, ..Self::new(exchange, lasted) }
    }

    fn new(exchange: &Exchange, lasted: Duration) -> Self {
        let request = &exchange.request;
        let (start, resource) = (request.details.session_time, &request.resource);
        let faults = exchange.faults.iter().map(|fault| FaultView {
            rule: Arc::clone(&fault.rule),
            effect: fault.effect,
            at_byte: fault.at_byte,
        });
        Self {
            id: exchange.number,
            start_ms: ms(start.since_zero()),
            end_ms: ms((start + lasted).since_zero()),
            under_way: false,
            method: request.method.to_string(),
            path: request.path.clone(),
            attempt: request.attempt,
            status: 0,
            outcome: None,
            bytes: 0,
            protocol: resource.protocol.as_str(),
            kind: resource.kind.as_str(),
            media: resource.media.as_str(),
            rendition: resource.rendition.clone(),
            rung: resource.rung,
            bandwidth_bps: resource.bandwidth.map(BitRate::bits_per_second),
            index: resource.index,
            number: resource.number,
            media_ms: resource.time.map(|time| ms(time.since_zero())),
            duration_ms: resource.duration.map(ms),
            ttfb_ms: None,
            parts: None,
            faults: faults.collect(),
            drops: exchange.dropped,
            upstream_failure: exchange.upstream_failure.clone(),
        }
    }
}

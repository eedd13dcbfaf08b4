//! A request in the event log: the requested resource, and all facts that rules can use.

use crate::{
    event::{RequestDetails, RequestTag},
    units::BitRate,
};
use serde::Serialize;
use std::time::Duration;

/// The fields of a request, the same in the lines of all its events.
#[derive(Serialize)]
pub(super) struct RequestFields<'a> {
    profile: &'a str,
    method: &'a str,
    path: &'a str,
    attempt: u32,
    /// The key that random draws derive from, if it is not the path.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    #[serde(skip_serializing_if = "is_zero")]
    hop: u8,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    redirected: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    ranged: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    highest_rung: Option<u16>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    beside_video: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    joined: Option<u64>,
    resource: ResourceFields<'a>,
}

/// The requested resource.
#[derive(Serialize)]
pub(super) struct ResourceFields<'a> {
    protocol: &'static str,
    kind: &'static str,
    media: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rendition: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rung: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bandwidth_bps: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    codecs: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolution: Option<(u32, u32)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<f64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    discontinuity: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    behind_live: Option<u64>,
}

/// When and how a request arrived. Together with the other fields, these are all facts that rules can use.
#[derive(Serialize)]
pub(super) struct ArrivalFields<'a> {
    session_ns: u64,
    process_ns: u64,
    epoch_ns: u64,
    host: &'a str,
    reused: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's form")]
const fn is_zero(number: &u8) -> bool {
    *number == 0
}

pub(super) fn request_fields(request: &RequestTag) -> RequestFields<'_> {
    let details = &request.details;
    let path = request.path.split('?').next().unwrap_or_default();
    RequestFields {
        profile: &request.profile,
        method: request.method.as_str(),
        path: &request.path,
        attempt: request.attempt,
        key: Some(&*details.key).filter(|key| !key.is_empty() && *key != path),
        hop: details.hop,
        redirected: details.redirected,
        ranged: details.ranged,
        highest_rung: details.highest_rung,
        beside_video: details.beside_video,
        joined: details.joined,
        resource: resource_fields(request),
    }
}

pub(super) fn resource_fields(request: &RequestTag) -> ResourceFields<'_> {
    let resource = &request.resource;
    ResourceFields {
        protocol: resource.protocol.as_str(),
        kind: resource.kind.as_str(),
        media: resource.media.as_str(),
        rendition: resource.rendition.as_deref(),
        rung: resource.rung,
        bandwidth_bps: resource.bandwidth.map(BitRate::bits_per_second),
        codecs: resource.codecs.as_deref(),
        resolution: resource.resolution,
        language: resource.language.as_deref(),
        role: resource.role.as_deref(),
        index: resource.index,
        number: resource.number,
        time_ms: resource.time.map(|time| ms(time.since_zero())),
        duration_ms: resource.duration.map(ms),
        discontinuity: resource.discontinuity,
        behind_live: resource.behind_live,
    }
}

pub(super) fn arrival(details: &RequestDetails) -> ArrivalFields<'_> {
    let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    ArrivalFields {
        session_ns: nanos(details.session_time.since_zero()),
        process_ns: nanos(details.process_time.since_zero()),
        epoch_ns: nanos(details.unix_time.since_zero()),
        host: &details.host,
        reused: details.reused,
    }
}

/// Milliseconds, from whole nanoseconds: 30 ms is `30.0`, not `30.000000000000004`.
pub(super) fn ms(span: Duration) -> f64 {
    span.as_nanos() as f64 / 1e6
}

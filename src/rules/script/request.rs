//! A request as a script sees it, with all properties that rules can test.

use crate::{rules::facts::Facts, units::BitRate};
use rhai::{Dynamic, INT, Map};
use std::{sync::Arc, time::Duration};

/// The map for the script; unknown values are `()`. Times are in seconds, bandwidth in bit/s.
pub(super) fn request(facts: &Facts<'_>) -> Map {
    let resource = facts.resource;
    let (path, query) = facts.path.split_once('?').unwrap_or((facts.path, ""));
    let (width, height) = resource.resolution.unzip();
    let fields: [(&str, Dynamic); 32] = [
        ("attempt", whole(facts.attempt)),
        ("bandwidth", known(resource.bandwidth.map(BitRate::bits_per_second), whole)),
        ("behind_live", known(resource.behind_live, whole)),
        ("blocking", query.split('&').any(|pair| pair.starts_with("_HLS_msn=")).into()),
        ("codecs", text(resource.codecs.as_ref())),
        ("discontinuity", resource.discontinuity.into()),
        ("duration", known(resource.duration, seconds)),
        ("epoch", seconds(facts.unix_time.since_zero())),
        ("height", known(height, whole)),
        ("highest_rung", known(facts.highest_rung, whole)),
        ("host", facts.host.into()),
        ("index", known(resource.index, whole)),
        ("kind", resource.kind.as_str().into()),
        ("language", text(resource.language.as_ref())),
        ("manifest", resource.kind.is_manifest().into()),
        ("media", resource.media.as_str().into()),
        ("method", facts.method.as_str().into()),
        ("number", known(resource.number, whole)),
        ("path", path.into()),
        ("process_time", seconds(facts.process_time.since_zero())),
        ("protocol", resource.protocol.as_str().into()),
        ("query", query.into()),
        ("ranged", facts.ranged.into()),
        ("rendition", text(resource.rendition.as_ref())),
        ("retry", (facts.attempt > 1).into()),
        ("reused", facts.reused.into()),
        ("role", text(resource.role.as_ref())),
        ("rung", known(resource.rung, whole)),
        ("session_time", seconds(facts.session_time.since_zero())),
        ("time", known(resource.time, |time| seconds(time.since_zero()))),
        ("url", format!("{}{}", facts.host, facts.path).into()),
        ("width", known(width, whole)),
    ];
    fields.into_iter().map(|(name, value)| (name.into(), value)).collect()
}

fn known<T>(value: Option<T>, show: impl FnOnce(T) -> Dynamic) -> Dynamic {
    value.map_or(Dynamic::UNIT, show)
}

fn text(value: Option<&Arc<str>>) -> Dynamic {
    known(value, |text| (&**text).into())
}

fn whole(number: impl Into<u64>) -> Dynamic {
    INT::try_from(number.into()).unwrap_or(INT::MAX).into()
}

fn seconds(time: Duration) -> Dynamic {
    time.as_secs_f64().into()
}

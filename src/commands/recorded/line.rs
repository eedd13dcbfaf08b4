//! A line of the event log, as far as decisions depend on it.

use crate::{
    media::{Kind, MediaType, Protocol, Resource},
    units::{BitRate, MediaTime},
};
use serde::Deserialize;
use std::time::Duration;

/// The parts of a line of the event log that are used here. Fields that older logs lack are derived from
/// the others.
#[derive(Debug, Deserialize)]
pub(super) struct Line {
    pub(super) event: String,
    #[serde(default)]
    pub(super) session: String,
    #[serde(default)]
    pub(super) seed: u64,
    #[serde(default)]
    pub(super) method: String,
    #[serde(default)]
    pub(super) path: String,
    #[serde(default)]
    pub(super) attempt: u32,
    /// The key of its random draws, if that is not the path.
    pub(super) key: Option<String>,
    /// How many redirects preceded it.
    #[serde(default)]
    pub(super) hop: u8,
    /// Its response was a redirect within the session.
    #[serde(default)]
    pub(super) redirected: bool,
    #[serde(default)]
    pub(super) ranged: bool,
    pub(super) highest_rung: Option<u16>,
    #[serde(default)]
    pub(super) beside_video: bool,
    pub(super) joined: Option<u64>,
    pub(super) resource: Option<Class>,
    /// The effect of an injected fault.
    #[serde(default)]
    pub(super) rule: String,
    #[serde(default)]
    pub(super) measured: Measured,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Measured {
    pub(super) at_unix_us: u64,
    pub(super) session_ns: Option<u64>,
    pub(super) process_ns: Option<u64>,
    pub(super) epoch_ns: Option<u64>,
    pub(super) host: String,
    pub(super) reused: bool,
}

/// The requested resource.
#[derive(Debug, Deserialize)]
pub(super) struct Class {
    pub(super) protocol: Protocol,
    pub(super) kind: Kind,
    pub(super) media: MediaType,
    pub(super) rendition: Option<String>,
    pub(super) rung: Option<u16>,
    pub(super) bandwidth_bps: Option<u64>,
    pub(super) codecs: Option<String>,
    pub(super) resolution: Option<(u32, u32)>,
    pub(super) language: Option<String>,
    pub(super) role: Option<String>,
    pub(super) index: Option<u64>,
    pub(super) number: Option<u64>,
    pub(super) time_ms: Option<f64>,
    pub(super) duration_ms: Option<f64>,
    #[serde(default)]
    pub(super) discontinuity: bool,
    pub(super) behind_live: Option<u64>,
}

impl Line {
    /// The key of its random draws.
    pub(super) fn key(&self) -> &str {
        let path = || self.path.split('?').next().unwrap_or_default();
        self.key.as_deref().unwrap_or_else(path)
    }

    /// Identifies its request: key, method, attempt.
    pub(super) fn name(&self) -> (String, String, u32) {
        (self.key().to_owned(), self.method.clone(), self.attempt)
    }
}

impl Class {
    /// The resource.
    pub(super) fn resource(&self) -> Resource {
        let span = |ms: Option<f64>| Duration::try_from_secs_f64(ms? / 1e3).ok();
        Resource {
            media: self.media,
            rendition: self.rendition.as_deref().map(Into::into),
            rung: self.rung,
            bandwidth: self.bandwidth_bps.map(BitRate::from_bits_per_second),
            codecs: self.codecs.as_deref().map(Into::into),
            resolution: self.resolution,
            language: self.language.as_deref().map(Into::into),
            role: self.role.as_deref().map(Into::into),
            index: self.index,
            number: self.number,
            time: span(self.time_ms).map(MediaTime::new),
            duration: span(self.duration_ms),
            discontinuity: self.discontinuity,
            behind_live: self.behind_live,
            ..Resource::new(self.protocol, self.kind)
        }
    }
}

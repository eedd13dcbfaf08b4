//! One session in the summary.

use crate::event::SessionTag;
use serde::Serialize;
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// The figures of one session.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SessionLine {
    /// Its identifier.
    pub id: Arc<str>,
    /// The name given with `vsps.label`, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<Arc<str>>,
    /// The profile that it started with.
    pub profile: Arc<str>,
    /// Exchanges that are over.
    pub requests: u64,
    /// Body bytes handed over.
    pub bytes: u64,
    /// Injected freezes of its link that found bytes waiting.
    pub link_stalls: u64,
    /// Their length together, in milliseconds.
    pub link_stalled_ms: f64,
    /// How often its viewer rebuffered, as the player reports it; `None` = the player reports nothing.
    pub rebuffers: Option<u64>,
    /// Rules' effects that took place.
    pub faults: u64,
    /// Switches to another rung, up and down.
    pub rendition_switches: BTreeMap<&'static str, u64>,
}

impl SessionLine {
    pub(super) fn new(session: &SessionTag, profile: &Arc<str>) -> Self {
        Self {
            id: Arc::clone(&session.id),
            label: session.label.clone(),
            profile: Arc::clone(profile),
            requests: 0,
            bytes: 0,
            link_stalls: 0,
            link_stalled_ms: 0.0,
            rebuffers: None,
            faults: 0,
            rendition_switches: BTreeMap::new(),
        }
    }

    pub(super) fn stalled(&mut self, lasts: Duration) {
        self.link_stalls += 1;
        self.link_stalled_ms += lasts.as_micros() as f64 / 1e3;
    }
}

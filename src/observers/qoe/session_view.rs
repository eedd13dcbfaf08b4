//! The session that an answer of the API is about.

use super::record::SessionRecord;
use crate::observers::request_fields::ms;
use serde::Serialize;
use std::sync::Arc;

/// The version of the JSON of timeline, QoE and event stream.
pub(super) const SCHEMA: u32 = 1;

/// A session, and the session time of the answer.
#[derive(Debug, Serialize)]
pub(super) struct SessionView {
    id: Arc<str>,
    ordinal: u64,
    label: Option<Arc<str>>,
    seed: u64,
    profile: Arc<str>,
    started_unix_ms: f64,
    now_ms: f64,
    ended: bool,
}

impl SessionView {
    pub(super) fn of(record: &SessionRecord) -> Self {
        let session = &record.session;
        Self {
            id: Arc::clone(&session.id),
            ordinal: session.ordinal,
            label: session.label.clone(),
            seed: session.seed,
            profile: Arc::clone(&record.profile),
            started_unix_ms: ms(record.unix_time_of_zero().since_zero()),
            now_ms: ms(record.now.since_zero()),
            ended: record.ended,
        }
    }
}

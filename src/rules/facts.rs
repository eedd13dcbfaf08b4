//! What a rule may ask about a request.

use crate::media::Resource;
use std::time::Duration;

/// What a rule may ask about a request.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// What it asks for.
    pub resource: &'a Resource,
    /// When it arrived, since the session's time zero.
    pub session_time: Duration,
}

//! What a player does beside the choice of renditions.

use super::{
    buffer_growth::BufferGrowth, discard::Discard, replacement::Replacement,
    request_policy::RequestPolicy,
};

/// When a full buffer holds up the next request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FullBuffer {
    /// The next segment is requested as soon as it fits.
    WaitForRoom,
    /// After a segment was added, the player sleeps in steps until the level is within the maximum. The length of a step is
    /// in ms.
    SleepInSteps(f64),
}

/// What a player does beside the choice of renditions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SessionPolicy {
    /// The maximum buffer level in ms.
    pub max_buffer: f64,
    /// How much higher it is for what is played.
    pub growth: BufferGrowth,
    /// What happens at that level.
    pub full: FullBuffer,
    /// Which buffered segments are downloaded again.
    pub replacement: Replacement,
    /// What is thrown away, to be downloaded again.
    pub discard: Option<Discard>,
    /// Whether downloads may be given up.
    pub abandon: bool,
    /// Whether the time to the first segment counts as rebuffering.
    pub startup_rebuffers: bool,
    /// A jump: when this media time in ms would be requested, go to that one instead.
    pub seek: Option<(f64, f64)>,
    /// How segments are requested. All else is requested as a plain player does it.
    pub requests: RequestPolicy,
}

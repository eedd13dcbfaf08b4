//! What a player does beside the choice of renditions.

use super::{
    buffer_growth::BufferGrowth, discard::Discard, replacement::Replacement,
    request_policy::RequestPolicy, scheduling::Scheduling,
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

/// Whether downloads are given up where the algorithm says so, and what is requested then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Abandoning {
    /// They are not.
    Never,
    /// The same segment at the rung to which the algorithm went, or at a lower one.
    ToLower,
    /// The same segment at a rung that is chosen anew, maybe the same again: Sabre's way.
    ChooseAnew,
}

impl Abandoning {
    /// With a player's own rung, if they are given up.
    #[must_use]
    pub const fn to_lower(abandon: bool) -> Self {
        if abandon { Self::ToLower } else { Self::Never }
    }
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
    /// When the next segment is requested.
    pub scheduling: Scheduling,
    /// Which buffered segments are downloaded again.
    pub replacement: Replacement,
    /// What is thrown away, to be downloaded again.
    pub discard: Option<Discard>,
    /// Whether downloads may be given up.
    pub abandon: Abandoning,
    /// Whether the time to the first segment counts as rebuffering.
    pub startup_rebuffers: bool,
    /// A jump: when this media time in ms would be requested, go to that one instead.
    pub seek: Option<(f64, f64)>,
    /// How segments are requested. All else is requested as a plain player does it.
    pub requests: RequestPolicy,
}

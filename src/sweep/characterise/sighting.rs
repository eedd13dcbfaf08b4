//! One request of a player, as the proxy saw it.

/// What a request was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// A manifest or playlist.
    Manifest,
    /// A segment with video.
    Video,
    /// Anything else: audio, init segments, keys.
    Other,
}

/// How its response ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It had a status below 400, and every byte was sent.
    Complete,
    /// It had a status of 400 or above.
    Refused,
    /// It was cut.
    Cut,
    /// The player closed the connection.
    GivenUp,
}

/// One request. Times are in seconds since the first request of the session.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sighting {
    /// What it was for.
    pub wanted: Wanted,
    /// When it arrived.
    pub start: f64,
    /// When its response ended.
    pub end: f64,
    /// The bytes of the response's body.
    pub bytes: f64,
    /// How it ended.
    pub ending: Ending,
    /// The rung of a segment, from 0.
    pub rung: Option<usize>,
    /// The place of a segment in the presentation, from 1.
    pub index: Option<u64>,
    /// Seconds of media in a segment.
    pub duration: f64,
}

impl Sighting {
    /// Whether it is a segment with video whose rung is known.
    #[must_use]
    pub fn is_video(&self) -> bool {
        self.wanted == Wanted::Video && self.rung.is_some()
    }

    /// kbit/s over the whole time of the response.
    #[must_use]
    pub fn throughput(&self) -> f64 {
        self.bytes * 8.0 / 1000.0 / (self.end - self.start).max(1e-3)
    }
}

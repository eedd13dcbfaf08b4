//! What memory is used for.

/// What memory is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What sessions have learnt from manifests.
    Manifests,
    /// Bytes that rules hold back (`coalesce`).
    Coalesced,
    /// Responses in streams of HTTP/2 and HTTP/3: what they hold until the player reads it.
    Streams,
    /// Manifests that are read, edited, and not sent yet.
    Edits,
    /// Long heads of requests.
    Heads,
    /// Responses of HTTP/1.1 whose players do not read.
    Responses,
}

impl Part {
    /// Every part.
    pub const ALL: [Self; 6] = [
        Self::Manifests,
        Self::Coalesced,
        Self::Streams,
        Self::Edits,
        Self::Heads,
        Self::Responses,
    ];

    /// The name in labels of metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Manifests => "manifests",
            Self::Coalesced => "coalesced",
            Self::Streams => "streams",
            Self::Edits => "edits",
            Self::Heads => "heads",
            Self::Responses => "responses",
        }
    }
}

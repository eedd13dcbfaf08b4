//! What memory is used for.

/// What memory is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What sessions have learnt from manifests.
    Manifests,
    /// Bytes that rules hold back (`coalesce`).
    Coalesced,
    /// Responses in streams of HTTP/2: what they hold until the player reads it.
    Streams,
}

impl Part {
    /// Every part.
    pub const ALL: [Self; 3] = [Self::Manifests, Self::Coalesced, Self::Streams];

    /// The name in labels of metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Manifests => "manifests",
            Self::Coalesced => "coalesced",
            Self::Streams => "streams",
        }
    }
}

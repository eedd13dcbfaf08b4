//! Errors of the origin itself; errors of a request are status codes.

/// Why the origin could not start or continue.
#[derive(Debug, thiserror::Error)]
pub enum OriginError {
    /// The embedded loop of a rendition is not the fragmented MP4 the origin was written for.
    #[error("the embedded media of {rendition} is damaged: {fault}; run src/origin/media/encode")]
    Media {
        /// The rendition's name, such as `v3`.
        rendition: &'static str,
        /// What is wrong with it.
        fault: MediaFault,
    },
}

/// What is wrong with an encoded loop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MediaFault {
    /// A box states that it is longer than its parent, or too short to be a box.
    #[error("the box at byte {0} does not fit")]
    BadBox(usize),
    /// A box that must be there is not.
    #[error("there is no {0} box")]
    Missing(&'static str),
    /// A `tfdt` box whose time has 32 bits: live times do not fit.
    #[error("a tfdt box has 32-bit times")]
    ShortTime,
    /// The loop does not have the number of segments of the timeline.
    #[error("it has {0} segments")]
    Segments(usize),
    /// A segment has more encoded bytes than its declared bitrate leaves room for.
    #[error("segment {0} is larger than its declared bitrate allows")]
    Oversized(usize),
    /// A segment does not have the duration of the timeline.
    #[error("segment {0} does not have the frames of its duration")]
    Frames(usize),
}

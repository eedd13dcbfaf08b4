//! One element of a timeline, as a manifest lists it.

/// One element of a timeline: DASH `S`, Smooth `c`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::media) struct Entry {
    /// The tick at which its first segment starts; without one, where the last ended.
    pub(in crate::media) start: Option<u64>,
    /// The number of its first segment; without one, the next.
    pub(in crate::media) number: Option<u64>,
    /// The duration of each segment, in ticks; with a pattern, that of all its segments.
    pub(in crate::media) duration: u64,
    /// How many more there are; below zero until the next entry or the end.
    pub(in crate::media) repeat: i64,
    /// Of how many parts a segment consists (DASH `@k`); 0 and 1 are the same.
    pub(in crate::media) parts: u32,
    /// The pattern, by its index in the list, and the position in it of the first segment.
    pub(in crate::media) pattern: Option<(usize, usize)>,
}

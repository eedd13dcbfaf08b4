//! What is played: a ladder of renditions and the size of every segment.

use super::{known_requests::KnownRequests, setup::Setup};
use crate::{media::Protocol, seed::Name};
use std::sync::Arc;

/// An on-demand presentation with segments of equal duration.
#[derive(Debug, Clone, PartialEq)]
pub struct Presentation {
    segment: f64,
    bitrates: Arc<[f64]>,
    /// Sizes of all renditions of segment 0, then of segment 1, and so on.
    sizes: Arc<[f64]>,
    count: usize,
    /// Whether the sizes start again after the last one.
    repeats: bool,
    /// The names of all segments, in the order of `sizes`; empty if they are not known.
    names: Arc<[Name]>,
    setup: Arc<Setup>,
    audio: Option<Arc<[f64]>>,
    /// The names of its segments; empty if they are not known.
    audio_names: Arc<[Name]>,
    /// What the bitrates have of it, in kbit/s.
    audio_bitrate: f64,
    protocol: Protocol,
    known: Option<Arc<KnownRequests>>,
}

/// The highest bitrate, in kbit/s.
const MOST_BITRATE: f64 = 1e9;

/// Why a presentation cannot be played.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PresentationError {
    /// There is nothing to choose from.
    #[error("has no bitrates; write at least one")]
    NoBitrates,
    /// A bitrate is not a positive number, too high, or not above the one before it.
    #[error(
        "bitrate {index} is {value}; write positive bitrates in ascending order, of at most 1 Tbit/s"
    )]
    Bitrate {
        /// Its 0-based position.
        index: usize,
        /// The value found.
        value: f64,
    },
    /// The segments have no duration.
    #[error("has segments of {0} ms; write a positive duration")]
    Duration(f64),
    /// There is nothing to play.
    #[error("has no segments; write at least one row of sizes")]
    NoSegments,
    /// A row of sizes does not fit the ladder.
    #[error("segment {segment} has {found} sizes for {expected} bitrates")]
    Row {
        /// The 0-based segment.
        segment: usize,
        /// Sizes found.
        found: usize,
        /// Sizes expected.
        expected: usize,
    },
    /// The separate audio has not as many segments.
    #[error("has {found} segments of audio and {expected} of video; write a size for each")]
    Audio {
        /// Sizes found.
        found: usize,
        /// Sizes expected.
        expected: usize,
    },
    /// A size is not a positive number.
    #[error("segment {segment} has a size of {value} bits; write a positive size")]
    Size {
        /// The 0-based segment.
        segment: usize,
        /// The value found.
        value: f64,
    },
}

impl Presentation {
    /// A presentation of segments of `segment` ms, with `bitrates` in kbit/s, ascending, and the size in
    /// bits of each segment at each bitrate.
    ///
    /// # Errors
    /// When a value is missing, not positive, or out of order.
    pub fn new(
        segment: f64,
        bitrates: Vec<f64>,
        sizes: &[Vec<f64>],
    ) -> Result<Self, PresentationError> {
        if !(segment > 0.0 && segment.is_finite()) {
            return Err(PresentationError::Duration(segment));
        }
        if bitrates.is_empty() {
            return Err(PresentationError::NoBitrates);
        }
        let mut before = 0.0;
        for (index, &value) in bitrates.iter().enumerate() {
            if !(value > before && value <= MOST_BITRATE) {
                return Err(PresentationError::Bitrate { index, value });
            }
            before = value;
        }
        if sizes.is_empty() {
            return Err(PresentationError::NoSegments);
        }
        for (segment, row) in sizes.iter().enumerate() {
            if row.len() != bitrates.len() {
                let (found, expected) = (row.len(), bitrates.len());
                return Err(PresentationError::Row { segment, found, expected });
            }
            if let Some(&value) = row.iter().find(|value| !(**value > 0.0 && value.is_finite())) {
                return Err(PresentationError::Size { segment, value });
            }
        }
        let count = sizes.len();
        let sizes = sizes.iter().flatten().copied().collect();
        Ok(Self {
            segment,
            bitrates: bitrates.into(),
            sizes,
            count,
            repeats: false,
            names: Arc::default(),
            setup: Arc::default(),
            audio: None,
            audio_names: Arc::default(),
            audio_bitrate: 0.0,
            protocol: Protocol::Hls,
            known: None,
        })
    }

    /// A presentation of `count` segments whose sizes are exactly bitrate × duration.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn constant(
        segment: f64,
        bitrates: Vec<f64>,
        count: usize,
    ) -> Result<Self, PresentationError> {
        let row: Vec<f64> = bitrates.iter().map(|bitrate| bitrate * segment).collect();
        Self::new(segment, bitrates, &vec![row; count])
    }

    /// A presentation without an end, whose sizes are exactly bitrate × duration.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn endless(segment: f64, bitrates: Vec<f64>) -> Result<Self, PresentationError> {
        Ok(Self::constant(segment, bitrates, 1)?.repeated())
    }

    /// The same without an end: after the last segment, the sizes start again.
    #[must_use]
    pub fn repeated(mut self) -> Self {
        self.count = usize::MAX;
        self.repeats = true;
        self
    }

    /// The same, with the path of `segment` at `rung` as a proxy sees it. Requests with a path draw the
    /// random numbers that the proxy draws for it.
    #[must_use]
    pub fn with_paths(mut self, path: impl Fn(usize, usize) -> String) -> Self {
        let rungs = self.bitrates.len();
        let name = |at: usize| Name::new(&path(at / rungs, at % rungs));
        self.names = (0..self.sizes.len()).map(name).collect();
        self
    }

    /// The same, whose audio has segments of its own: as many, and as long, with these sizes in bits.
    ///
    /// # Errors
    /// When there are not as many sizes as segments, or one is not positive.
    pub fn with_audio(mut self, sizes: Vec<f64>) -> Result<Self, PresentationError> {
        let expected = self.sizes.len() / self.bitrates.len();
        if sizes.len() != expected {
            return Err(PresentationError::Audio { found: sizes.len(), expected });
        }
        let bad = |(_, value): &(usize, &f64)| !(**value > 0.0 && value.is_finite());
        if let Some((segment, &value)) = sizes.iter().enumerate().find(bad) {
            return Err(PresentationError::Size { segment, value });
        }
        self.audio = Some(sizes.into());
        Ok(self)
    }

    /// The same, whose bitrates are those of the video and of separate audio of `bitrate` kbit/s together.
    #[must_use]
    pub const fn with_audio_bitrate(mut self, bitrate: f64) -> Self {
        self.audio_bitrate = bitrate;
        self
    }

    /// The same with the bitrates of the video alone, as a DASH manifest declares them.
    #[must_use]
    pub fn video_alone(&self) -> Self {
        if self.audio_bitrate <= 0.0 || self.audio_bitrate >= self.bitrates[0] {
            return self.clone();
        }
        let bitrates = self.bitrates.iter().map(|bitrate| bitrate - self.audio_bitrate).collect();
        Self { bitrates, audio_bitrate: 0.0, ..self.clone() }
    }

    /// The same, with the path of each segment of the separate audio, as in [`Self::with_paths`].
    #[must_use]
    pub fn with_audio_paths(mut self, path: impl Fn(usize) -> String) -> Self {
        let segments = self.audio.as_ref().map_or(0, |sizes| sizes.len());
        self.audio_names = (0..segments).map(|segment| Name::new(&path(segment))).collect();
        self
    }

    /// Whether its audio has segments of its own.
    #[must_use]
    pub const fn has_audio(&self) -> bool {
        self.audio.is_some()
    }

    /// The size of `segment` of the separate audio in bits; `None` where no size is known.
    #[must_use]
    pub fn audio_size(&self, segment: usize) -> Option<f64> {
        let sizes = self.audio.as_ref()?;
        let segment = if self.repeats { segment % sizes.len() } else { segment };
        sizes.get(segment).copied()
    }

    /// The name of `segment` of the separate audio, if it is known.
    #[must_use]
    pub fn audio_name(&self, segment: usize) -> Option<Name> {
        self.audio_names.get(segment % self.audio_names.len().max(1)).copied()
    }

    /// The same, with what is requested beside segments.
    #[must_use]
    pub fn with_setup(mut self, setup: Setup) -> Self {
        self.setup = Arc::new(setup);
        self
    }

    /// What is requested beside segments.
    #[must_use]
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The same in this format.
    #[must_use]
    pub const fn in_format(mut self, protocol: Protocol) -> Self {
        self.protocol = protocol;
        self
    }

    /// Its format: HLS, if nothing else was said.
    #[must_use]
    pub const fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// The same, with what a proxy knows of requests for its paths.
    #[must_use]
    pub fn with_known_requests(mut self, known: &Arc<KnownRequests>) -> Self {
        self.known = Some(Arc::clone(known));
        self
    }

    /// What a proxy knows of requests for its paths, if that is known.
    #[must_use]
    pub const fn known_requests(&self) -> Option<&Arc<KnownRequests>> {
        self.known.as_ref()
    }

    /// The duration of a segment in ms.
    #[must_use]
    pub const fn segment(&self) -> f64 {
        self.segment
    }

    /// The bitrates in kbit/s, ascending.
    #[must_use]
    pub fn bitrates(&self) -> &[f64] {
        &self.bitrates
    }

    /// The highest rung.
    #[must_use]
    pub fn top(&self) -> usize {
        self.bitrates.len() - 1
    }

    /// The same, of which only the first `count` segments are played. The sizes of the others can
    /// still be looked up.
    #[must_use]
    pub fn ending_at(mut self, count: usize) -> Self {
        self.count = self.count.min(count);
        self
    }

    /// The number of segments that are played.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.count
    }

    /// The size of `segment` at `rung` in bits; `None` where no size is known.
    #[must_use]
    pub fn size(&self, segment: usize, rung: usize) -> Option<f64> {
        self.sizes.get(self.place(segment, rung)?).copied()
    }

    /// The name of `segment` at `rung`, if it is known.
    #[must_use]
    pub fn name(&self, segment: usize, rung: usize) -> Option<Name> {
        self.names.get(self.place(segment, rung)?).copied()
    }

    /// Where `segment` at `rung` is in the list of all sizes.
    fn place(&self, segment: usize, rung: usize) -> Option<usize> {
        if rung >= self.bitrates.len() {
            return None;
        }
        let rows = self.sizes.len() / self.bitrates.len();
        let segment = if self.repeats { segment % rows } else { segment };
        segment.checked_mul(self.bitrates.len())?.checked_add(rung)
    }

    /// The sizes of the segments at `rung` in bits, in order, each once.
    pub fn sizes_of(&self, rung: usize) -> impl Iterator<Item = f64> {
        self.sizes.iter().skip(rung).step_by(self.bitrates.len()).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_found_by_segment_and_rung() {
        let sizes = [vec![1.0, 2.0], vec![3.0, 4.0]];
        let presentation = Presentation::new(2000.0, vec![100.0, 200.0], &sizes).unwrap();
        assert_eq!(presentation.size(1, 0), Some(3.0));
        assert_eq!(presentation.size(0, 1), Some(2.0));
        assert_eq!(presentation.size(2, 0), None);
        assert_eq!(presentation.size(0, 2), None);
        assert_eq!((presentation.count(), presentation.top()), (2, 1));
    }

    #[test]
    fn sizes_start_again_without_an_end() {
        let sizes = [vec![1.0, 2.0], vec![3.0, 4.0]];
        let presentation = Presentation::new(2000.0, vec![100.0, 200.0], &sizes).unwrap();
        assert_eq!(presentation.sizes_of(1).collect::<Vec<_>>(), [2.0, 4.0]);
        assert_eq!(presentation.repeated().size(7, 1), Some(4.0));
        let endless = Presentation::endless(2000.0, vec![100.0]).unwrap();
        assert_eq!((endless.size(12, 0), endless.size(0, 1)), (Some(200_000.0), None));
    }

    #[test]
    fn separate_audio_has_a_size_for_each_segment() {
        let presentation = Presentation::constant(4000.0, vec![300.0], 3).unwrap();
        let with = presentation.clone().with_audio(vec![5.0, 6.0, 7.0]).unwrap();
        assert_eq!((with.audio_size(2), with.audio_size(3)), (Some(7.0), None));
        assert!(with.has_audio() && !presentation.has_audio());
        let both = with.with_audio_bitrate(128.0);
        assert_eq!((both.bitrates(), both.video_alone().bitrates()), (&[300.0][..], &[172.0][..]));
        let error = presentation.with_audio(vec![1.0]).unwrap_err().to_string();
        assert_eq!(error, "has 1 segments of audio and 3 of video; write a size for each");
    }

    #[test]
    fn bad_values_are_named() {
        let sizes = [vec![1.0]];
        let error =
            |result: Result<_, PresentationError>| result.map(|_: Presentation| ()).unwrap_err();
        assert_eq!(
            error(Presentation::new(f64::NAN, vec![1.0], &sizes)).to_string(),
            "has segments of NaN ms; write a positive duration"
        );
        assert_eq!(error(Presentation::new(1.0, vec![], &sizes)), PresentationError::NoBitrates);
        assert_eq!(
            error(Presentation::new(1.0, vec![2.0, 2.0], &sizes)),
            PresentationError::Bitrate { index: 1, value: 2.0 }
        );
        assert_eq!(error(Presentation::new(1.0, vec![2.0], &[])), PresentationError::NoSegments);
        assert_eq!(
            error(Presentation::new(1.0, vec![2.0], &[vec![]])),
            PresentationError::Row { segment: 0, found: 0, expected: 1 }
        );
        assert_eq!(
            error(Presentation::new(1.0, vec![2.0], &[vec![-1.0]])),
            PresentationError::Size { segment: 0, value: -1.0 }
        );
    }
}

//! Feeds of live content: the parts of a segment, and an endless transport stream.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

use super::feed::{Delivery, Feed};
use super::ladder::Rendition;
use super::library::Library;
use super::timeline::{Edge, PARTS};

/// The parts of a segment, each when it has ended.
#[derive(Debug)]
pub(super) struct GrowingSegment {
    library: Arc<Library>,
    rendition: &'static Rendition,
    number: u64,
    part: u64,
}

impl GrowingSegment {
    /// Segment `number` from its first part.
    pub(super) fn new(library: Arc<Library>, rendition: &'static Rendition, number: u64) -> Self {
        Self { library, rendition, number, part: 0 }
    }
}

impl Feed for GrowingSegment {
    fn next(&mut self) -> Option<Delivery> {
        if self.part == PARTS {
            return None;
        }
        let pieces = self.library.part(self.rendition, self.number, self.part)?;
        self.part += 1;
        Some(Delivery { due: Edge::after(self.number, self.part).moment(), pieces })
    }
}

/// A rung with the audio, without end, half a second at a time.
#[derive(Debug)]
pub(super) struct EndlessStream {
    library: Arc<Library>,
    rung: &'static Rendition,
    number: u64,
    /// What is left of segment `number`.
    slices: VecDeque<Vec<Bytes>>,
}

impl EndlessStream {
    /// The stream from the start of the segment that `edge` is in: there is a key frame.
    pub(super) fn new(library: Arc<Library>, rung: &'static Rendition, edge: Edge) -> Self {
        Self { library, rung, number: edge.segment(), slices: VecDeque::new() }
    }
}

impl Feed for EndlessStream {
    fn next(&mut self) -> Option<Delivery> {
        if self.slices.is_empty() {
            self.number = self.number.checked_add(1)?;
            self.slices = self.library.slices(self.rung, self.number)?.into();
        }
        let pieces = self.slices.pop_front()?;
        let parts = PARTS - self.slices.len() as u64;
        Some(Delivery { due: Edge::after(self.number, parts).moment(), pieces })
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::OnceLock;

    use http_body_util::BodyExt as _;
    use tokio::time::Instant;

    use super::super::body::OriginBody;
    use super::super::content::Content;
    use super::*;
    use crate::units::UnixTime;

    /// 1.2 s into segment 448 839 134.
    const NOW: UnixTime = UnixTime::from_millis(1_795_356_533_200);
    const GROWING: u64 = 448_839_134;

    /// The test's own time, which is paused, as a wall clock.
    fn clock() -> UnixTime {
        static START: OnceLock<Instant> = OnceLock::new();
        NOW + START.get_or_init(Instant::now).elapsed()
    }

    /// When each part's first bytes came, in milliseconds from now; that is where its `prft` is.
    #[tokio::test(start_paused = true)]
    async fn parts_are_sent_when_they_have_ended() {
        let library = Arc::new(Library::open().unwrap());
        let rendition = Rendition::named("v1").unwrap();
        let start = clock();
        let feed = GrowingSegment::new(library, rendition, GROWING);
        let body = OriginBody::from(Content::fed(feed, None)).paced(clock);
        let mut body = pin!(body);
        let mut came = Vec::new();
        while let Some(frame) = body.frame().await {
            let piece = frame.unwrap().into_data().unwrap();
            if piece.windows(4).any(|kind| kind == b"prft") {
                came.push((clock() - start).as_millis());
            }
        }
        // The first two had ended; a timer may be a millisecond late.
        let due = [0, 0, 300, 800, 1300, 1800, 2300, 2800];
        assert_eq!(came.len(), due.len());
        assert!(came.iter().zip(due).all(|(came, due)| (due..=due + 2).contains(came)), "{came:?}");
    }
}

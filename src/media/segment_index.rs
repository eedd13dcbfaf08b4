//! A file that lists its segments itself: DASH's SegmentBase, with a `sidx` box (ISO/IEC 14496-12, 8.16.3).

use super::{
    isobmff::Sidx,
    listed_segment::{ListedSegment, Location},
};
use std::sync::Arc;

/// Where a file's index is, and what is needed to understand it.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentIndex {
    /// The bytes of the index.
    pub location: Location,
    /// The initialisation segment of the file's segments.
    pub(super) init: Option<Arc<Location>>,
    /// The presentation time of the file's time 0, in seconds.
    pub(super) zero: f64,
}

impl SegmentIndex {
    /// The segments that the index lists; `body` are its bytes. `None` when it holds no index, or one
    /// that refers to further indexes.
    #[must_use]
    pub fn segments(&self, body: &[u8]) -> Option<Vec<ListedSegment>> {
        let start = self.location.range.as_ref().map_or(0, |range| range.start);
        let (payload, end) = find(body)?;
        let sidx = Sidx::read(payload, start.checked_add(end as u64)?)?;
        if sidx.references.iter().any(|reference| reference.to_index) {
            return None;
        }
        let ends = sidx.references.iter().skip(1).map(|next| next.start).chain([sidx.end]);
        let seconds = |ticks: u64| ticks as f64 / f64::from(sidx.timescale);
        let segment = |(reference, end): (&super::isobmff::Reference, u64)| {
            let duration = seconds(end - reference.start);
            let range = Some(reference.bytes.0..reference.bytes.1);
            ListedSegment {
                location: Location { url: self.location.url.clone(), range },
                init: self.init.clone(),
                position: self.zero + seconds(reference.start),
                step: duration,
                duration,
                date: None,
            }
        };
        Some(sidx.references.iter().zip(ends).map(segment).collect())
    }
}

/// The content of the first `sidx` box, and where the box ends.
fn find(body: &[u8]) -> Option<(&[u8], usize)> {
    let mut at: usize = 0;
    loop {
        let head = body.get(at..at.checked_add(8)?)?;
        let (size, kind) = head.split_first_chunk::<4>()?;
        let size = usize::try_from(u32::from_be_bytes(*size)).ok().filter(|size| *size >= 8)?;
        let end = at.checked_add(size)?;
        if kind == b"sidx" {
            return Some((body.get(at + 8..end)?, end));
        }
        at = end;
    }
}

#[cfg(test)]
mod tests {
    use super::super::isobmff::written;
    use super::*;
    use proptest::prelude::*;

    fn index(start: u64) -> SegmentIndex {
        let url = "http://a.example/v.mp4".to_owned();
        let init = Some(Arc::new(Location { url: url.clone(), range: Some(0..start) }));
        SegmentIndex {
            location: Location { url, range: Some(start..start + 200) },
            init,
            zero: 10.0,
        }
    }

    #[test]
    fn an_index_lists_ranges_of_its_file() {
        let mut body = [&16_u32.to_be_bytes()[..], b"free", &[0; 8]].concat();
        body.extend(written(&[(500, 4000, false), (600, 2000, false)], 1000));
        let after = 800 + body.len() as u64;
        let segments = index(800).segments(&body).unwrap();
        let ranges: Vec<_> =
            segments.iter().map(|segment| segment.location.range.clone()).collect();
        assert_eq!(ranges, [Some(after..after + 500), Some(after + 500..after + 1100)]);
        let times: Vec<_> =
            segments.iter().map(|segment| (segment.position, segment.duration)).collect();
        assert_eq!(times, [(11.0, 4.0), (15.0, 2.0)]);
        assert_eq!(segments[0].init.as_ref().unwrap().range, Some(0..800));
    }

    #[test]
    fn other_content_is_no_index() {
        assert_eq!(index(0).segments(b"<html>not found</html>"), None);
        assert_eq!(index(0).segments(&written(&[(500, 4000, true)], 0)), None);
        assert_eq!(index(0).segments(&[]), None);
    }

    proptest! {
        #[test]
        fn any_bytes(body in proptest::collection::vec(any::<u8>(), 0..80), start: u64) {
            let mut index = index(0);
            index.location.range = Some(start..u64::MAX);
            let _ = index.segments(&body);
        }
    }
}

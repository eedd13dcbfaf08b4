//! What is done with every body that is looked at as it passes, and the laws that hold for any bytes.

use vsps::media::{Head, Kind, Ladder, Protocol, Resource};

const URL: &str = "https://origin.example/a/video";

/// Looks at `body` in pieces of `piece` bytes, then asks for ranges of it.
fn shown(body: &[u8], piece: usize, size: Option<u64>) -> Vec<Resource> {
    let mut ladder = Ladder::default();
    let resource = Resource::new(Protocol::Progressive, Kind::Segment);
    let head = Head { content_type: Some("video/mp4"), first: 0, size };
    let Some(mut probe) = ladder.probe(&resource, URL, head) else { return Vec::new() };
    for piece in body.chunks(piece.max(1)) {
        if !probe.feed(piece) {
            break;
        }
    }
    ladder.observe(probe);
    let ranges = [None, Some(0), Some(1000), Some(u64::MAX)];
    ranges.map(|first| ladder.resolve(URL, first)).into()
}

/// Whole or in pieces, a body shows the same.
pub fn exercise(body: &[u8], size: Option<u64>) {
    let Some((piece, body)) = body.split_first() else { return };
    assert_eq!(shown(body, usize::MAX, size), shown(body, usize::from(*piece), size));
}

//! ISO BMFF boxes: enough of ISO 14496-12 to cut a fragmented MP4 at its fragments.

use std::ops::Range;

use super::error::MediaFault;

/// Segment type: `msdh`, compatible with CMAF segments.
pub(super) const STYP: &[u8; 24] = b"\0\0\0\x18stypmsdh\0\0\0\0msdhcmfs";

/// A box in some bytes: its type and its range, header included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BoxAt {
    pub(super) kind: [u8; 4],
    pub(super) extent: Range<usize>,
}

impl BoxAt {
    /// Where its payload lies.
    pub(super) fn payload(&self) -> Range<usize> {
        self.extent.start + 8..self.extent.end
    }
}

/// The boxes that fill `within` exactly; 64-bit sizes and "to the end" are not used here.
pub(super) fn boxes(bytes: &[u8], within: Range<usize>) -> Result<Vec<BoxAt>, MediaFault> {
    let mut found = Vec::new();
    let mut at = within.start;
    while at < within.end {
        let next = box_at(bytes, at).filter(|next| next.extent.end <= within.end);
        let next = next.ok_or(MediaFault::BadBox(at))?;
        at = next.extent.end;
        found.push(next);
    }
    Ok(found)
}

/// The first box of type `kind` that is a child of `parent`.
pub(super) fn child(bytes: &[u8], parent: &BoxAt, kind: &'static str) -> Result<BoxAt, MediaFault> {
    boxes(bytes, parent.payload())?
        .into_iter()
        .find(|child| child.kind == kind.as_bytes())
        .ok_or(MediaFault::Missing(kind))
}

/// Where the payload of the box of type `kind` lies, in an initialization segment with one track:
/// the first such box in a depth-first search through the boxes that hold boxes.
pub(super) fn descend(bytes: &[u8], kind: &[u8; 4]) -> Option<Range<usize>> {
    within(bytes, 0..bytes.len(), kind)
}

fn within(bytes: &[u8], extent: Range<usize>, kind: &[u8; 4]) -> Option<Range<usize>> {
    boxes(bytes, extent).ok()?.into_iter().find_map(|found| {
        if found.kind == *kind {
            return Some(found.payload());
        }
        // Sample descriptions and entries have fields before their boxes.
        let fields = match &found.kind {
            b"moov" | b"trak" | b"mdia" | b"minf" | b"stbl" => 0,
            b"stsd" => 8,
            b"avc1" => 78,
            b"mp4a" => 28,
            _ => return None,
        };
        let payload = found.payload();
        within(bytes, payload.start.checked_add(fields)?..payload.end, kind)
    })
}

fn box_at(bytes: &[u8], at: usize) -> Option<BoxAt> {
    let (size, rest) = bytes.get(at..)?.split_first_chunk::<4>()?;
    let kind = *rest.first_chunk::<4>()?;
    let size = usize::try_from(u32::from_be_bytes(*size)).ok()?;
    let end = at.checked_add(size)?;
    (size >= 8 && end <= bytes.len()).then_some(BoxAt { kind, extent: at..end })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_are_found_and_must_fill_their_place() {
        let bytes = b"\0\0\0\x0cfree....\0\0\0\x08mdat";
        let found = boxes(bytes, 0..bytes.len()).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!((found[1].kind, found[1].extent.clone()), (*b"mdat", 12..20));
        assert_eq!(boxes(bytes, 0..19), Err(MediaFault::BadBox(12)));
        assert_eq!(boxes(b"\0\0\0\x07free", 0..8), Err(MediaFault::BadBox(0)));
        assert_eq!(boxes(b"\0\0\0", 0..3), Err(MediaFault::BadBox(0)));
    }
}

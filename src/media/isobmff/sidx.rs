//! A segment index (`sidx`, ISO/IEC 14496-12, 8.16.3).

/// One reference of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::media) struct Reference {
    /// The range of the referenced bytes in the file.
    pub(in crate::media) bytes: (u64, u64),
    /// When it begins, in ticks.
    pub(in crate::media) start: u64,
    /// Whether it points to another index.
    pub(in crate::media) to_index: bool,
}

/// An index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::media) struct Sidx {
    /// Ticks of a second; at least 1.
    pub(in crate::media) timescale: u32,
    /// In the order of the file.
    pub(in crate::media) references: Vec<Reference>,
    /// The tick at which the last one ends.
    pub(in crate::media) end: u64,
}

/// Reads big-endian numbers from the start of the bytes.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn u16(&mut self) -> Option<u16> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u16::from_be_bytes(*head))
    }

    fn u32(&mut self) -> Option<u32> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*head))
    }

    fn u64(&mut self) -> Option<u64> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_be_bytes(*head))
    }
}

impl Sidx {
    /// Reads what the box holds; `anchor` is the first byte after it, from which it counts.
    ///
    /// `None` for an index that is cut, or that refers to bytes past the end of any file.
    pub(in crate::media) fn read(payload: &[u8], anchor: u64) -> Option<Self> {
        let mut reader = Reader(payload);
        let version = reader.u32()? >> 24;
        let _reference_id = reader.u32()?;
        let timescale = reader.u32()?.max(1);
        let (mut start, offset) = match version {
            0 => (reader.u32()?.into(), reader.u32()?.into()),
            _ => (reader.u64()?, reader.u64()?),
        };
        let _reserved = reader.u16()?;
        let count = reader.u16()?;
        let mut first = anchor.checked_add(offset)?;
        let mut references = Vec::with_capacity(reader.0.len().min(usize::from(count) * 12) / 12);
        for _ in 0..count {
            let size = reader.u32()?;
            let duration = reader.u32()?;
            let _access_point = reader.u32()?;
            let last = first.checked_add(u64::from(size & 0x7fff_ffff))?;
            references.push(Reference { bytes: (first, last), start, to_index: size >> 31 == 1 });
            first = last;
            start = start.checked_add(duration.into())?;
        }
        Some(Self { timescale, references, end: start })
    }
}

#[cfg(test)]
pub(in crate::media) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A whole box; each reference is (size, duration, points to an index).
    pub(crate) fn written(references: &[(u32, u32, bool)], start: u32) -> Vec<u8> {
        let mut out = Vec::new();
        out.extend_from_slice(&(32 + 12 * references.len() as u32).to_be_bytes());
        out.extend_from_slice(b"sidx");
        for word in [0, 1, 1000, start, 0, references.len() as u32] {
            out.extend_from_slice(&u32::to_be_bytes(word));
        }
        for (size, duration, to_index) in references {
            let size = size | (u32::from(*to_index) << 31);
            for word in [size, *duration, 0x9000_0000] {
                out.extend_from_slice(&word.to_be_bytes());
            }
        }
        out
    }

    #[test]
    fn references_lie_back_to_back() {
        let bytes = written(&[(500, 4000, false), (600, 2000, true)], 100);
        let sidx = Sidx::read(&bytes[8..], 1000).unwrap();
        let said: Vec<_> = sidx.references.iter().map(|r| (r.bytes, r.start, r.to_index)).collect();
        assert_eq!(said, [((1000, 1500), 100, false), ((1500, 2100), 4100, true)]);
        assert_eq!((sidx.timescale, sidx.end), (1000, 6100));
        assert_eq!(Sidx::read(&bytes[8..bytes.len() - 1], 0), None);
        assert_eq!(Sidx::read(&bytes[8..], u64::MAX), None);
    }

    proptest! {
        #[test]
        fn any_bytes(payload in proptest::collection::vec(any::<u8>(), 0..80), anchor: u64) {
            let _ = Sidx::read(&payload, anchor);
        }
    }
}

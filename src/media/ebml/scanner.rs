//! Scans EBML elements (RFC 8794) while their bytes pass; only the index and the description of the file are
//! kept.

use super::super::MediaType;

const EBML: u32 = 0x1a45_dfa3;
const SEGMENT: u32 = 0x1853_8067;
const INFO: u32 = 0x1549_a966;
const TRACKS: u32 = 0x1654_ae6b;
const CUES: u32 = 0x1c53_bb6b;
const TIMESTAMP_SCALE: u32 = 0x2a_d7b1;
const DURATION: u32 = 0x4489;
const TRACK_ENTRY: u32 = 0xae;
const TRACK_TYPE: u32 = 0x83;
const CUE_POINT: u32 = 0xbb;
const CUE_TIME: u32 = 0xb3;
const CUE_TRACK_POSITIONS: u32 = 0xb7;
const CUE_CLUSTER_POSITION: u32 = 0xf1;

/// The longest element kept, and the most points of an index.
const LONGEST: u64 = 1 << 20;
const POINTS: usize = 1 << 16;
/// The most bytes that are scanned in one body.
const REACH: u64 = 16 << 20;

/// What was found in a file, or in a part of it.
#[derive(Debug, PartialEq)]
pub(in crate::media) struct Finding {
    /// The byte of the file from which positions count, if it was seen.
    pub(in crate::media) origin: Option<u64>,
    /// Nanoseconds per tick; a million by default.
    pub(in crate::media) tick: Option<u64>,
    /// In ticks.
    pub(in crate::media) duration: Option<u64>,
    /// Time in ticks, and position from `origin`, of clusters.
    pub(in crate::media) cues: Vec<(u64, u64)>,
    /// What it carries.
    pub(in crate::media) media: MediaType,
}

impl Default for Finding {
    fn default() -> Self {
        let media = MediaType::Unknown;
        Self { origin: None, tick: None, duration: None, cues: Vec::new(), media }
    }
}

#[derive(Debug)]
enum State {
    /// Reading an element's id and size.
    Header,
    /// Skipping bytes.
    Skip(u64),
    /// Reading the content of an element.
    Keep(u32, u64),
    Done,
}

/// The scanner. Holds no more than the element that it is reading.
#[derive(Debug)]
pub(in crate::media) struct Scanner {
    state: State,
    held: Vec<u8>,
    at: u64,
    from: u64,
    found: Finding,
}

/// Whether a body with this first byte may be a file of elements, or its index.
pub(in crate::media) const fn begins(first: u8) -> bool {
    first == (EBML >> 24) as u8 || first == (CUES >> 24) as u8
}

impl Scanner {
    /// A scanner of a body that begins with byte `first` of its file, where an element begins.
    pub(in crate::media) fn new(first: u64) -> Self {
        let (held, found) = (Vec::new(), Finding::default());
        Self { state: State::Header, held, at: first, from: first, found }
    }

    /// Scans the next bytes; returns whether it needs more.
    pub(in crate::media) fn feed(&mut self, mut data: &[u8]) -> bool {
        while !data.is_empty() {
            if self.at.saturating_sub(self.from) > REACH {
                self.state = State::Done;
            }
            let taken = match self.state {
                State::Done => return false,
                State::Skip(left) => {
                    let taken = left.min(data.len() as u64);
                    self.state = next(left - taken);
                    taken as usize
                }
                State::Header => {
                    self.held.extend(data.first());
                    self.header(self.at.saturating_add(1));
                    1
                }
                State::Keep(id, left) => {
                    let taken = left.min(data.len() as u64) as usize;
                    self.held.extend_from_slice(data.get(..taken).unwrap_or_default());
                    self.state = State::Keep(id, left - taken as u64);
                    if taken as u64 == left {
                        let held = std::mem::take(&mut self.held);
                        self.found.take(id, &held);
                        self.state = State::Header;
                    }
                    taken
                }
            };
            self.at = self.at.saturating_add(taken as u64);
            data = data.get(taken..).unwrap_or_default();
        }
        !matches!(self.state, State::Done)
    }

    /// What was found.
    pub(in crate::media) fn into_finding(self) -> Finding {
        self.found
    }

    /// Processes the header that is held, once it is complete; `end` is where it ends.
    fn header(&mut self, end: u64) {
        let Some((id, size, _)) = head(&self.held) else {
            if self.held.len() >= 12 {
                self.state = State::Done;
            }
            return;
        };
        self.held.clear();
        let first = end.saturating_sub(self.from) <= 12;
        self.state = match (id, size) {
            // Another format.
            _ if first && !matches!(id, EBML | SEGMENT | CUES) => State::Done,
            (SEGMENT, _) => {
                self.found.origin = Some(end);
                State::Header
            }
            // A live stream: the ends of its clusters are not stated.
            (_, None) => State::Done,
            (INFO | TRACKS | CUES, Some(size)) if (1..=LONGEST).contains(&size) => {
                State::Keep(id, size)
            }
            (_, Some(size)) => next(size),
        };
    }
}

const fn next(left: u64) -> State {
    if left == 0 { State::Header } else { State::Skip(left) }
}

impl Finding {
    /// Reads an element that was kept.
    fn take(&mut self, id: u32, data: &[u8]) {
        for (child, data) in Elements(data) {
            match (id, child) {
                (INFO, TIMESTAMP_SCALE) => self.tick = Some(number(data)).filter(|tick| *tick > 0),
                (INFO, DURATION) => self.duration = float(data),
                (TRACKS, TRACK_ENTRY) => {
                    let kind = Elements(data).find(|(id, _)| *id == TRACK_TYPE);
                    self.carries(kind.map_or(0, |(_, data)| number(data)));
                }
                (CUES, CUE_POINT) if self.cues.len() < POINTS => self.cues.extend(cue(data)),
                _ => {}
            }
        }
    }
}

impl Finding {
    /// Records a track of type `kind`.
    const fn carries(&mut self, kind: u64) {
        use MediaType::{Audio, Muxed, Text, Unknown, Video};
        self.media = match (kind, self.media) {
            (1, Audio) | (2, Video) => Muxed,
            (1, Unknown | Text) => Video,
            (2, Unknown | Text) => Audio,
            (0x11, Unknown) => Text,
            (_, held) => held,
        };
    }
}

/// Time and position of a point of the index.
fn cue(data: &[u8]) -> Option<(u64, u64)> {
    let find = |data, wanted| Elements(data).find(|(id, _)| *id == wanted).map(|(_, data)| data);
    let position = find(find(data, CUE_TRACK_POSITIONS)?, CUE_CLUSTER_POSITION)?;
    Some((number(find(data, CUE_TIME)?), number(position)))
}

/// Id and size (`None` = not known) at the beginning of `data`, and how long they are.
fn head(data: &[u8]) -> Option<(u32, Option<u64>, usize)> {
    let id_len = data.first()?.leading_zeros() as usize + 1;
    let id = number(data.get(..id_len).filter(|_| id_len <= 4)?);
    let marked = *data.get(id_len)?;
    let size_len = marked.leading_zeros() as usize + 1;
    let size = data.get(id_len..id_len + size_len).filter(|_| size_len <= 8)?;
    let ones = (1_u64 << (7 * size_len)) - 1;
    let size = number(size) & ones;
    Some((id as u32, (size != ones).then_some(size), id_len + size_len))
}

/// Consecutive elements, as far as they are complete.
struct Elements<'a>(&'a [u8]);

impl<'a> Iterator for Elements<'a> {
    type Item = (u32, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (id, size, len) = head(self.0)?;
        let rest = self.0.get(len..)?;
        let (data, rest) = rest.split_at_checked(usize::try_from(size?).ok()?)?;
        self.0 = rest;
        Some((id, data))
    }
}

fn number(data: &[u8]) -> u64 {
    data.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// A float of four or eight bytes, as whole ticks.
fn float(data: &[u8]) -> Option<u64> {
    let value = match data.len() {
        4 => f64::from(f32::from_bits(number(data) as u32)),
        8 => f64::from_bits(number(data)),
        _ => return None,
    };
    (0.0..1e18).contains(&value).then_some(value as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn element(id: u32, data: &[u8]) -> Vec<u8> {
        let id = id.to_be_bytes();
        let start = id.iter().position(|byte| *byte != 0).unwrap();
        let size = (data.len() as u64 | 1 << 56).to_be_bytes();
        [&id[start..], &size, data].concat()
    }

    fn cue(time: u16, position: u8) -> Vec<u8> {
        let place = element(CUE_TRACK_POSITIONS, &element(CUE_CLUSTER_POSITION, &[position]));
        element(CUE_POINT, &[element(CUE_TIME, &time.to_be_bytes()), place].concat())
    }

    fn track(kind: u8) -> Vec<u8> {
        element(TRACK_ENTRY, &element(TRACK_TYPE, &[kind]))
    }

    /// Header, then a segment of unknown size with all that is kept, and a cluster.
    fn file() -> Vec<u8> {
        let info = [
            element(TIMESTAMP_SCALE, &[0x0f, 0x42, 0x40]),
            element(DURATION, &9000_f32.to_be_bytes()),
        ];
        let mut out = element(EBML, &element(0x4282, b"webm"));
        out.extend([0x18, 0x53, 0x80, 0x67, 0xff]);
        out.extend(element(INFO, &info.concat()));
        out.extend(element(TRACKS, &[track(1), track(2)].concat()));
        out.extend(element(CUES, &[cue(0, 100), cue(4000, 200)].concat()));
        out.extend(element(0x1f43_b675, &[0; 40]));
        out
    }

    fn scanned(body: &[u8], piece: usize) -> Finding {
        let mut scanner = Scanner::new(0);
        let mut pieces = body.chunks(piece.max(1));
        while pieces.next().is_some_and(|piece| scanner.feed(piece)) {}
        scanner.into_finding()
    }

    #[test]
    fn a_file_says_where_its_times_lie() {
        let found = scanned(&file(), 7);
        assert_eq!(
            (found.origin, found.tick, found.duration),
            (Some(31), Some(1_000_000), Some(9000))
        );
        assert_eq!(found.cues, [(0, 100), (4000, 200)]);
        assert_eq!(found.media, MediaType::Muxed);
        assert_eq!(scanned(b"\x1aabcdefghijklmno", 3), Finding::default());
    }

    /// An index by itself, as a range of its file.
    #[test]
    fn an_index_alone() {
        let found = scanned(&element(CUES, &cue(4000, 200)), 5);
        assert_eq!((found.origin, found.cues), (None, vec![(4000, 200)]));
    }

    /// A response may state any first byte.
    #[test]
    fn the_last_bytes_of_the_largest_file() {
        for before in 0..80 {
            let mut scanner = Scanner::new(u64::MAX - before);
            file().chunks(5).all(|piece| scanner.feed(piece));
            let found = scanner.into_finding();
            assert_eq!(found.origin, Some((u64::MAX - before).saturating_add(31)));
        }
    }

    #[test]
    fn too_much_is_not_kept() {
        let claims =
            [&[0x1c, 0x53, 0xbb, 0x6b, 0x01, 0, 0, 0, 0x7f, 0, 0, 0][..], &[0; 4096]].concat();
        let mut scanner = Scanner::new(0);
        assert!(scanner.feed(&claims));
        assert!(scanner.held.is_empty());
        let many = element(CUES, &cue(1, 2).repeat(100_000)[..(1 << 20) - 16]);
        assert!(scanned(&many, 1 << 16).cues.len() <= POINTS);
    }

    proptest! {
        #[test]
        fn pieces_and_bytes_of_any_kind(piece in 1_usize..64, at in 0_usize..150, with in any::<[u8; 3]>()) {
            let mut body = file();
            prop_assert_eq!(scanned(&body, piece), scanned(&body, body.len()));
            let at = at.min(body.len() - 3);
            body[at..at + 3].copy_from_slice(&with);
            prop_assert_eq!(scanned(&body, piece), scanned(&body, body.len()));
        }
    }
}

//! Scans boxes while their bytes pass; only an index and a few small headers are kept.

use super::{super::MediaType, sidx::Sidx};
use std::time::Duration;

/// The longest index kept: one of 65,535 references.
const LONGEST_INDEX: u64 = 1 << 20;
/// The longest header kept.
const LONGEST_HEADER: u64 = 256;
/// The most bytes that are scanned in one body.
const REACH: u64 = 16 << 20;

/// The boxes with which a file, or an independent part of it, begins.
const BEGINNINGS: &[&[u8; 4]] = &[
    b"ftyp", b"styp", b"sidx", b"moov", b"moof", b"mdat", b"free", b"skip", b"wide", b"uuid",
    b"emsg", b"prft", b"pdin", b"ssix",
];

/// What was found in a file.
#[derive(Debug, Default, PartialEq)]
pub(in crate::media) struct Finding {
    /// The indexes, in the order of the file.
    pub(in crate::media) indexes: Vec<Sidx>,
    /// Its duration (`mvhd`).
    pub(in crate::media) duration: Option<Duration>,
    /// Whether it has video (`hdlr` of its tracks).
    pub(in crate::media) video: bool,
    pub(in crate::media) audio: bool,
    pub(in crate::media) text: bool,
}

impl Finding {
    /// What it carries.
    pub(in crate::media) const fn media(&self) -> MediaType {
        match (self.video, self.audio, self.text) {
            (true, true, _) => MediaType::Muxed,
            (true, false, _) => MediaType::Video,
            (false, true, _) => MediaType::Audio,
            (false, false, true) => MediaType::Text,
            (false, false, false) => MediaType::Unknown,
        }
    }
}

#[derive(Debug)]
enum State {
    /// Reading a box's header.
    Header,
    /// Skipping bytes.
    Skip(u64),
    /// Reading the content of a box of this type.
    Keep([u8; 4], u64),
    Done,
}

/// The scanner. Holds no more than the box that it is reading.
#[derive(Debug)]
pub(in crate::media) struct Scanner {
    state: State,
    held: Vec<u8>,
    is_first: bool,
    /// The position in the file of the next byte.
    at: u64,
    from: u64,
    found: Finding,
}

impl Scanner {
    /// A scanner of a body that begins with byte `first` of its file, where a box begins.
    pub(in crate::media) fn new(first: u64) -> Self {
        let (held, found) = (Vec::new(), Finding::default());
        Self { state: State::Header, held, is_first: true, at: first, from: first, found }
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
                    self.state =
                        if taken == left { State::Header } else { State::Skip(left - taken) };
                    taken as usize
                }
                State::Header => self.header(data),
                State::Keep(name, len) => self.keep(name, len, data),
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

    /// Takes bytes into the box's header; how many.
    fn header(&mut self, data: &[u8]) -> usize {
        let long = self.held.get(..4) == Some(&[0, 0, 0, 1]);
        let want = if long { 16 } else { 8 };
        let taken = (want - self.held.len()).min(data.len());
        self.held.extend_from_slice(data.get(..taken).unwrap_or_default());
        if self.held.len() < want || (!long && self.held.get(..4) == Some(&[0, 0, 0, 1])) {
            return taken;
        }
        let number =
            |bytes: &[u8]| bytes.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        let size =
            number(if long { self.held.get(8..) } else { self.held.get(..4) }.unwrap_or_default());
        let name = self.held.get(4..8).and_then(|name| name.try_into().ok()).unwrap_or_default();
        self.held.clear();
        // A box to the end of the file, or an invalid one.
        let Some(len) = size.checked_sub(want as u64) else {
            self.state = State::Done;
            return taken;
        };
        self.state = match &name {
            b"moov" | b"trak" | b"mdia" => State::Header,
            b"sidx" if len <= LONGEST_INDEX => State::Keep(name, len),
            b"mvhd" | b"hdlr" if (1..=LONGEST_HEADER).contains(&len) => State::Keep(name, len),
            // Media begins: its description came before.
            b"moof" | b"mdat" => State::Done,
            // Another format: an error page, another container.
            name if self.is_first && !BEGINNINGS.contains(&name) => State::Done,
            _ if len == 0 => State::Header,
            _ => State::Skip(len),
        };
        self.is_first = false;
        taken
    }

    /// Takes bytes into what a box holds; how many.
    fn keep(&mut self, name: [u8; 4], len: u64, data: &[u8]) -> usize {
        let taken = (len.saturating_sub(self.held.len() as u64)).min(data.len() as u64) as usize;
        self.held.extend_from_slice(data.get(..taken).unwrap_or_default());
        if self.held.len() as u64 >= len {
            let held = std::mem::take(&mut self.held);
            self.state = State::Header;
            self.learn(name, &held, self.at.saturating_add(taken as u64));
        }
        taken
    }

    fn learn(&mut self, name: [u8; 4], held: &[u8], end: u64) {
        match &name {
            b"sidx" => self.found.indexes.extend(Sidx::read(held, end)),
            b"mvhd" => self.found.duration = movie_duration(held),
            _ => match held.get(8..12) {
                Some(b"vide" | b"auxv" | b"pict") => self.found.video = true,
                Some(b"soun") => self.found.audio = true,
                Some(b"text" | b"subt" | b"sbtl" | b"clcp") => self.found.text = true,
                _ => {}
            },
        }
    }
}

/// The duration in a movie header (ISO/IEC 14496-12, 8.2.2); none if it is not known yet, as in the
/// initialisation segments of fragmented files.
fn movie_duration(held: &[u8]) -> Option<Duration> {
    let word = |at: usize| Some(u32::from_be_bytes(*held.get(at..)?.first_chunk()?));
    let (timescale, ticks) = match held.first()? {
        0 => (word(12)?, u64::from(word(16)?)),
        _ => (word(20)?, u64::from(word(24)?) << 32 | u64::from(word(28)?)),
    };
    let unknown = ticks == 0 || ticks == u64::from(u32::MAX) || ticks == u64::MAX;
    let seconds = ticks as f64 / f64::from(timescale.max(1));
    (!unknown && seconds < 3e7).then(|| Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::{super::sidx::tests::written, *};
    use proptest::prelude::*;

    fn boxed(name: &[u8; 4], inside: &[u8]) -> Vec<u8> {
        let mut out = (8 + inside.len() as u32).to_be_bytes().to_vec();
        out.extend_from_slice(name);
        out.extend_from_slice(inside);
        out
    }

    fn file() -> Vec<u8> {
        let mut header = vec![0; 12];
        header.extend_from_slice(&1000_u32.to_be_bytes());
        header.extend_from_slice(&90_500_u32.to_be_bytes());
        let handler = |kind: &[u8; 4]| {
            let inside = [&[0; 8], kind.as_slice(), &[0; 12]].concat();
            boxed(b"trak", &boxed(b"mdia", &boxed(b"hdlr", &inside)))
        };
        let moov = [boxed(b"mvhd", &header), handler(b"vide"), handler(b"soun")].concat();
        [
            boxed(b"ftyp", b"iso6"),
            boxed(b"free", &[]),
            boxed(b"moov", &moov),
            written(&[(100, 4000, false)], 0),
            boxed(b"mdat", &[0; 100]),
        ]
        .concat()
    }

    #[test]
    fn whole_or_byte_by_byte() {
        let file = file();
        let mut whole = Scanner::new(0);
        assert!(!whole.feed(&file), "it stops where media begins");
        let mut slow = Scanner::new(0);
        file.iter().for_each(|byte| {
            slow.feed(&[*byte]);
        });
        let found = whole.into_finding();
        assert_eq!(found, slow.into_finding());
        assert_eq!(found.media(), MediaType::Muxed);
        assert_eq!(found.duration, Some(Duration::from_millis(90_500)));
        let index = found.indexes.first().unwrap();
        assert_eq!(index.references[0].bytes.1, file.len() as u64 - 8);
    }

    #[test]
    fn what_is_no_file_ends_the_look() {
        for body in [
            &b"<html><body>not found"[..],
            &[0; 64],
            &[0xff; 64],
            b"\0\0\0\x01mdat\0\0\0\0\0\0\0\x10",
        ] {
            assert!(!Scanner::new(0).feed(body), "{body:?}");
        }
        let large = [u32::MAX.to_be_bytes().as_slice(), b"sidx"].concat();
        let mut scanner = Scanner::new(0);
        assert!(scanner.feed(&large) && scanner.feed(&[0; 4096]));
        assert!(scanner.held.is_empty(), "an index that long is not gathered");
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces(body in proptest::collection::vec(any::<u8>(), 0..200), cut in 1_usize..50) {
            let mut whole = Scanner::new(7);
            whole.feed(&body);
            let mut pieces = Scanner::new(7);
            for piece in body.chunks(cut) {
                pieces.feed(piece);
            }
            prop_assert_eq!(whole.into_finding(), pieces.into_finding());
        }
    }
}

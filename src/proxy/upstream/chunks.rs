//! The chunked transfer coding (RFC 9112 §7.1), with the limits of hyper.

use bytes::{Buf as _, Bytes};
use http::{HeaderMap, HeaderName, HeaderValue};
use httparse::{EMPTY_HEADER, Status};

/// The most bytes of all extensions of a body.
const MOST_EXTENSIONS: usize = 16 * 1024;
/// The most bytes of a body's trailers, and the most fields.
const MOST_TRAILERS: usize = 16 * 1024;
const MOST_FIELDS: usize = 100;

/// The coding is invalid, or exceeds a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("invalid chunked coding: {0}")]
pub(in crate::proxy) struct ChunkError(&'static str);

/// The next byte, or what follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Size,
    SpaceAfterSize,
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    Trailer,
    TrailerLf,
    EndCr,
    EndLf,
    End,
}

/// A part of a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    Data(Bytes),
    /// The last part, if there are trailers.
    Trailers(HeaderMap),
    /// The last part.
    End,
}

/// Reads the chunks of one body.
#[derive(Debug)]
pub(super) struct Chunks {
    state: State,
    /// The bytes of the chunk that are to come.
    left: u64,
    extensions: usize,
    trailers: Vec<u8>,
    fields: usize,
}

impl Chunks {
    pub(super) const fn new() -> Self {
        Self { state: State::Start, left: 0, extensions: 0, trailers: Vec::new(), fields: 0 }
    }

    /// Takes the next part from the start of `bytes`; `None` = it needs more bytes.
    pub(super) fn next(&mut self, bytes: &mut Bytes) -> Result<Option<Part>, ChunkError> {
        while let Some(byte) = bytes.first().copied() {
            match self.state {
                State::Data => {
                    let all = bytes.len();
                    let size = usize::try_from(self.left).unwrap_or(all).min(all);
                    self.left -= size as u64;
                    if self.left == 0 {
                        self.state = State::DataCr;
                    }
                    return Ok(Some(Part::Data(bytes.split_to(size))));
                }
                State::End => break,
                _ => {}
            }
            bytes.advance(1);
            self.state = self.after(byte)?;
            if self.state == State::End {
                break;
            }
        }
        match self.state {
            State::End if self.trailers.is_empty() => Ok(Some(Part::End)),
            State::End => self.read_trailers().map(|fields| Some(Part::Trailers(fields))),
            _ => Ok(None),
        }
    }

    /// The state after `byte`, which is not data.
    fn after(&mut self, byte: u8) -> Result<State, ChunkError> {
        match (self.state, byte) {
            (State::Start | State::Size, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                let digit = char::from(byte).to_digit(16).map_or(0, u64::from);
                let size = self.left.checked_mul(16).and_then(|size| size.checked_add(digit));
                self.left = size.ok_or(ChunkError("a chunk is too large"))?;
                Ok(State::Size)
            }
            (State::Size | State::SpaceAfterSize, b' ' | b'\t') => Ok(State::SpaceAfterSize),
            (State::Size | State::SpaceAfterSize, b';') => Ok(State::Extension),
            (State::Size | State::SpaceAfterSize | State::Extension, b'\r') => Ok(State::SizeLf),
            (State::Extension, b'\n') => Err(ChunkError("an extension has a line feed")),
            (State::Extension, _) => {
                self.extensions += 1;
                match self.extensions < MOST_EXTENSIONS {
                    true => Ok(State::Extension),
                    false => Err(ChunkError("the extensions are too long")),
                }
            }
            (State::SizeLf, b'\n') if self.left == 0 => Ok(State::EndCr),
            (State::SizeLf, b'\n') => Ok(State::Data),
            (State::DataCr, b'\r') => Ok(State::DataLf),
            (State::DataLf, b'\n') => Ok(State::Start),
            (State::EndCr | State::Trailer | State::TrailerLf | State::EndLf, _) => {
                self.after_last_chunk(byte)
            }
            (State::Start | State::Size | State::SpaceAfterSize, _) => {
                Err(ChunkError("a chunk has no size"))
            }
            (State::SizeLf | State::DataCr | State::DataLf | State::Data | State::End, _) => {
                Err(ChunkError("a line does not end"))
            }
        }
    }

    /// The state after `byte`, which follows the last chunk.
    fn after_last_chunk(&mut self, byte: u8) -> Result<State, ChunkError> {
        let next = match (self.state, byte) {
            (State::EndCr, b'\r') => State::EndLf,
            (State::Trailer, b'\r') => State::TrailerLf,
            (State::EndCr | State::Trailer, _) => State::Trailer,
            (State::EndLf, b'\n') => State::End,
            (State::TrailerLf, b'\n') if self.fields < MOST_FIELDS => {
                self.fields += 1;
                State::EndCr
            }
            (State::TrailerLf, b'\n') => return Err(ChunkError("there are too many trailers")),
            _ => return Err(ChunkError("a trailer does not end")),
        };
        // Without trailers, nothing is to be kept of the last line.
        if !self.trailers.is_empty() || next == State::Trailer {
            self.trailers.push(byte);
        }
        match self.trailers.len() < MOST_TRAILERS {
            true => Ok(next),
            false => Err(ChunkError("the trailers are too long")),
        }
    }

    fn read_trailers(&self) -> Result<HeaderMap, ChunkError> {
        let invalid = ChunkError("a trailer is invalid");
        let mut fields = vec![EMPTY_HEADER; self.fields];
        let Ok(Status::Complete((_, fields))) =
            httparse::parse_headers(&self.trailers, &mut fields)
        else {
            return Err(invalid);
        };
        let mut trailers = HeaderMap::new();
        for field in fields {
            let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| invalid)?;
            let value = HeaderValue::from_bytes(field.value).map_err(|_| invalid)?;
            trailers.append(name, value);
        }
        Ok(trailers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The data in `text` and its trailers, read in pieces of `size` bytes; `None` = more is to come.
    fn read(text: &str, size: usize) -> Result<Option<(String, HeaderMap)>, ChunkError> {
        let (mut chunks, mut data) = (Chunks::new(), Vec::new());
        for piece in text.as_bytes().chunks(size) {
            let mut piece = Bytes::copy_from_slice(piece);
            while let Some(part) = chunks.next(&mut piece)? {
                let trailers = match part {
                    Part::Data(bytes) => {
                        data.extend_from_slice(&bytes);
                        continue;
                    }
                    Part::Trailers(trailers) => trailers,
                    Part::End => HeaderMap::new(),
                };
                return Ok(Some((String::from_utf8(data).unwrap(), trailers)));
            }
        }
        Ok(None)
    }

    #[test]
    fn chunks_are_read_in_any_pieces() {
        let text = "5 \t;a=\"b\"\r\nhello\r\n01A\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n";
        let (plain, trailed) = (format!("{text}\r\nrest"), format!("{text}A: 1\r\nb:\r\n\r\n"));
        for size in 1..trailed.len() {
            let (data, trailers) = read(&plain, size).unwrap().unwrap();
            assert_eq!((data.as_str(), trailers.len()), ("helloabcdefghijklmnopqrstuvwxyz", 0));
            let (_, trailers) = read(&trailed, size).unwrap().unwrap();
            assert_eq!((trailers["a"].as_bytes(), trailers["b"].as_bytes()), (&b"1"[..], &b""[..]));
            assert_eq!(read(text, size), Ok(None));
        }
    }

    #[test]
    fn what_is_invalid_or_too_long_is_refused() {
        for text in [
            "\r\n",
            "g\r\n",
            "5g\r\n",
            "5 5\r\n",
            "5\n",
            "5\rx",
            "5;a\nb\r\n",
            "1\r\naX",
            "1\r\na\rX",
            "10000000000000000\r\n",
            "0\r\na: 1\rb",
            "0\r\n\rb",
            "0\r\nno colon\r\n\r\n",
            "0\r\na\0: b\r\n\r\n",
        ] {
            for size in 1..=text.len() {
                assert!(read(text, size).is_err(), "{text:?}");
            }
        }
        let extension = |length| format!("1;{}\r\na\r\n0\r\n\r\n", "x".repeat(length));
        assert!(read(&extension(MOST_EXTENSIONS - 1), 100).is_ok());
        assert!(read(&extension(MOST_EXTENSIONS), 100).is_err());
        let trailer = |length| format!("0\r\na:{}\r\n\r\n", "x".repeat(length));
        assert!(read(&trailer(MOST_TRAILERS - 7), 100).is_ok());
        assert!(read(&trailer(MOST_TRAILERS - 6), 100).is_err());
        let fields = |fields| format!("0\r\n{}\r\n", "a: b\r\n".repeat(fields));
        assert!(read(&fields(MOST_FIELDS), 100).is_ok());
        assert!(read(&fields(MOST_FIELDS + 1), 100).is_err());
    }
}

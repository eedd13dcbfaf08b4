//! One content coding of a manifest (RFC 9110 §8.4.1): decodes it up to a size limit, and encodes again.

use std::io::{self, Read, Write as _};

/// A supported content coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::proxy) enum Coding {
    Gzip,
    /// The zlib format. Some servers send its content alone, without header and checksum, and players decode both.
    Deflate,
    Brotli,
    Zstd,
}

/// Why a coded body could not be read.
#[derive(Debug, thiserror::Error)]
pub(in crate::proxy) enum CodingError {
    #[error("it has the content coding {0}, which vsps does not support")]
    Unknown(String),
    #[error("it has more than {0} content codings")]
    TooMany(usize),
    #[error("its {coding:?} encoding is invalid: {problem}")]
    Broken { coding: Coding, problem: io::Error },
    #[error("it is larger than {0} bytes when decoded")]
    TooLarge(usize),
}

/// The largest zstd window: 8 MiB, the limit of RFC 9659 for HTTP.
const ZSTD_WINDOW_LOG: u32 = 23;
const BUFFER: usize = 16 * 1024;

impl Coding {
    /// The coding with this name, if it is supported.
    pub(super) fn named(name: &str) -> Option<Self> {
        let known = [
            ("gzip", Self::Gzip),
            ("x-gzip", Self::Gzip),
            ("deflate", Self::Deflate),
            ("br", Self::Brotli),
            ("zstd", Self::Zstd),
        ];
        let found = known.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, coding)| *coding)
    }

    /// Decodes `body`, up to `most` bytes.
    pub(super) fn decode(self, body: &[u8], most: usize) -> Result<Vec<u8>, CodingError> {
        let broken = |problem| CodingError::Broken { coding: self, problem };
        let decoded = match self {
            Self::Gzip => read(flate2::read::MultiGzDecoder::new(body), most),
            Self::Deflate => inflate(body, most),
            Self::Brotli => read(brotli::Decompressor::new(body, BUFFER), most),
            Self::Zstd => zstd::stream::read::Decoder::new(body).and_then(|mut decoder| {
                decoder.window_log_max(ZSTD_WINDOW_LOG)?;
                read(decoder, most)
            }),
        };
        let decoded = decoded.map_err(broken)?;
        if decoded.len() > most {
            return Err(CodingError::TooLarge(most));
        }
        Ok(decoded)
    }

    /// Encodes `body`. The output is deterministic, so that HEAD and GET have the same length.
    pub(super) fn encode(self, body: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Self::Gzip => {
                let level = flate2::Compression::new(6);
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
                encoder.write_all(body)?;
                encoder.finish()
            }
            Self::Deflate => {
                let level = flate2::Compression::new(6);
                let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), level);
                encoder.write_all(body)?;
                encoder.finish()
            }
            Self::Brotli => {
                let mut out = Vec::new();
                let mut encoder = brotli::CompressorWriter::new(&mut out, BUFFER, 5, 20);
                encoder.write_all(body)?;
                encoder.flush()?;
                drop(encoder);
                Ok(out)
            }
            Self::Zstd => zstd::stream::encode_all(body, 3),
        }
    }
}

/// Reads at most one byte more than `most`, to detect a larger body.
fn read(decoder: impl Read, most: usize) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    decoder.take(most as u64 + 1).read_to_end(&mut out)?;
    Ok(out)
}

/// Decodes `deflate`. A body that ends too early is an error, which flate2's readers do not report.
fn inflate(body: &[u8], most: usize) -> io::Result<Vec<u8>> {
    let mut inflater = flate2::Decompress::new(is_zlib(body));
    let mut out = Vec::new();
    loop {
        out.reserve(BUFFER);
        let (read, written) = (inflater.total_in(), out.len());
        let rest = body.get(read as usize..).unwrap_or_default();
        let status = inflater.decompress_vec(rest, &mut out, flate2::FlushDecompress::None)?;
        if status == flate2::Status::StreamEnd || out.len() > most {
            return Ok(out);
        }
        if inflater.total_in() == read && out.len() == written {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// Whether `body` begins with a header of zlib (RFC 1950 §2.2): the method is 8, and both bytes are a multiple of 31.
fn is_zlib(body: &[u8]) -> bool {
    let [method, flags, ..] = body else { return false };
    method & 0x0f == 8 && u16::from_be_bytes([*method, *flags]) % 31 == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Coding; 4] = [Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd];

    #[test]
    fn encoded_then_decoded_is_the_same() {
        let body = b"#EXTM3U\n#EXTINF:4,\n1.ts\n".repeat(100);
        for coding in ALL {
            let encoded = coding.encode(&body).unwrap();
            assert!(encoded.len() < body.len() / 4, "{coding:?}: {}", encoded.len());
            assert_eq!(encoded, coding.encode(&body).unwrap());
            assert_eq!(coding.decode(&encoded, body.len()).unwrap(), body);
        }
    }

    #[test]
    fn a_bomb_is_defused() {
        let zeros = vec![0; 64 << 20];
        for coding in ALL {
            let bomb = coding.encode(&zeros).unwrap();
            assert!(bomb.len() < 128 << 10, "{coding:?}: {}", bomb.len());
            let error = coding.decode(&bomb, 1 << 20).unwrap_err();
            assert!(matches!(error, CodingError::TooLarge(_)), "{error}");
        }
    }

    #[test]
    fn what_is_broken_is_told() {
        for coding in ALL {
            let whole = coding.encode(&b"abcdefgh".repeat(999)).unwrap();
            for body in [&whole[..whole.len() - 3], b"not encoded at all", b"\x1f\x8b"] {
                let error = coding.decode(body, 1 << 20).unwrap_err();
                assert!(matches!(error, CodingError::Broken { .. }), "{coding:?}: {error}");
            }
        }
    }

    /// Without header and checksum, as some servers send it.
    #[test]
    fn deflate_without_zlib_is_decoded() {
        let body = b"#EXTM3U\n#EXTINF:4,\n1.ts\n".repeat(100);
        for level in 0..=9 {
            let level = flate2::Compression::new(level);
            let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), level);
            encoder.write_all(&body).unwrap();
            let raw = encoder.finish().unwrap();
            assert_eq!(Coding::Deflate.decode(&raw, body.len()).unwrap(), body, "{level:?}");
        }
    }
}

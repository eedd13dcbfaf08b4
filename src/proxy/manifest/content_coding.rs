//! Content codings of manifests (RFC 9110 §8.4.1): decodes them up to a size limit, and encodes again.

use http::{HeaderMap, HeaderValue, header};
use std::io::{self, Read, Write as _};

/// A supported content coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::proxy) enum Coding {
    Gzip,
    Brotli,
    Zstd,
}

/// Why a coded body could not be read.
#[derive(Debug, thiserror::Error)]
pub(in crate::proxy) enum CodingError {
    #[error("it has the content coding {0}, which vsps does not support")]
    Unknown(String),
    #[error("its {coding:?} encoding is invalid: {problem}")]
    Broken { coding: Coding, problem: io::Error },
    #[error("it is larger than {0} bytes when decoded")]
    TooLarge(usize),
}

/// The largest zstd window: 8 MiB, the limit of RFC 9659 for HTTP.
const ZSTD_WINDOW_LOG: u32 = 23;
const BUFFER: usize = 16 * 1024;

impl Coding {
    /// The coding in `Content-Encoding`; `None` without one.
    pub(in crate::proxy) fn of(headers: &HeaderMap) -> Result<Option<Self>, CodingError> {
        let unknown = |name: &str| CodingError::Unknown(name.to_owned());
        let mut values = headers.get_all(header::CONTENT_ENCODING).iter();
        let Some(value) = values.next() else { return Ok(None) };
        let name = value.to_str().map_err(|_| unknown("an unreadable name"))?.trim();
        if values.next().is_some() {
            return Err(unknown("several codings"));
        }
        match Self::named(name) {
            Some(coding) => Ok(Some(coding)),
            None if name.is_empty() || name.eq_ignore_ascii_case("identity") => Ok(None),
            None => Err(unknown(name)),
        }
    }

    fn named(name: &str) -> Option<Self> {
        let known = [
            ("gzip", Self::Gzip),
            ("x-gzip", Self::Gzip),
            ("br", Self::Brotli),
            ("zstd", Self::Zstd),
        ];
        let found = known.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, coding)| *coding)
    }

    /// Decodes `body`, up to `most` bytes.
    pub(in crate::proxy) fn decode(self, body: &[u8], most: usize) -> Result<Vec<u8>, CodingError> {
        let broken = |problem| CodingError::Broken { coding: self, problem };
        let decoded = match self {
            Self::Gzip => read(flate2::read::MultiGzDecoder::new(body), most),
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
    pub(in crate::proxy) fn encode(self, body: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Self::Gzip => {
                let level = flate2::Compression::new(6);
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
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

/// Removes unsupported codings from `Accept-Encoding`. Codings that the player does not accept are not added.
pub(in crate::proxy) fn request_known_codings(headers: &mut HeaderMap) {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter();
    let words: Vec<&str> = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|word| {
            let name = word.split(';').next().unwrap_or_default().trim();
            Coding::named(name).is_some() || name.eq_ignore_ascii_case("identity")
        })
        .collect();
    let readable = HeaderValue::from_str(&words.join(", ")).ok().filter(|_| !words.is_empty());
    match readable {
        Some(words) => {
            headers.insert(header::ACCEPT_ENCODING, words);
        }
        None => {
            headers.remove(header::ACCEPT_ENCODING);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Coding; 3] = [Coding::Gzip, Coding::Brotli, Coding::Zstd];

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

    #[test]
    fn only_readable_codings_are_asked_for() {
        let asked = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(value));
            request_known_codings(&mut headers);
            headers.get(header::ACCEPT_ENCODING).map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(asked("gzip, deflate, br;q=0.5, zstd").unwrap(), "gzip, br;q=0.5, zstd");
        assert_eq!(asked("identity;q=0, GZIP").unwrap(), "identity;q=0, GZIP");
        assert_eq!(asked("*"), None);
        assert_eq!(asked("deflate, compress"), None);
    }
}

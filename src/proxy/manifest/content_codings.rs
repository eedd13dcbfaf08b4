//! All content codings of a body, in the order in which they were applied (RFC 9110 §8.4).

use super::content_coding::{Coding, CodingError};
use http::{HeaderMap, HeaderValue, header};
use std::io;

/// The most codings of a body.
const MOST: usize = 4;

/// The content codings of a body, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::proxy) struct Codings(Vec<Coding>);

impl Codings {
    /// The codings in `Content-Encoding`; `None` without one.
    pub(in crate::proxy) fn of(headers: &HeaderMap) -> Result<Option<Self>, CodingError> {
        let unknown = |name: &str| CodingError::Unknown(name.to_owned());
        let mut codings = Vec::new();
        for value in headers.get_all(header::CONTENT_ENCODING) {
            let value = value.to_str().map_err(|_| unknown("an unreadable name"))?;
            for name in value.split(',').map(str::trim) {
                if name.is_empty() || name.eq_ignore_ascii_case("identity") {
                    continue;
                }
                if codings.len() == MOST {
                    return Err(CodingError::TooMany(MOST));
                }
                codings.push(Coding::named(name).ok_or_else(|| unknown(name))?);
            }
        }
        Ok((!codings.is_empty()).then_some(Self(codings)))
    }

    /// Decodes `body`. Neither the result nor what is between two codings may be longer than `most` bytes.
    pub(in crate::proxy) fn decode(
        &self,
        body: &[u8],
        most: usize,
    ) -> Result<Vec<u8>, CodingError> {
        let mut decoded = None;
        for coding in self.0.iter().rev() {
            decoded = Some(coding.decode(decoded.as_deref().unwrap_or(body), most)?);
        }
        Ok(decoded.unwrap_or_default())
    }

    /// Encodes `body`. The output is deterministic, so that HEAD and GET have the same length.
    pub(in crate::proxy) fn encode(&self, body: &[u8]) -> io::Result<Vec<u8>> {
        let mut encoded = None;
        for coding in &self.0 {
            encoded = Some(coding.encode(encoded.as_deref().unwrap_or(body))?);
        }
        Ok(encoded.unwrap_or_default())
    }
}

/// Removes codings from `Accept-Encoding` that are not supported, and `deflate`, which servers send in two forms. Codings
/// that the player does not accept are not added.
pub(in crate::proxy) fn request_known_codings(headers: &mut HeaderMap) {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter();
    let words: Vec<&str> = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|word| {
            let name = word.split(';').next().unwrap_or_default().trim();
            name.eq_ignore_ascii_case("identity")
                || Coding::named(name).is_some_and(|coding| coding != Coding::Deflate)
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

    fn of(values: &[&'static str]) -> Result<Option<Codings>, CodingError> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::CONTENT_ENCODING, HeaderValue::from_static(value));
        }
        Codings::of(&headers)
    }

    #[test]
    fn codings_are_read_in_their_order() {
        use Coding::{Brotli, Deflate, Gzip};
        let codings = |values| of(values).unwrap().map_or(Vec::new(), |codings| codings.0);
        assert_eq!(codings(&[]), []);
        assert_eq!(codings(&[""]), []);
        assert_eq!(codings(&["identity"]), []);
        assert_eq!(codings(&["br, gzip"]), [Brotli, Gzip]);
        assert_eq!(codings(&["br", "GZIP"]), [Brotli, Gzip]);
        assert_eq!(codings(&["identity, deflate,, x-gzip"]), [Deflate, Gzip]);
        assert!(matches!(of(&["gzip, odd"]), Err(CodingError::Unknown(name)) if name == "odd"));
        assert!(matches!(of(&["gzip,gzip,gzip,gzip,gzip"]), Err(CodingError::TooMany(MOST))));
    }

    #[test]
    fn what_is_encoded_several_times_is_decoded_and_bounded_at_each_step() {
        let body = b"#EXTM3U\n#EXTINF:4,\n1.ts\n".repeat(100);
        for names in ["gzip, gzip", "br, gzip", "gzip, br, zstd, deflate"] {
            let codings = of(&[names]).unwrap().unwrap();
            let encoded = codings.encode(&body).unwrap();
            assert_eq!(codings.decode(&encoded, body.len()).unwrap(), body, "{names}");
            let error = codings.decode(&encoded, body.len() - 1).unwrap_err();
            assert!(matches!(error, CodingError::TooLarge(_)), "{names}: {error}");
        }
        // 64 MiB of zeros are 64 KiB of gzip, and these are some hundred bytes: the first step is the one to end.
        let bomb = of(&["gzip, gzip"]).unwrap().unwrap();
        let encoded = bomb.encode(&vec![0; 64 << 20]).unwrap();
        assert!(matches!(bomb.decode(&encoded, 16 << 10), Err(CodingError::TooLarge(_))));
        assert!(matches!(bomb.decode(&encoded, 1 << 20), Err(CodingError::TooLarge(_))));
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

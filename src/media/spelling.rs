//! Normalisation of the percent-encoding of URLs.

use std::borrow::Cow;

/// The bytes of a URL, decoded where that does not change what it means.
///
/// RFC 3986 6.2.2 makes escapes of unreserved characters, and their hexadecimal digits in either case, mean the
/// same. Players also differ in whether they escape what the grammar does not allow (`|`, `[`, `]`, spaces) and
/// what no manifest means to be a delimiter. Encoded delimiters stay encoded.
pub(super) fn decoded(url: &str) -> Cow<'_, [u8]> {
    let bytes = url.as_bytes();
    let Some(mut at) = memchr::memchr(b'%', bytes) else { return Cow::Borrowed(bytes) };
    let mut out = Vec::with_capacity(bytes.len());
    out.extend_from_slice(bytes.get(..at).unwrap_or_default());
    while let Some(byte) = bytes.get(at) {
        match escape(bytes.get(at..).unwrap_or_default()) {
            Some(escaped) if delimits(escaped) => {
                let digits = bytes.get(at..at + 3).unwrap_or_default();
                out.extend(digits.iter().map(u8::to_ascii_uppercase));
                at += 3;
            }
            Some(escaped) => {
                out.push(escaped);
                at += 3;
            }
            None => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    Cow::Owned(out)
}

const fn delimits(byte: u8) -> bool {
    matches!(byte, b'/' | b'?' | b'#' | b'%' | b'&' | b'=' | b'+' | b';')
}

/// The byte of the escape at the start of `text`.
fn escape(text: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = text else { return None };
    let digit =
        |digit: &u8| char::from(*digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    Some(digit(high)? << 4 | digit(low)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_url() {
        for alike in [
            ["/a|b.ts", "/a%7Cb.ts", "/a%7cb.ts"],
            ["/c[1].ts", "/c%5B1%5D.ts", "/c%5b1].ts"],
            ["/f~4.ts", "/f%7E4.ts", "/f%7e4.ts"],
            ["/%E4.ts", "/%e4.ts", "/%E4%2Ets"],
            ["/a%2Fb", "/a%2fb", "/%61%2Fb"],
        ] {
            assert_eq!(decoded(alike[0]), decoded(alike[1]), "{alike:?}");
            assert_eq!(decoded(alike[0]), decoded(alike[2]), "{alike:?}");
        }
    }

    #[test]
    fn what_means_something_else_stays_apart() {
        for (one, other) in
            [("/a/b", "/a%2Fb"), ("/a?b", "/a%3Fb"), ("/a%25b", "/a%b"), ("/a%", "/a")]
        {
            assert_ne!(decoded(one), decoded(other), "{one}");
        }
        assert_eq!(decoded("/100%/%4"), b"/100%/%4".as_slice());
    }
}

//! Checks the framing of responses: their length must be unambiguous (RFC 9112 §6).

use http::{HeaderMap, HeaderValue, header};

/// The length of the response is ambiguous.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum AmbiguousLength {
    #[error("the response has a Transfer-Encoding other than `chunked`")]
    Coding,
    #[error("the response has a Content-Length that is not a number, or several that differ")]
    Length,
}

/// Leaves one declaration of the response's length in `headers`. Returns whether the connection may be reused.
///
/// `Transfer-Encoding` overrides `Content-Length`, which must not be passed on beside it (RFC 9112 §6.3); a
/// `Content-Length` that is repeated is passed on once.
///
/// # Errors
/// When the response has another transfer coding, since its coded bytes would be passed on. When lengths differ,
/// also in responses without a body, where hyper does not check them.
pub(super) fn settle(headers: &mut HeaderMap) -> Result<bool, AmbiguousLength> {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    if let Some(coding) = codings.next() {
        if codings.next().is_some() || !coding.as_bytes().eq_ignore_ascii_case(b"chunked") {
            return Err(AmbiguousLength::Coding);
        }
        // With both headers, the end of the body is not reliable: do not reuse the connection.
        return Ok(headers.remove(header::CONTENT_LENGTH).is_none());
    }
    let mut length = None;
    let mut repeated = false;
    for value in headers.get_all(header::CONTENT_LENGTH) {
        for part in value.as_bytes().split(|byte| *byte == b',') {
            let bytes = digits(part.trim_ascii()).ok_or(AmbiguousLength::Length)?;
            repeated |= length.is_some();
            if *length.get_or_insert(bytes) != bytes {
                return Err(AmbiguousLength::Length);
            }
        }
    }
    if let Some(bytes) = length.filter(|_| repeated) {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes));
    }
    Ok(true)
}

/// Whether a value of `Connection` says that the connection closes (RFC 9112 §9.6).
pub(super) fn names_close(value: &[u8]) -> bool {
    value.split(|byte| *byte == b',').any(|word| word.trim_ascii().eq_ignore_ascii_case(b"close"))
}

/// Parses a number without a sign.
pub(super) fn digits(text: &[u8]) -> Option<u64> {
    let plain = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(text).ok().filter(|_| plain)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is left of `lines`, and whether the connection may be used again.
    fn settled(
        lines: &[(&'static str, &'static str)],
    ) -> Result<(Vec<String>, bool), AmbiguousLength> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        let again = settle(&mut headers)?;
        let left =
            headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()));
        Ok((left.collect(), again))
    }

    #[test]
    fn one_length_is_left() {
        let (length, coding) = ("content-length", "transfer-encoding");
        let left = |lines: &[_]| settled(lines).unwrap();
        assert_eq!(left(&[]), (vec![], true));
        assert_eq!(left(&[(length, "5")]), (vec!["content-length: 5".into()], true));
        assert_eq!(left(&[(length, "5"), (length, "5")]), (vec!["content-length: 5".into()], true));
        assert_eq!(left(&[(length, "5 , 5")]), (vec!["content-length: 5".into()], true));
        assert_eq!(left(&[(coding, "Chunked")]), (vec!["transfer-encoding: Chunked".into()], true));
        let both = left(&[(length, "5"), (coding, "chunked"), (length, "6")]);
        assert_eq!(both, (vec!["transfer-encoding: chunked".into()], false));
        for codings in [
            "gzip",
            "gzip, chunked",
            "chunked, gzip",
            "chunked, chunked",
            "identity",
            "xchunked",
            "",
        ] {
            assert_eq!(settled(&[(coding, codings)]), Err(AmbiguousLength::Coding), "{codings}");
        }
        assert!(settled(&[(coding, "chunked"), (coding, "chunked")]).is_err());
        for lengths in ["5, 6", "+5", "-1", "", "5,", "0x5", "99999999999999999999"] {
            assert_eq!(settled(&[(length, lengths)]), Err(AmbiguousLength::Length), "{lengths}");
        }
        assert_eq!(settled(&[(length, "5"), (length, "6")]), Err(AmbiguousLength::Length));
    }
}

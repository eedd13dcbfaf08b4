//! Headers that a proxy removes and adds (RFC 9110 §7.6).

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
use smallvec::SmallVec;
use std::borrow::Cow;

const TRAILERS: HeaderValue = HeaderValue::from_static("trailers");

/// Removes hop-by-hop headers of a message that was received with `version`, and adds `Via`.
pub(in crate::proxy) fn pass_on(headers: &mut HeaderMap, version: Version) {
    // Collected in one pass; most messages have at most one.
    let mut found = SmallVec::<[HeaderName; 2]>::new();
    for name in headers.keys() {
        if is_hop_by_hop(name) {
            found.push(name.clone());
        }
    }
    for name in found {
        match name {
            // `TE: trailers` accepts trailers from the origin: keep it.
            header::TE => {
                let values = headers.get_all(header::TE).iter();
                let mut words = values.filter_map(|value| value.to_str().ok());
                if words.any(|te| te.contains("trailers")) {
                    headers.insert(header::TE, TRAILERS);
                } else {
                    headers.remove(header::TE);
                }
            }
            header::CONNECTION => remove_named(headers),
            name => {
                headers.remove(name);
            }
        }
    }
    headers.append(header::VIA, via(version));
}

/// The `Via` value for a message that was received with `version` (RFC 9110 §7.6.3).
const fn via(version: Version) -> HeaderValue {
    HeaderValue::from_static(match version {
        Version::HTTP_10 => "1.0 vsps",
        Version::HTTP_2 => "2 vsps",
        Version::HTTP_3 => "3 vsps",
        _ => "1.1 vsps",
    })
}

/// Removes what a server in front would say, from a request of somebody else.
pub(in crate::proxy) fn forget_front(headers: &mut HeaderMap) {
    for name in ["x-forwarded-proto", "x-forwarded-host", "x-forwarded-for", "forwarded"] {
        headers.remove(name);
    }
}

/// The size of a response's head in HTTP/1.1; HTTP/2 may need fewer bytes (RFC 7541).
pub(in crate::proxy) fn head_size(status: StatusCode, headers: &HeaderMap) -> u32 {
    const DATE: usize = "date: Thu, 01 Jan 1970 00:00:00 GMT\r\n".len();
    let line = "HTTP/1.1 200 \r\n".len() + status.canonical_reason().map_or(0, str::len);
    let mut dated = false;
    let fields = headers.iter().map(|(name, value)| {
        dated |= *name == header::DATE;
        field(name, value)
    });
    let fields = fields.sum::<usize>();
    // hyper's server adds it if the origin did not send it.
    let date = if dated { 0 } else { DATE };
    u32::try_from(line + fields + date + 2).unwrap_or(u32::MAX)
}

/// The size of a request's head in HTTP/1.1.
pub(in crate::proxy) fn request_head_size(method: &Method, path: &str, headers: &HeaderMap) -> u32 {
    let line = method.as_str().len() + path.len() + "  HTTP/1.1\r\n".len();
    let fields: usize = headers.iter().map(|(name, value)| field(name, value)).sum();
    u32::try_from(line + fields + 2).unwrap_or(u32::MAX)
}

/// The size of a header field.
fn field(name: &HeaderName, value: &HeaderValue) -> usize {
    name.as_str().len() + value.len() + ": \r\n".len()
}

fn is_hop_by_hop(name: &HeaderName) -> bool {
    match *name {
        header::CONNECTION
        | header::TRANSFER_ENCODING
        | header::TE
        | header::UPGRADE
        | header::PROXY_AUTHENTICATE
        | header::PROXY_AUTHORIZATION => true,
        _ => matches!(name.as_str(), "keep-alive" | "proxy-connection"),
    }
}

/// Removes `Connection` and the headers that it names.
fn remove_named(headers: &mut HeaderMap) {
    let named: SmallVec<[HeaderName; 4]> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        // It is removed in any case.
        .filter(|name| !name.eq_ignore_ascii_case("keep-alive"))
        .filter_map(|name| name.parse().ok())
        .collect();
    headers.remove(header::CONNECTION);
    for name in named.into_iter().filter(|name| *name != header::TE) {
        headers.remove(name);
    }
}

/// The value of a header, if it is present and text.
pub(in crate::proxy) fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// A header's value as text. Each byte that is not ASCII is one character, as in ISO-8859-1;
/// [`latin_value`] turns it back.
pub(in crate::proxy) fn latin_text(value: &HeaderValue) -> Cow<'_, str> {
    match value.to_str() {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => value.as_bytes().iter().copied().map(char::from).collect::<String>().into(),
    }
}

/// The value of a header whose text is that of [`latin_text`], perhaps changed. `None` if it is not valid there.
pub(in crate::proxy) fn latin_value(text: &str) -> Option<HeaderValue> {
    let bytes: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(c).ok()).collect();
    HeaderValue::from_bytes(&bytes?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hop_by_hop_headers_end_here() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Private"),
            ("x-private", "1"),
            ("keep-alive", "5"),
            ("te", "trailers, deflate"),
            ("upgrade", "h2c"),
            ("x-kept", "1"),
            ("via", "1.0 cdn"),
        ] {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        pass_on(&mut headers, Version::HTTP_2);
        let mut left: Vec<String> = headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        left.sort();
        assert_eq!(left, ["te: trailers", "via: 1.0 cdn", "via: 2 vsps", "x-kept: 1"]);
    }
}

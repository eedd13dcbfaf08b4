//! Headers that a proxy takes away and adds (RFC 9110 §7.6).

use http::{HeaderMap, HeaderName, HeaderValue, header};

/// `Via` in both directions (RFC 9110 §7.6.3).
const VIA: HeaderValue = HeaderValue::from_static("1.1 vsps");
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const TRAILERS: HeaderValue = HeaderValue::from_static("trailers");

/// Takes away what was meant for this connection only, and adds `Via`.
pub(super) fn pass_on(headers: &mut HeaderMap) {
    // `TE: trailers` says that trailers are welcome, which holds for the whole way.
    let trailers = headers
        .get_all(header::TE)
        .iter()
        .any(|value| value.to_str().is_ok_and(|te| te.contains("trailers")));
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named {
        headers.remove(name);
    }
    for name in [
        header::CONNECTION,
        KEEP_ALIVE,
        PROXY_CONNECTION,
        header::PROXY_AUTHENTICATE,
        header::PROXY_AUTHORIZATION,
        header::TE,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
    ] {
        headers.remove(name);
    }
    if trailers {
        headers.insert(header::TE, TRAILERS);
    }
    headers.append(header::VIA, VIA);
}

/// The value of a header, if it is there and text.
pub(super) fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
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
        pass_on(&mut headers);
        let mut left: Vec<String> = headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        left.sort();
        assert_eq!(left, ["te: trailers", "via: 1.0 cdn", "via: 1.1 vsps", "x-kept: 1"]);
    }
}

//! The response for one embedded file.

use axum::{
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};

/// Scripts and styles come from this server only, and none are inline. Media, and what a player requests, may come from
/// any host: the data plane has another port, and often another name. A saved run may be opened from any host, too.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data: blob:; media-src 'self' http: https: blob:; connect-src 'self' http: https:; \
     worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, HeaderValue); 3] = [
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// The file at `address`, whose content is `bytes`.
pub(super) fn response(address: &str, bytes: &'static [u8]) -> Response {
    (HEADERS, [(header::CONTENT_TYPE, content_type(address))], bytes).into_response()
}

/// A JSON document.
pub(super) fn json(text: String) -> Response {
    (HEADERS, [(header::CONTENT_TYPE, "application/json")], text).into_response()
}

fn content_type(address: &str) -> &'static str {
    match address.rsplit_once('.').map(|(_, ending)| ending) {
        None | Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("json" | "webmanifest") => "application/json",
        Some(_) => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_its_media_type_and_the_policy() {
        for (address, expected) in [
            ("/", "text/html; charset=utf-8"),
            ("/main.js", "text/javascript; charset=utf-8"),
            ("/style/theme.css", "text/css; charset=utf-8"),
            ("/icon.svg", "image/svg+xml"),
            ("/players/hls.js", "text/javascript; charset=utf-8"),
        ] {
            let response = response(address, b"x");
            assert_eq!(response.headers()[header::CONTENT_TYPE], expected);
            let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
            assert!(policy.contains("script-src 'self';") && !policy.contains("unsafe"));
        }
    }
}

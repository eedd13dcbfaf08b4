//! CORS: allows web players of another origin to read the proxied responses (Fetch standard §3.2).
//!
//! Headers are added only to responses to requests with an `Origin` header. If the origin server sends CORS headers,
//! they decide whether a page may read the response. Access to timings and to the proxy's own headers is added in
//! any case.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header, request};

/// Headers that pages may read in addition to the CORS-safelisted ones.
const EXPOSED: [&str; 10] = [
    "Server-Timing",
    "CMSD-Static",
    "CMSD-Dynamic",
    "Content-Length",
    "Content-Range",
    "Date",
    "ETag",
    "Age",
    "Location",
    "vsps-error",
];
const ANY: HeaderValue = HeaderValue::from_static("*");
const TRUE: HeaderValue = HeaderValue::from_static("true");
const TIMING_ALLOW_ORIGIN: HeaderName = HeaderName::from_static("timing-allow-origin");
const DAY: HeaderValue = HeaderValue::from_static("86400");

/// The CORS properties of a request.
#[derive(Debug, Clone)]
pub(in crate::proxy) struct CorsRequest {
    origin: HeaderValue,
    /// The method and headers that a preflight requests.
    preflight: Option<(HeaderValue, Option<HeaderValue>)>,
}

impl CorsRequest {
    /// The CORS properties of `request`; `None` without an `Origin` header.
    pub(in crate::proxy) fn of(request: &request::Parts) -> Option<Self> {
        let headers = &request.headers;
        let origin = headers.get(header::ORIGIN)?.clone();
        let method = headers.get(header::ACCESS_CONTROL_REQUEST_METHOD);
        let preflight = method.filter(|_| request.method == Method::OPTIONS).map(|method| {
            (method.clone(), headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS).cloned())
        });
        Some(Self { origin, preflight })
    }

    /// Adds the missing CORS headers to `response`.
    pub(in crate::proxy) fn permit<B: Default>(&self, response: &mut Response<B>) {
        if response.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
            if self.preflight.is_none() {
                expose(response.headers_mut());
            }
            return;
        }
        if let Some((method, wanted)) = &self.preflight {
            // An origin without CORS answers a preflight with an error or a page. The browser needs a success status.
            *response.status_mut() = StatusCode::NO_CONTENT;
            *response.body_mut() = B::default();
            let headers = response.headers_mut();
            headers.remove(header::CONTENT_LENGTH);
            headers.remove(header::CONTENT_TYPE);
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, method.clone());
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, DAY);
            if let Some(wanted) = wanted {
                headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
            }
        }
        self.allow(response.headers_mut());
    }

    fn allow(&self, headers: &mut HeaderMap) {
        // `*` is not valid for requests with credentials. A request does not show whether it has them: a page may ask
        // for credentials before there is a cookie.
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, self.origin.clone());
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        expose(headers);
    }
}

/// Adds the proxy's headers to the exposed ones. Each name is listed, also beside a `*`, which exposes nothing to
/// requests with credentials (Fetch §4.9). Invalid names are removed, since one would make the whole list invalid.
fn expose(headers: &mut HeaderMap) {
    let theirs = headers.get_all(header::ACCESS_CONTROL_EXPOSE_HEADERS);
    let theirs = theirs.iter().filter_map(|value| value.to_str().ok());
    let theirs = theirs.flat_map(|list| list.split(',')).map(str::trim);
    let mut names: Vec<_> =
        theirs.filter(|name| HeaderName::from_bytes(name.as_bytes()).is_ok()).collect();
    for name in EXPOSED {
        if !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            names.push(name);
        }
    }
    if let Ok(list) = HeaderValue::try_from(names.join(", ")) {
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, list);
    }
    if !headers.contains_key(TIMING_ALLOW_ORIGIN) {
        headers.insert(TIMING_ALLOW_ORIGIN, ANY);
    }
}

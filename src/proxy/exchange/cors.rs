//! CORS: a web player at another address may read what passes (Fetch standard §3.2).
//!
//! Added only to answers to requests with an `Origin` header. Whether the page may read an answer is the
//! origin's to say where it says so; that a page which may can read timings and what was added here, too, is
//! seen to in any case.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header, request};

/// What pages may read beside the headers that are always open to them.
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

/// What a request says of itself, as far as CORS is concerned.
#[derive(Debug, Clone)]
pub(in crate::proxy) struct CorsRequest {
    origin: HeaderValue,
    credentials: bool,
    /// A preflight: the method and headers it asks for.
    preflight: Option<(HeaderValue, Option<HeaderValue>)>,
}

impl CorsRequest {
    /// Reads the CORS part of a request; `None` when it is not a cross-origin one.
    pub(in crate::proxy) fn of(request: &request::Parts) -> Option<Self> {
        let headers = &request.headers;
        let origin = headers.get(header::ORIGIN)?.clone();
        let method = headers.get(header::ACCESS_CONTROL_REQUEST_METHOD);
        // A preflight never carries credentials, even when the request behind it will.
        let credentials = method.is_some()
            || headers.contains_key(header::COOKIE)
            || headers.contains_key(header::AUTHORIZATION);
        let preflight = method.filter(|_| request.method == Method::OPTIONS).map(|method| {
            (method.clone(), headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS).cloned())
        });
        Some(Self { origin, credentials, preflight })
    }

    /// Adds what is missing to `response`.
    pub(in crate::proxy) fn permit<B: Default>(&self, response: &mut Response<B>) {
        if response.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
            if self.preflight.is_none() {
                expose(response.headers_mut());
            }
            return;
        }
        if let Some((method, wanted)) = &self.preflight {
            // An origin that knows no CORS answers a preflight with an error or a page: the
            // browser needs a plain yes.
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
        // The wildcard is not valid for requests with credentials.
        if self.credentials {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, self.origin.clone());
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
            headers.append(header::VARY, HeaderValue::from_static("Origin"));
        } else {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
        }
        expose(headers);
    }
}

/// Adds what is ours to what the origin exposes. Each name is listed, also beside a `*`, which exposes nothing to
/// requests with credentials (Fetch §4.9). What is no name of a header would void the whole list.
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

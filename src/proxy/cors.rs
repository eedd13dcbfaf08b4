//! CORS: a web player at another address may read what passes (Fetch standard §3.2).
//!
//! Added only to answers to requests with an `Origin` header, and only where the origin's answer
//! carries no CORS headers of its own.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header, request};

const EXPOSED: HeaderValue = HeaderValue::from_static(
    "Server-Timing, CMSD-Static, CMSD-Dynamic, Content-Length, Content-Range, Date, ETag, Age, \
     Location, vsps-error",
);
const ANY: HeaderValue = HeaderValue::from_static("*");
const TRUE: HeaderValue = HeaderValue::from_static("true");
const TIMING_ALLOW_ORIGIN: HeaderName = HeaderName::from_static("timing-allow-origin");
const DAY: HeaderValue = HeaderValue::from_static("86400");

/// What a request says of itself, as far as CORS is concerned.
#[derive(Debug, Clone)]
pub(super) struct Asker {
    origin: HeaderValue,
    credentials: bool,
    /// A preflight: the method and headers it asks for.
    preflight: Option<(HeaderValue, Option<HeaderValue>)>,
}

impl Asker {
    /// The asker behind a request; `None` when it is not a cross-origin one.
    pub(super) fn of(request: &request::Parts) -> Option<Self> {
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
    pub(super) fn permit<B: Default>(&self, response: &mut Response<B>) {
        if response.headers().contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
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
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        if !headers.contains_key(TIMING_ALLOW_ORIGIN) {
            headers.insert(TIMING_ALLOW_ORIGIN, ANY);
        }
    }
}

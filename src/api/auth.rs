//! Access control of the API: requests with the token, or, if no token is set, requests from this machine, except
//! those of foreign web pages in a browser.
//!
//! A browser lets any page send requests to 127.0.0.1. A page whose name later resolves to 127.0.0.1 (DNS rebinding) can
//! also read the responses. So without a token
//! - `Host` must name this machine: after DNS rebinding it is the name of the page;
//! - `Origin`, which browsers add to every request that changes something, must be that of this server.
//!
//! No CORS headers are sent, so no other page can read a response. With a token these checks are not needed: a browser
//! does not add `Authorization: Bearer` by itself.

use super::problem::Problem;
use axum::{
    extract::{self, Request},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use std::{hint::black_box, net::IpAddr, sync::Arc};

/// Health and readiness need no token: they reveal nothing, and probes usually have none.
pub(super) const HEALTH: &str = "/healthz";
pub(super) const READY: &str = "/readyz";

/// The access rules.
#[derive(Debug, Clone)]
pub(super) struct Auth {
    token: Option<Arc<str>>,
    bound: IpAddr,
}

impl Auth {
    pub(super) const fn new(token: Option<Arc<str>>, bound: IpAddr) -> Self {
        Self { token, bound }
    }

    fn admit(&self, request: &Request) -> Result<(), Problem> {
        if matches!(request.uri().path(), HEALTH | READY) {
            return Ok(());
        }
        match &self.token {
            Some(token) => bearer(token, request.headers()),
            None => self.local(request),
        }
    }

    /// Pages of the console hold no data. With a token they are public: a browser sends no token with the request for a
    /// page. The page asks for the token, and sends it with each request to the API.
    fn admit_page(&self, request: &Request) -> Result<(), Problem> {
        if self.token.is_some() { Ok(()) } else { self.local(request) }
    }

    fn local(&self, request: &Request) -> Result<(), Problem> {
        let headers = request.headers();
        let mut hosts = headers.get_all(header::HOST).iter();
        let host = hosts.next().and_then(authority).filter(|host| self.is_here(host));
        let (Some(host), None) = (host, hosts.next()) else {
            let hint = "the Host header must name this machine, as in `127.0.0.1` or `localhost`; \
                        for other names start vsps with --admin-token";
            return Err(Problem::new(StatusCode::FORBIDDEN, hint));
        };
        let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
        let here = format!("http://{host}");
        let foreign =
            |origin: &HeaderValue| !origin.as_bytes().eq_ignore_ascii_case(here.as_bytes());
        if !safe && headers.get_all(header::ORIGIN).iter().any(foreign) {
            let hint = "web pages of another origin may not change anything here (Origin header)";
            return Err(Problem::new(StatusCode::FORBIDDEN, hint));
        }
        Ok(())
    }

    /// Whether `host` is certainly this machine: a name that foreign DNS cannot resolve.
    fn is_here(&self, host: &Authority) -> bool {
        let name = host.host();
        let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
        match bare.parse::<IpAddr>() {
            Ok(ip) => ip.is_loopback() || ip == self.bound,
            Err(_) => name.eq_ignore_ascii_case("localhost"),
        }
    }
}

/// Checks access, and adds headers that prevent caching and MIME sniffing of the response.
pub(super) async fn guard(
    extract::State(auth): extract::State<Auth>,
    request: Request,
    next: Next,
) -> Response {
    let admitted = auth.admit(&request);
    answer(admitted, request, next).await
}

/// The same for pages of the console.
pub(super) async fn guard_page(
    extract::State(auth): extract::State<Auth>,
    request: Request,
    next: Next,
) -> Response {
    let admitted = auth.admit_page(&request);
    answer(admitted, request, next).await
}

async fn answer(admitted: Result<(), Problem>, request: Request, next: Next) -> Response {
    let mut response = match admitted {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn bearer(token: &str, headers: &HeaderMap) -> Result<(), Problem> {
    let given = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
    let (scheme, given) = given.split_at(given.len().min("Bearer ".len()));
    if scheme.eq_ignore_ascii_case(b"Bearer ") && same(token.as_bytes(), given.trim_ascii()) {
        return Ok(());
    }
    let hint = "send Authorization: Bearer TOKEN, with the token of --admin-token";
    Err(Problem::new(StatusCode::UNAUTHORIZED, hint)
        .with("www-authenticate", "Bearer realm=\"vsps\""))
}

/// Compares in a time that depends only on the lengths, against timing attacks.
fn same(token: &[u8], given: &[u8]) -> bool {
    let pairs = token.iter().zip(given);
    let difference = pairs.fold(0, |difference, (a, b)| black_box(difference | (a ^ b)));
    token.len() == given.len() && difference == 0
}

fn authority(host: &HeaderValue) -> Option<Authority> {
    Authority::try_from(host.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn only_names_of_this_machine_are_here() {
        let auth = Auth::new(None, Ipv4Addr::new(10, 0, 0, 7).into());
        let here = |host: &str| auth.is_here(&host.parse().unwrap());
        for host in
            ["localhost:8081", "LOCALHOST", "127.0.0.1", "127.9.9.9:1", "[::1]:8081", "10.0.0.7"]
        {
            assert!(here(host), "{host}");
        }
        for host in ["localhost.example", "127.0.0.1.example:8081", "10.0.0.8", "[::2]", "vsps"] {
            assert!(!here(host), "{host}");
        }
    }

    #[test]
    fn a_token_is_the_same_or_not() {
        assert!(same(b"secret", b"secret"));
        for wrong in ["", "secre", "secrets", "Secret"] {
            assert!(!same(b"secret", wrong.as_bytes()), "{wrong}");
        }
    }
}

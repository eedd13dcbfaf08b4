//! Who may come in: holders of the token, or without one whoever is on this machine, but not the
//! web pages that happen to be open there.
//!
//! A browser lets any page send requests to 127.0.0.1, and a page whose own name resolves to
//! 127.0.0.1 after a moment (DNS rebinding) may even read the answers. So without a token
//! - `Host` must name this machine: the page's own name stands there when it rebinds;
//! - `Origin`, which browsers add to every request that changes something, must be this server's.
//!
//! No CORS header is ever sent, so no other page reads an answer. With a token neither check is
//! needed: a browser adds no `Authorization: Bearer` of its own.

use super::problem::Problem;
use axum::{
    extract::{self, Request},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use std::{hint::black_box, net::IpAddr, sync::Arc};

/// Liveness and readiness tell nothing, and those who probe have no token.
pub(super) const HEALTH: &str = "/healthz";
pub(super) const READY: &str = "/readyz";

/// What it takes to come in.
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
            let hint = "a web page from elsewhere may change nothing here (Origin header)";
            return Err(Problem::new(StatusCode::FORBIDDEN, hint));
        }
        Ok(())
    }

    /// Whether `host` can only be this machine: names that a stranger's DNS can't answer.
    fn is_here(&self, host: &Authority) -> bool {
        let name = host.host();
        let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
        match bare.parse::<IpAddr>() {
            Ok(ip) => ip.is_loopback() || ip == self.bound,
            Err(_) => name.eq_ignore_ascii_case("localhost"),
        }
    }
}

/// Lets `request` through the doors; what comes back is kept by nobody and taken for what it says.
pub(super) async fn guard(
    extract::State(doors): extract::State<Auth>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = match doors.admit(&request) {
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

/// Whether both are equal, in a time that tells only their lengths: no byte is guessed by the clock.
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
        let doors = Auth::new(None, Ipv4Addr::new(10, 0, 0, 7).into());
        let here = |host: &str| doors.is_here(&host.parse().unwrap());
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

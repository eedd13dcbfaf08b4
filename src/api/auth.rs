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

use super::{audit::Audited, caller::Caller, measured_buffer, problem::Problem, state::State};
use crate::{listen::host_here, sessions::AccessToken};
use axum::{
    extract::{self, Request},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use std::{hint::black_box, net::IpAddr, sync::Arc};

/// Health and readiness need no token: they reveal nothing, and probes usually have none.
pub(super) const HEALTH: &str = "/healthz";
pub(super) const READY: &str = "/readyz";

/// The access rules.
#[derive(Clone)]
pub(super) struct Auth {
    tokens: Arc<[AccessToken]>,
    bound: IpAddr,
    state: State,
}

impl Auth {
    pub(super) fn new(state: State, bound: IpAddr) -> Self {
        Self { tokens: Arc::clone(&state.tokens), bound, state }
    }

    fn admit(&self, request: &Request) -> Result<Caller, Problem> {
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        if reads && matches!(request.uri().path(), HEALTH | READY) {
            return Ok(Caller::LOCAL);
        }
        if self.tokens.is_empty() {
            self.local(request)?;
            return Ok(Caller::LOCAL);
        }
        bearer(&self.tokens, request.headers())
    }

    /// Pages of the console hold no data. With a token they are public: a browser sends no token with the request for a
    /// page. The page has a field for the token, and sends it with each request to the API.
    fn admit_page(&self, request: &Request) -> Result<(), Problem> {
        if self.tokens.is_empty() { self.local(request) } else { Ok(()) }
    }

    /// Passes `request` on if it is allowed, and writes a line about it to the audit log if it changes something.
    async fn pass(self, request: Request, next: Next) -> Response {
        let admitted = self.admit(&request);
        let known = admitted.as_ref().ok().cloned();
        let allowed = admitted.and_then(|caller| caller.check_role(&request).map(|()| caller));
        let path = request.uri().path().to_owned();
        let allowed = match allowed {
            Ok(caller) => {
                let checked = caller.check_namespace(&self.state.registry, &path).await;
                checked.map(|()| caller)
            }
            Err(problem) => Err(problem),
        };
        let changes = !is_safe(request.method()) && !measured_buffer::is_about(&path);
        let audit = self.state.audit.as_ref().filter(|_| changes);
        let (mut request, audited) = match audit {
            None => (request, None),
            Some(audit) => {
                let (request, audited) = Audited::read(request, known).await;
                (request, Some((audit, audited)))
            }
        };
        if let Ok(caller) = &allowed {
            request.extensions_mut().insert(caller.clone());
        }
        let response = answer(allowed.map(|_| ()), request, next).await;
        if let Some((audit, audited)) = audited {
            audit.write(&audited, response.status(), self.state.registry.unix_time());
        }
        response
    }

    fn local(&self, request: &Request) -> Result<(), Problem> {
        let headers = request.headers();
        let Some(host) = host_here(self.bound, headers) else {
            let hint = "the Host header must name this machine, as in `127.0.0.1` or `localhost`; \
                        for other names start vsps with --admin-token, --token or --token-file";
            return Err(Problem::new(StatusCode::FORBIDDEN, hint));
        };
        let here = format!("http://{host}");
        let foreign =
            |origin: &HeaderValue| !origin.as_bytes().eq_ignore_ascii_case(here.as_bytes());
        if !is_safe(request.method()) && headers.get_all(header::ORIGIN).iter().any(foreign) {
            let hint = "web pages of another origin may not change anything here (Origin header)";
            return Err(Problem::new(StatusCode::FORBIDDEN, hint));
        }
        Ok(())
    }
}

/// Whether requests of `method` change nothing.
fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Checks access, and adds headers that prevent caching and MIME sniffing of the response.
pub(super) async fn guard(
    extract::State(auth): extract::State<Auth>,
    request: Request,
    next: Next,
) -> Response {
    if is_safe(request.method()) {
        return auth.pass(request, next).await;
    }
    // In a task of its own: if the client disconnects, the change is still made as a whole, and logged. The task ends
    // soon, since the rest of the body then is an error.
    match tokio::spawn(auth.pass(request, next)).await {
        Ok(response) => response,
        Err(problem) => {
            tracing::error!(%problem, "a request to the API failed");
            Problem::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "the request failed: see the log of vsps",
            )
            .into_response()
        }
    }
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

fn bearer(tokens: &[AccessToken], headers: &HeaderMap) -> Result<Caller, Problem> {
    let given = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
    let (scheme, given) = given.split_at(given.len().min("Bearer ".len()));
    if scheme.eq_ignore_ascii_case(b"Bearer ") {
        let given = given.trim_ascii();
        // All are compared, so that the time does not depend on which one it is.
        let matching = tokens.iter().filter(|token| same(token.secret.as_bytes(), given));
        let last = matching.fold(None, |_, token| Some(token));
        if let Some(AccessToken { role, namespace, .. }) = last {
            return Ok(Caller { role: *role, namespace: namespace.clone() });
        }
    }
    let hint = "the token is missing or not valid: send `Authorization: Bearer TOKEN`, with a token of --admin-token, \
                --token or --token-file";
    Err(Problem::new(StatusCode::UNAUTHORIZED, hint)
        .with("www-authenticate", "Bearer realm=\"vsps\""))
}

/// Compares in a time that depends only on the lengths, against timing attacks.
fn same(token: &[u8], given: &[u8]) -> bool {
    let pairs = token.iter().zip(given);
    let difference = pairs.fold(0, |difference, (a, b)| black_box(difference | (a ^ b)));
    token.len() == given.len() && difference == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_the_same_or_not() {
        assert!(same(b"secret", b"secret"));
        for wrong in ["", "secre", "secrets", "Secret"] {
            assert!(!same(b"secret", wrong.as_bytes()), "{wrong}");
        }
    }
}

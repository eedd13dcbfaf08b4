//! The addresses of the API.

use super::{metrics::metrics, proxies, reply::plain, toxics};
use crate::{listen::host_here, tcp::state::State};
use axum::{
    Router,
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// The version of toxiproxy whose API is served: clients compare it.
const TOXIPROXY: &str = "2.12.0";
/// Where it is. Clients probe it.
pub(in crate::tcp) const VERSION: &str = "/version";
/// The number of a request, for logs.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-toxiproxy-request-id");

/// All addresses of the API, which listens on `bound`.
pub(in crate::tcp) fn router(state: Arc<State>, bound: IpAddr) -> Router {
    let requests = Arc::new(AtomicU64::new(0));
    Router::new()
        .route("/proxies", get(proxies::list).post(proxies::create))
        .route(
            "/proxies/{proxy}",
            get(proxies::show).post(proxies::update).patch(proxies::update).delete(proxies::delete),
        )
        .route("/proxies/{proxy}/toxics", get(toxics::list).post(toxics::create))
        .route(
            "/proxies/{proxy}/toxics/{toxic}",
            get(toxics::show).post(toxics::update).patch(toxics::update).delete(toxics::delete),
        )
        .route("/populate", post(proxies::populate))
        .route("/reset", post(proxies::reset))
        .route(VERSION, get(version))
        .route("/metrics", get(metrics))
        .layer(middleware::from_fn(move |request, next| {
            let number = requests.fetch_add(1, Ordering::Relaxed);
            check(bound, number, request, next)
        }))
        .fallback(async || plain(StatusCode::NOT_FOUND, "404 page not found"))
        .with_state(state)
}

/// Refuses web pages, and numbers the response.
async fn check(bound: IpAddr, number: u64, request: Request, next: Next) -> Response {
    let mut response = match refusal(bound, request.headers()) {
        Some(why) => plain(StatusCode::FORBIDDEN, why),
        None => next.run(request).await,
    };
    if let Ok(id) = HeaderValue::from_str(&format!("{number:020}")) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// Why a request may be that of a web page in a browser, which any page can make send requests to this machine.
fn refusal(bound: IpAddr, headers: &HeaderMap) -> Option<&'static str> {
    let agent = headers.get(header::USER_AGENT);
    if agent.is_some_and(|agent| agent.as_bytes().starts_with(b"Mozilla/")) {
        return Some("User agent not allowed");
    }
    // Browsers add it to each request that changes something, and pages can't remove it.
    if headers.contains_key(header::ORIGIN) {
        return Some("web pages may not use this API (Origin header)");
    }
    // Other addresses may have any name, such as that of a container.
    if bound.is_loopback() && host_here(bound, headers).is_none() {
        return Some(
            "the Host header must name this machine, as in `127.0.0.1` or `localhost`; \
             for other names start `vsps tcp` with --listen and an address of this machine in its network, \
             as in `--listen 0.0.0.0:8474`",
        );
    }
    None
}

async fn version() -> Response {
    let own = env!("CARGO_PKG_VERSION");
    let body = format!("{{\"version\": \"{TOXIPROXY}\", \"vsps\": \"{own}\"}}\n");
    let kind = HeaderValue::from_static("application/json;charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], body).into_response()
}

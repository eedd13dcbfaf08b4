//! The addresses of the API.

use super::{metrics::metrics, proxies, reply::plain, toxics};
use crate::tcp::state::State;
use axum::{
    Router,
    extract::Request,
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// The version of toxiproxy whose API is served: clients compare it.
const TOXIPROXY: &str = "2.12.0";
/// The number of a request, for logs.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-toxiproxy-request-id");

/// All addresses of the API.
pub(in crate::tcp) fn router(state: Arc<State>) -> Router {
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
        .route("/version", get(version))
        .route("/metrics", get(metrics))
        .layer(middleware::from_fn(move |request, next| {
            let number = requests.fetch_add(1, Ordering::Relaxed);
            check(number, request, next)
        }))
        .fallback(async || plain(StatusCode::NOT_FOUND, "404 page not found"))
        .with_state(state)
}

/// Refuses browsers, so that no page on the web can use the API, and numbers the response.
async fn check(number: u64, request: Request, next: Next) -> Response {
    let agent = request.headers().get(header::USER_AGENT);
    let browser = agent.is_some_and(|agent| agent.as_bytes().starts_with(b"Mozilla/"));
    let mut response = if browser {
        plain(StatusCode::FORBIDDEN, "User agent not allowed")
    } else {
        next.run(request).await
    };
    if let Ok(id) = HeaderValue::from_str(&format!("{number:020}")) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

async fn version() -> Response {
    let own = env!("CARGO_PKG_VERSION");
    let body = format!("{{\"version\": \"{TOXIPROXY}\", \"vsps\": \"{own}\"}}\n");
    let kind = HeaderValue::from_static("application/json;charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], body).into_response()
}

//! Which handler answers which address.

use super::{doors, home, probes, problem::Problem, profiles, sessions, state::State};
use axum::{
    Router,
    http::{Method, StatusCode},
    middleware,
    routing::get,
};
use doors::Doors;
use std::net::SocketAddr;

/// The whole control plane, for an address `bound`.
pub(super) fn router(state: State, bound: SocketAddr) -> Router {
    let doors = Doors::new(state.token.clone(), bound.ip());
    Router::new()
        .route("/", get(home::home))
        .route(doors::HEALTH, get(probes::health))
        .route(doors::READY, get(probes::ready))
        .route("/metrics", get(probes::metrics))
        .route(sessions::PATH, get(sessions::list).post(sessions::create))
        .route(
            "/api/v1/sessions/{id}",
            get(sessions::show).patch(sessions::patch).delete(sessions::end),
        )
        .route("/api/v1/profiles", get(profiles::list))
        .route("/api/v1/profiles/{name}", get(profiles::show))
        .method_not_allowed_fallback(wrong_method)
        .fallback(nowhere)
        .layer(middleware::from_fn_with_state(doors, doors::guard))
        .with_state(state)
}

async fn nowhere() -> Problem {
    Problem::nowhere()
}

/// The router adds `Allow`.
async fn wrong_method(method: Method) -> Problem {
    let detail = format!("this address does not take {method}");
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail)
}
